"""Recommendation models: fitted offline, read by the feed."""
