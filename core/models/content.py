"""Content vectors: what a post is about, as 64 numbers, so that a post nobody has seen yet has neighbours too.

A post's features are its tags and their parents, publisher, kind, brands, price band, language and words, hashed into buckets and
weighted by their field and by how rare they are (1 + log of posts / posts with it). A truncated singular value decomposition over a
sample of posts gives the projection to 64 numbers; posts that come later are projected by the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from core.models.content_features import BUCKETS, ContentDoc, features_of

Floats = NDArray[np.float32]

DIMENSIONS = 64
SAMPLE = 50_000
"""Posts that the projection is learned from, at most."""
SMALL = 1_000
"""Posts up to which a dense matrix of posts by posts is quicker than an iteration."""


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Posts by `ids` and their `vectors` float32 (n, 64), each of length 1, or 0 for a post that says nothing; and the space that
    these live in, by which later posts get vectors too."""

    ids: tuple[str, ...]
    vectors: Floats
    space: ContentSpace | None = None

    def with_ids(self, ids: Sequence[str]) -> Contents:
        """With those of `ids` that are missing, in order of the ids; they say nothing."""
        if not (missing := set(ids) - set(self.ids)):
            return self
        joined = (*self.ids, *sorted(missing))
        order = sorted(range(len(joined)), key=joined.__getitem__)
        vectors = np.concatenate((self.vectors, np.zeros((len(missing), self.vectors.shape[1]), np.float32)))
        return Contents(tuple(joined[place] for place in order), vectors[order], self.space)


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
    space = ContentSpace.of(ordered, parents=parents)
    return Contents(tuple(doc.id for doc in ordered), space.vectors(ordered), space)


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
    """Field weights by bucket, (n, buckets); those of features in one bucket are added."""
    places, values, starts = features_of(docs, parents)
    made = sparse.csr_matrix((values, places, starts), shape=(len(docs), BUCKETS))
    made.sum_duplicates()
    return made
