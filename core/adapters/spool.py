"""Writing a stream of promised length into a file, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from core.domain.errors import InvalidInput


def spool(file: BinaryIO, number: int, data: Iterable[bytes], length: int) -> None:
    """Write part `number`; memory holds one chunk. Raises InvalidInput unless exactly `length` bytes came."""
    received = 0
    for chunk in data:
        received += len(chunk)
        if received > length:
            break
        file.write(chunk)
    if received != length:
        came = f"more than {length}" if received > length else received
        raise InvalidInput("length", length, f"part {number} came with {came} bytes")
