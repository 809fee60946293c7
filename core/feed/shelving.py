"""The shelves of a catalogue, sorted from one snapshot of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from core.domain.ids import DAY, Millis
from core.feed.index import KINDS, Index
from core.feed.shelves import Shelves
from core.pipeline.candidates import FloatArray

QUALITY_HALF_LIFE: Millis = 14 * DAY


class Shelving(NamedTuple):
    """All shelves, and the part of the live posts that wear each tag, (tags,)."""

    by_tag: Shelves
    by_publisher: Shelves
    by_kind: Shelves
    newest: Shelves
    tag_shares: FloatArray

    @classmethod
    def empty(cls) -> Shelving:
        """Of a catalogue without posts."""
        nothing = np.empty(0, np.int32)
        tags, publishers, kinds, newest = (Shelves(nothing, nothing, count) for count in (0, 0, len(KINDS), 1))
        return cls(tags, publishers, kinds, newest, np.empty(0))

    @classmethod
    def of(cls, index: Index, now: Millis) -> Shelving:
        """Tags and kinds by quality that fades with age, publishers and all posts by age."""
        rows = np.flatnonzero(index.live).astype(np.int32)
        published = index.published_at[rows]
        newest = rows[np.argsort(-published, kind="stable")]
        fade = 0.5 + 0.5 * 0.5 ** (np.maximum(now - published, 0) / QUALITY_HALF_LIFE)
        best = rows[np.argsort(-np.maximum(index.quality[rows], 1e-6) * fade, kind="stable")]
        worn, counts = index.tags_within(best), index.tag_counts[best]
        return cls(
            by_tag=Shelves(worn, np.repeat(best, counts), len(index.tags)),
            by_publisher=Shelves(index.publisher[newest], newest, len(index.publishers)),
            by_kind=Shelves(index.kind[best].astype(np.int32), best, len(KINDS)),
            newest=Shelves(np.zeros(len(newest), np.int32), newest, 1),
            tag_shares=np.bincount(worn, minlength=len(index.tags)) / max(len(best), 1),
        )

    def add(self, row: int, tags: Iterable[int], publisher: int, kind: int) -> None:
        """Put a new row on its shelves, in front. One thread at a time."""
        for tag in tags:
            self.by_tag.add(tag, row)
        self.by_publisher.add(publisher, row)
        self.by_kind.add(kind, row)
        self.newest.add(0, row)
