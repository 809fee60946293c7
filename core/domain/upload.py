"""Resumable uploads: the browser sends parts, the server knows which it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.errors import InvalidInput
from core.domain.ids import Millis

PART_SIZE = 8 * 1024 * 1024
MAX_FILE = 4 * 1024 * 1024 * 1024


class UploadState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file on its way. `key` is the object's name, made by the server; `name` is what the browser called it.

    `fingerprint` (name, size and last change as the browser sees them) lets the same file resume after a restart.
    `handle` is the object store's own id of the multipart upload.
    """

    id: str
    version: int = 1
    account: str
    publisher: str
    name: str
    size: int
    content_type: str = ""
    fingerprint: str = ""
    key: str = ""
    handle: str = ""
    state: UploadState = UploadState.OPEN
    post: str | None = None
    problem: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        if not 0 < self.size <= MAX_FILE:
            raise InvalidInput("size", self.size, f"a file has 1 byte to {MAX_FILE // 1024**3} GB")

    @property
    def parts(self) -> int:
        """How many parts make the file; all but the last have PART_SIZE bytes."""
        return -(-self.size // PART_SIZE)

    def part_length(self, number: int) -> int:
        """Bytes of part `number` (1-based). Raises InvalidInput outside 1..parts."""
        if not 1 <= number <= self.parts:
            raise InvalidInput("part", number, f"this file has parts 1 to {self.parts}")
        return min(PART_SIZE, self.size - (number - 1) * PART_SIZE)
