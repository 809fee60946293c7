"""The HTTP service for the shopping app."""
