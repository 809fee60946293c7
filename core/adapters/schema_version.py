"""The guard that keeps an older Feedroom away from data of a newer one."""

from __future__ import annotations

from core.domain.errors import ServiceError


def refuse_newer(held: int, known: int, where: str) -> None:
    """Raise ServiceError if `where` was written by a newer Feedroom than this one."""
    if held > known:
        raise ServiceError(
            f"{where} has schema version {held}, this Feedroom knows versions up to {known}; run the newer Feedroom"
        )
