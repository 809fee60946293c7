"""Nouns of a shoppable feed and the laws they keep. Imports nothing but the standard library, msgspec and ULID."""
