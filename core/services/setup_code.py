"""The one-time code that proves that whoever makes the first account also runs the server."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def setup_code(data: Path) -> str:
    """The code, made at the first call and kept in `data/setup_code`, readable by its owner only."""
    path = data / "setup_code"
    data.mkdir(parents=True, exist_ok=True)
    made = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made)
    except FileExistsError:
        return path.read_text().strip()
    return made


def matches(data: Path, code: str) -> bool:
    """Whether this is the code, whatever its case and spaces."""
    return hmac.compare_digest("".join(code.split()).upper().encode(), setup_code(data).encode())


def forget(data: Path) -> None:
    """Remove the code once the first account exists."""
    (data / "setup_code").unlink(missing_ok=True)
