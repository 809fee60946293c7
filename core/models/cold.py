"""Neighbours by content, and how they fill in where a model has seen too few interactions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.domain.errors import InvalidInput
from core.models.content import Contents
from core.models.neighbours import Neighbours, Rows, Weights, strongest, strongest_of_edges
from core.models.placing import LEAST_ALIKE, STRENGTH
from core.models.progress import Progress, quiet

BLOCK_ENTRIES = 32_000_000
PRIOR = 10.0
"""Viewers from which a post's own interactions count more than its content."""


def content_neighbours(
    contents: Contents, *, top_k: int = 100, only: NDArray[np.integer] | None = None, progress: Progress | None = None
) -> Neighbours:
    """The posts most alike (cosine of LEAST_ALIKE and more) to each post, or to those at the places `only`; the others have none.

    Costs 64 multiplications per pair: 100,000 posts of 100,000 take minutes, 1,000 of 1,000,000 as well.
    """
    tell = progress or quiet
    count = len(contents.ids)
    asked = np.arange(count) if only is None else np.sort(np.asarray(only, dtype=np.int64))
    rows: Rows = np.full((count, top_k), -1, dtype=np.int32)
    weights: Weights = np.zeros((count, top_k), dtype=np.float32)
    step = max(BLOCK_ENTRIES // max(count, 1), 1)
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        alike = contents.vectors[part] @ contents.vectors.T
        alike[np.arange(len(part)), part] = 0
        alike[alike < LEAST_ALIKE] = 0
        rows[part], weights[part] = strongest(alike, top_k)
        tell(min(start + step, len(asked)) / len(asked))
    return Neighbours(contents.ids, rows, weights)


def blend(
    collaborative: Neighbours,
    content: Neighbours,
    support: NDArray[np.integer],
    *,
    prior: float = PRIOR,
    strength: float = STRENGTH,
    top_k: int | None = None,
) -> Neighbours:
    """A model's weights, and content where it knows too little, over the ids of `content`, which hold those of the model.

    With tᵢ = support / (support + prior), how far post i is known, i says for j what the model says plus
    (1 - min(tᵢ, tⱼ)) · strength · unit · likeness, where unit is the median of the model's strongest weights. A new post is thus
    near to well-known ones and they to it; between two well-known posts content counts next to nothing.

    `support` (n,) is the number of viewers of each id of `content`. Raises InvalidInput if an id of the model is missing there.
    """
    place = {id: at for at, id in enumerate(content.ids)}
    if missing := [id for id in collaborative.ids if id not in place]:
        raise InvalidInput("content", missing[0], "every post of the model needs a place among the contents")
    count, k = len(place), top_k or collaborative.width
    places = np.array([place[id] for id in collaborative.ids], dtype=np.int64)
    known = collaborative.matrix().tocoo()
    learned = sparse.csr_matrix((known.data, (places[known.row], places[known.col])), shape=(count, count))
    alike = content.matrix()
    alike = alike.maximum(alike.T).tocoo()
    trust = support / (support + prior)
    doubt = 1 - np.minimum(trust[alike.row], trust[alike.col])
    filled = alike.data * doubt * strength * unit_of(collaborative)
    both = (learned + sparse.csr_matrix((filled, (alike.row, alike.col)), shape=(count, count))).tocoo()
    rows, weights = strongest_of_edges(both.row, both.col, both.data, count, k)
    return Neighbours(content.ids, rows, weights)


def unit_of(neighbours: Neighbours) -> float:
    """The median of each post's strongest weight, of posts that have one; 1 if none has."""
    first = neighbours.weights[:, 0] if neighbours.width else np.empty(0)
    first = first[first > 0]
    return float(np.median(first)) if len(first) else 1.0
