"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".feedroom" / "numba"))
settings.register_profile("feedroom", deadline=None, max_examples=60)
settings.load_profile("feedroom")
