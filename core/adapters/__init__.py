"""Adapters, each file named for its technology. Only `core.bootstrap` imports them."""
