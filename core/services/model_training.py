"""From the event log to a model: read, held out, chosen, measured, fitted on everything."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.domain.errors import NotEnough
from core.domain.ids import Millis
from core.domain.model import ModelQuality
from core.domain.ports.media import Progress
from core.feed.near import MOST
from core.feed.next_item import TAKEN_TO, Acts
from core.feed.serving_model import SegmentPrior
from core.models.choose import Candidate, Chosen
from core.models.content import Contents
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours
from core.models.placing import Placing, placing_of
from core.models.progress import Progress as Part
from core.services.model_contents import read_contents
from core.services.model_data import TrainingData, read_training_data
from core.services.model_quality import InForce, held_out_from, measured, not_compared
from core.services.model_segments import segment_priors
from core.services.stores import Stores

LEAST_ACTS = 50
"""Acts by which somebody took to a post, below which nothing is trained."""


class Fit(Protocol):
    """How a model is fitted; `core.models.choose.fit` is the usual one."""

    def __call__(
        self,
        interactions: Interactions,
        contents: Contents | None = None,
        *,
        like: Candidate | None = None,
        progress: Part | None = None,
    ) -> Chosen:
        """The best model of these interactions, or one made `like` another."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to, before it has a number."""

    neighbours: Neighbours
    placing: Placing | None
    method: str
    segments: Mapping[str, SegmentPrior]
    quality: ModelQuality
    data: TrainingData
    interactions: Interactions
    seconds: float


def train(stores: Stores, fit: Fit, progress: Progress, *, in_force: InForce | None, now: Millis) -> Trained:
    """Train on the whole log. Raises NotEnough with a sentence if it holds too little to learn from, Unavailable.

    The method is chosen and measured without the latest acts; what is stored is the same method on everything.
    """
    started = time.perf_counter()
    data = read_training_data(stores, lambda done, said: progress(0.2 * done, said), now=now)
    acts = data.acts
    taken = int(np.count_nonzero(acts.weight >= TAKEN_TO))
    if taken < LEAST_ACTS:
        raise NotEnough(
            f"{taken} acts are too few to learn from; it takes {LEAST_ACTS} likes, shares, orders or long watches"
        )
    progress(0.2, "Reading what the posts say")
    contents, tags = read_contents(stores, acts.items, now=now)
    since, comparable = held_out_from(acts, in_force)
    early = fit(
        interactions(acts, before=since),
        contents,
        progress=lambda done: progress(0.25 + 0.35 * done, "Choosing a method without the latest acts"),
    )
    progress(0.6, "Measuring on the latest acts")
    quality = measured(acts, early.neighbours, since, in_force if comparable else None)
    if in_force is not None and not comparable:
        quality = not_compared(quality, in_force.id)
    everything = interactions(acts)
    final = fit(
        everything,
        contents,
        like=early.candidate,
        progress=lambda done: progress(0.65 + 0.2 * done, "Learning from everything"),
    )
    progress(0.85, "Learning what segments take to")
    segments = segment_priors(acts, data.segments, tags)
    method = early.candidate.label
    placing = placing_of(contents, final.neighbours.ids)
    seconds = time.perf_counter() - started
    return Trained(final.neighbours, placing, method, segments, quality, data, everything, seconds)


def interactions(acts: Acts, before: Millis | None = None) -> Interactions:
    """The acts before a time, or all, as models learn from them; a pair counts MOST at most, as in serving."""
    chosen = np.ones(len(acts.at), np.bool_) if before is None else acts.at < before
    rows: Iterable[tuple[str, str, float, int]] = (
        (acts.viewers[viewer], acts.items[item], weight, at)
        for viewer, item, weight, at in zip(
            acts.viewer[chosen].tolist(), acts.item[chosen].tolist(), acts.weight[chosen].tolist(), acts.at[chosen].tolist(),
            strict=True,
        )
    )  # fmt: skip
    return Interactions.of(rows, cap=MOST)
