"""Identifiers: ULIDs as text, so that they sort by time and are the same in every store."""

from __future__ import annotations

from typing import NewType

from ulid import ULID

Millis = int
"""UTC time in milliseconds since 1970."""

AccountId = NewType("AccountId", str)
PublisherId = NewType("PublisherId", str)
PostId = NewType("PostId", str)
ProductId = NewType("ProductId", str)
TagId = NewType("TagId", str)
CaseId = NewType("CaseId", str)
UploadId = NewType("UploadId", str)
ViewerId = NewType("ViewerId", str)

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def new_id(now: Millis) -> str:
    """A fresh ULID stamped with `now`; ids made later sort later."""
    return str(ULID.from_timestamp(now / 1000))
