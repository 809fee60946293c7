"""The demo world's written material, from `assets/demo`."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "demo"


@cache
def read(name: str) -> dict[str, Any]:
    """One TOML file of the folder."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def slug(text: str) -> str:
    """`slug("Kids' mango tiffin") == "kids-mango-tiffin"`"""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
