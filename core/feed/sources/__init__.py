"""Where candidates come from. A source looks past what the viewer may not be shown, and says how much it passed over."""
