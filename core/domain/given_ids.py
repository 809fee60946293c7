"""Ids that the app chooses: what they may be made of, so that every store finds them and every address reaches them."""

from __future__ import annotations

import re
from typing import Final

from core.domain.errors import InvalidInput
from core.domain.events import MAX_ID

UNFIT: Final = "control characters and halves of character pairs are not taken"
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_fit(value: str) -> bool:
    """Whether a text may be an id: SQLite reads one up to its first NUL only, and UTF-8 cannot spell half a surrogate pair."""
    return (value.isascii() and value.isprintable()) or _UNFIT.search(value) is None


def check_id(field: str, value: str, *, in_path: bool = False) -> None:
    """Raises InvalidInput naming `field` for an id that is empty, too long or not fit, and for one that is to stand `in_path` for
    one that an address cannot hold."""
    if not is_fit(value):
        raise InvalidInput(field, ascii(value), UNFIT)
    if not 1 <= len(value) <= MAX_ID:
        raise InvalidInput(field, value, f"1 to {MAX_ID} characters are needed")
    if in_path and ("/" in value or value in (".", "..")):
        raise InvalidInput(field, value, 'it stands in addresses, which cannot hold "/", "." or ".." as an id')
