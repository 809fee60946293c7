"""What a model keeps so that posts which come after its training get a place in it: where its posts lie, and how to find there.

Vectors are kept as whole numbers, 127 for 1, so that a post costs 64 bytes; a likeness is then right to about .005. Of the
projection only buckets that occurred are kept, each already multiplied by its rarity: the length of a post's features does not
matter, because its vector is brought to length 1 in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.models.content_features import ContentDoc, features_of

if TYPE_CHECKING:
    from core.models.content import Contents  # serving does without what it imports

ONE = 127
"""What 1 is in vectors of whole numbers."""
STRENGTH = 0.25
"""Weight of two posts of the same content, beside a typical strongest weight of the model. On MovieLens-100K with 15% of the films
hidden but for 5 viewers each, nDCG@10 over all films is .4506 without content, .4516 with .25, .4087 with 1."""
LATE_STRENGTH = 1.0
"""The same for a post that came after the training. It has no viewers because it is new, not because it is unwanted, and so speaks
louder: with it late posts are found nearly as often as others, with STRENGTH hardly ever (`tests/benchmarks/late_posts.py`)."""
LEAST_ALIKE = 0.3
"""Posts less alike than this are no neighbours by content."""

Steps = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """`vectors` int8 (n, d) of a model's posts, in its order; `buckets` int32 (b,) ascending, and the `projection` float16 (b, d)
    of each; the tree of tags. The arrays may be memory-mapped."""

    vectors: Steps
    buckets: NDArray[np.int32]
    projection: NDArray[np.float16]
    parents: Mapping[str, str | None] = field(default_factory=dict)

    def of(self, docs: Sequence[ContentDoc]) -> Steps:
        """Vectors int8 (m, d) of posts that came later; zeros for one that says nothing that training has met."""
        places, values, starts = features_of(docs, self.parents)
        made = np.zeros((len(docs), self.vectors.shape[1]), np.float32)
        if len(self.buckets) and len(places):
            found = np.minimum(np.searchsorted(self.buckets, places), len(self.buckets) - 1)
            known = self.buckets[found] == places
            owners = np.repeat(np.arange(len(docs)), np.diff(starts))[known]
            np.add.at(made, owners, values[known, None] * self.projection[found[known]].astype(np.float32))
        return steps(made)


def placing_of(contents: Contents, ids: Sequence[str]) -> Placing | None:
    """What the model of the posts `ids` keeps; None for contents without a space."""
    space = contents.space
    if space is None:
        return None
    place = {id: at for at, id in enumerate(contents.ids)}
    places = np.array([place.get(id, -1) for id in ids], np.int64)
    vectors = np.zeros((len(ids), space.projection.shape[1]), np.int8)
    vectors[places >= 0] = steps(contents.vectors[places[places >= 0]])
    buckets = np.flatnonzero(space.projection.any(axis=1)).astype(np.int32)
    projection = (space.projection[buckets] * space.rarity[buckets, None]).astype(np.float16)
    return Placing(vectors, buckets, projection, space.parents)


def steps(vectors: NDArray[np.float32]) -> Steps:
    """Vectors (n, d) brought to length 1, as whole numbers; zeros stay."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return np.asarray(np.rint(vectors / lengths * ONE), np.int8)
