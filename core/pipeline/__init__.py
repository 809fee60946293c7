"""The feed engine: it knows stages and columns, not shops."""
