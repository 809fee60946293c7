"""Event processing: the pure aggregate and the worker that runs it."""
