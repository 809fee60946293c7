"""Publishers: the brands and creators whose posts the feed shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import Millis


class PublisherKind(StrEnum):
    BRAND = "brand"
    CREATOR = "creator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A brand or a creator. Several accounts may belong to one."""

    id: str
    version: int = 1
    name: str
    kind: PublisherKind
    verified: bool = False
    generated: bool = False
    created_at: Millis = 0
    updated_at: Millis = 0
