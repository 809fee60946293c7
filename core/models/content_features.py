"""What a post says about itself, as weighted features in hashed buckets: the same for training and for posts that come later."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.models.text_folding import fold

BUCKETS = 1 << 16

FIELD_WEIGHTS: Mapping[str, float] = {
    "tag": 1.0,
    "parent": 0.5,
    "brand": 0.7,
    "publisher": 0.5,
    "word": 0.5,
    "kind": 0.3,
    "price": 0.3,
    "language": 0.3,
}
"""What a feature of each field counts beside a tag. A parent stands for what two neighbouring tags have in common."""

_WORD = re.compile(r"[^\W_]{2,}")
_LONGEST_WORD = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentDoc:
    """What a post says about itself. `text` is title and caption; `price_minor` that of its dearest product, 0 if it has none."""

    id: str
    publisher: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price_minor: int = 0
    language: str = ""
    text: str = ""


def features_of(
    docs: Sequence[ContentDoc], parents: Mapping[str, str | None]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Buckets (f,) and field weights (f,) of the features of these posts, end to end, and where each post's begin (n + 1,).

    A feature counts once however often it stands there; two that fall into one bucket stand there both.
    """
    places: list[int] = []
    values: list[float] = []
    starts = [0]
    for doc in docs:
        for field, value in dict.fromkeys(_said(doc, parents)):
            places.append(_bucket(field, value))
            values.append(FIELD_WEIGHTS[field])
        starts.append(len(places))
    return np.array(places, np.int32), np.array(values, np.float32), np.array(starts, np.int64)


def price_band(price_minor: int) -> int:
    """Bands of a factor of 2 in price: 99.00 and 149.00 are alike, 99.00 and 999.00 are not."""
    return int(math.log2(max(price_minor, 1)))


@lru_cache(maxsize=20_000)
def _bucket(field: str, value: str) -> int:
    return zlib.crc32(f"{field}\0{value}".encode()) % BUCKETS


def _said(doc: ContentDoc, parents: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Field and value of each feature of a post."""
    for tag in doc.tags:
        yield "tag", tag
        above, passed = parents.get(tag), {tag}
        while above is not None and above not in passed:
            yield "parent", above
            passed.add(above)
            above = parents.get(above)
        if parents.get(tag) is None:
            yield "parent", tag
    for brand in doc.brands:
        yield "brand", brand
    for field, value in (("publisher", doc.publisher), ("kind", doc.kind), ("language", doc.language)):
        if value:
            yield field, value
    if doc.price_minor > 0:
        yield "price", str(price_band(doc.price_minor))
    for word in _WORD.findall(fold(doc.text).text):
        yield "word", word[:_LONGEST_WORD]
