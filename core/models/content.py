"""Content vectors: what a post is about, as 64 numbers, so that a post nobody has seen yet has neighbours too.

A post's features are its tags and their parents, publisher, kind, brands, price band, language and words, hashed into buckets and
weighted by their field and by how rare they are (1 + log of posts / posts with it). A truncated singular value decomposition over a
sample of posts gives the projection to 64 numbers; posts that come later are projected by the same.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from core.models.text_folding import fold

Floats = NDArray[np.float32]

BUCKETS = 1 << 16
DIMENSIONS = 64
SAMPLE = 50_000
"""Posts that the projection is learned from, at most."""
SMALL = 1_000
"""Posts up to which a dense matrix of posts by posts is quicker than an iteration."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Posts by `ids` and their `vectors` float32 (n, 64), each of length 1, or 0 for a post that says nothing."""

    ids: tuple[str, ...]
    vectors: Floats

    def with_ids(self, ids: Sequence[str]) -> Contents:
        """With those of `ids` that are missing, in order of the ids; they say nothing."""
        if not (missing := set(ids) - set(self.ids)):
            return self
        joined = (*self.ids, *sorted(missing))
        order = sorted(range(len(joined)), key=joined.__getitem__)
        vectors = np.concatenate((self.vectors, np.zeros((len(missing), self.vectors.shape[1]), np.float32)))
        return Contents(tuple(joined[place] for place in order), vectors[order])


@dataclass(frozen=True, slots=True, eq=False)
class ContentSpace:
    """A projection learned from posts. `rarity` float32 (buckets,), `projection` float32 (buckets, 64), `parents` of tags."""

    rarity: Floats
    projection: Floats
    parents: Mapping[str, str | None]

    @classmethod
    def of(
        cls,
        docs: Sequence[ContentDoc],
        *,
        parents: Mapping[str, str | None] | None = None,
        dimensions: int = DIMENSIONS,
    ) -> ContentSpace:
        """Learn it. The same posts in the same order give the same projection."""
        tree = parents or {}
        step = max(math.ceil(len(docs) / SAMPLE), 1)
        features = _features(docs[::step], tree)
        posts_with = np.bincount(features.indices, minlength=BUCKETS)
        rarity = (1 + np.log((1 + features.shape[0]) / (1 + posts_with))).astype(np.float32)
        used = np.flatnonzero(posts_with)
        projection = np.zeros((BUCKETS, dimensions), dtype=np.float32)
        right = _right_vectors(_weighted(features, rarity)[:, used], dimensions)
        projection[used, : right.shape[1]] = right
        return cls(rarity, projection, tree)

    def vectors(self, docs: Sequence[ContentDoc]) -> Floats:
        """Vectors of length 1, (n, 64); a post without any feature that the space knows has zeros."""
        made = np.asarray(_weighted(_features(docs, self.parents), self.rarity) @ self.projection)
        lengths = np.maximum(np.linalg.norm(made, axis=1, keepdims=True), np.float32(1e-12))
        return np.asarray(made / lengths, dtype=np.float32)


def content_vectors(docs: Sequence[ContentDoc], *, parents: Mapping[str, str | None] | None = None) -> Floats:
    """Vectors float32 (n, 64) of these posts in the space that they make themselves."""
    return ContentSpace.of(docs, parents=parents).vectors(docs)


def contents_of(docs: Sequence[ContentDoc], *, parents: Mapping[str, str | None] | None = None) -> Contents:
    """The same with their ids, in order of the ids: the order of the posts does not matter."""
    ordered = sorted(docs, key=lambda doc: doc.id)
    return Contents(tuple(doc.id for doc in ordered), content_vectors(ordered, parents=parents))


def _right_vectors(matrix: sparse.csr_matrix, dimensions: int) -> NDArray[np.float32]:
    """The right singular vectors of the largest singular values, (columns, at most `dimensions`)."""
    count = min(matrix.shape)
    if count == 0:
        return np.zeros((matrix.shape[1], 0), np.float32)
    exact = matrix.astype(np.float64)
    with threadpool_limits(1):  # results must not depend on the machine's cores
        if matrix.shape[0] <= SMALL:
            squares, left = np.linalg.eigh((exact @ exact.T).toarray())
            kept = np.argsort(-squares, kind="stable")[: min(dimensions, count)]
            kept = kept[squares[kept] > 1e-9 * squares.max(initial=1e-30)]
            right = (exact.T @ left[:, kept] / np.sqrt(squares[kept])).T
        else:
            start = np.random.default_rng(0).standard_normal(count)
            _, sizes, right = svds(exact, k=min(dimensions, count - 1), v0=start)
            right = right[np.argsort(-sizes, kind="stable")]
    return np.asarray(right.T, dtype=np.float32)


def _weighted(features: sparse.csr_matrix, rarity: Floats) -> sparse.csr_matrix:
    """Features × rarity, each row of length 1."""
    made = sparse.csr_matrix(features, copy=True)
    made.data = made.data * rarity[made.indices]
    owners = np.repeat(np.arange(made.shape[0]), np.diff(made.indptr))
    lengths = np.sqrt(np.bincount(owners, weights=made.data.astype(np.float64) ** 2, minlength=made.shape[0]))
    made.data = (made.data / np.maximum(lengths, 1e-12)[owners]).astype(np.float32)
    return made


def _features(docs: Sequence[ContentDoc], parents: Mapping[str, str | None]) -> sparse.csr_matrix:
    """Field weights by bucket, (n, buckets); a feature counts once however often it stands there."""
    places: list[int] = []
    values: list[float] = []
    starts = [0]
    bucket_of: dict[tuple[str, str], int] = {}
    for doc in docs:
        for feature in dict.fromkeys(_said(doc, parents)):
            if (bucket := bucket_of.get(feature)) is None:
                bucket = bucket_of[feature] = zlib.crc32("\0".join(feature).encode()) % BUCKETS
            places.append(bucket)
            values.append(FIELD_WEIGHTS[feature[0]])
        starts.append(len(places))
    made = sparse.csr_matrix(
        (np.array(values, np.float32), np.array(places, np.int32), np.array(starts)), shape=(len(docs), BUCKETS)
    )
    made.sum_duplicates()
    return made


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


def price_band(price_minor: int) -> int:
    """Bands of a factor of 2 in price: 99.00 and 149.00 are alike, 99.00 and 999.00 are not."""
    return int(math.log2(max(price_minor, 1)))
