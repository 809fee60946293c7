"""Facts looked up once for several later stages."""
