"""Use cases: one verb per method. Every method takes the acting account first and checks its role."""
