"""What may not be shown, each with its reason."""
