"""Tags: a faceted tree with aliases."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import Millis


class Facet(StrEnum):
    CATEGORY = "category"
    OCCASION = "occasion"
    STYLE = "style"
    FORMAT = "format"


class TagStatus(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag. `id` is its slug; `aliases` are in any language; a merged tag names its heir in `merged_into`."""

    id: str
    version: int = 1
    name: str
    facet: Facet
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    status: TagStatus = TagStatus.ACTIVE
    merged_into: str | None = None
    created_at: Millis = 0
    updated_at: Millis = 0
