"""Fixtures that every test may use."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(os.path.dirname(__file__), "..", ".feedroom", "numba"))
settings.register_profile("feedroom", deadline=None, max_examples=60)
settings.load_profile("feedroom")
