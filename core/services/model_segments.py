"""What viewers of each segment take to: the prior that a new viewer of the segment is lent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from core.feed.next_item import TAKEN_TO, Acts
from core.feed.serving_model import SegmentPrior

PRIOR = 20.0
"""Acts that everybody's favourites count for in a segment's."""
LEAST_ACTS = 5
POSTS = 60
TAGS = 20
STRONG = 2.0
"""The affinity of a tag that a segment takes to far more than everybody does: two fresh likes."""
FAINT = 0.2


def segment_priors(
    acts: Acts, segments: Mapping[str, str], tags: Mapping[str, Sequence[str]]
) -> dict[str, SegmentPrior]:
    """Favourites of each segment. `segments` by viewer, `tags` by post.

    A post's weight is its share of the segment's acts, shrunk to its share of everybody's by PRIOR acts, best = 1. A tag's affinity
    is STRONG · tanh(log of how much more often the segment takes to it), shrunk alike; faint ones are left out.
    """
    taken = acts.weight >= TAKEN_TO
    names = sorted({segment for segment in segments.values() if segment})
    number = {name: place for place, name in enumerate(names)}
    of_viewer = np.array([number.get(segments.get(viewer, ""), -1) for viewer in acts.viewers], np.int64)
    count = len(acts.items)
    overall = np.bincount(acts.item[taken], minlength=count).astype(np.float64)
    if not overall.sum():
        return {}
    share = overall / overall.sum()
    vocabulary, table = _tag_table(acts.items, tags)
    usual = table @ share
    priors: dict[str, SegmentPrior] = {}
    for name, place in number.items():
        mine = taken & (of_viewer[acts.viewer] == place)
        own = np.bincount(acts.item[mine], minlength=count).astype(np.float64)
        if (total := own.sum()) < LEAST_ACTS:
            continue
        blended = (own + PRIOR * share) / (total + PRIOR)
        best = np.argsort(-blended, kind="stable")[:POSTS]
        posts = {acts.items[item]: round(float(blended[item] / blended[best[0]]), 4) for item in best.tolist()}
        lift = (table @ own + PRIOR * usual) / (total + PRIOR) / np.maximum(usual, 1e-12)
        liking = STRONG * np.tanh(np.log(np.maximum(lift, 1e-6)))
        strongest = [
            tag for tag in np.argsort(-np.abs(liking)).tolist() if abs(liking[tag]) >= FAINT and usual[tag] > 0
        ]
        priors[name] = SegmentPrior(posts, {vocabulary[tag]: round(float(liking[tag]), 4) for tag in strongest[:TAGS]})
    return priors


def _tag_table(items: Sequence[str], tags: Mapping[str, Sequence[str]]) -> tuple[list[str], sparse.csr_matrix]:
    """Tags, and (tags, items) with 1 where the item has the tag."""
    vocabulary: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for column, item in enumerate(items):
        for tag in tags.get(item, ()):
            rows.append(vocabulary.setdefault(tag, len(vocabulary)))
            columns.append(column)
    table = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(vocabulary), len(items)))
    return list(vocabulary), table
