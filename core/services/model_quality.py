"""How good a model is on what it has not seen, beside popularity and beside the model in force."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.domain.ids import Millis
from core.domain.model import ModelQuality, Rate
from core.feed.next_item import POPULARITY, TAKEN_TO, Acts, Hits, replay, scores_of
from core.models.neighbours import Neighbours

LEAST_VIEWERS = 20
"""Held-out viewers below which nothing is said about quality."""
KNOWN = 5
"""Acts after which a viewer is no newcomer: what is measured is what a model makes of what it knows."""
HELD_OUT = 0.1
"""The latest part of the acts, kept from the model that is measured."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The model in force, its id and the last time it learned from."""

    id: str
    neighbours: Neighbours
    through: Millis


def measured(acts: Acts, model: Neighbours, since: Millis, in_force: InForce | None) -> ModelQuality:
    """Quality on the acts since a time that `model` has not seen, beside popularity and the model in force."""
    field = {MODEL: scores_of(model, acts.items)}
    if in_force is not None:
        field[IN_FORCE] = scores_of(in_force.neighbours, acts.items)
    hits = replay(acts, field, since=since, known=KNOWN)
    if len(hits.asked) < LEAST_VIEWERS:
        return ModelQuality(
            since=since,
            viewers=len(hits.asked),
            acts=int(hits.asked.sum()),
            sentence=f"Not measured: {len(hits.asked)} viewers took to something new since then; it takes {LEAST_VIEWERS}.",
        )
    compared = in_force is not None
    quality = ModelQuality(
        first=hits.first,
        since=since,
        viewers=len(hits.asked),
        acts=int(hits.asked.sum()),
        model=hits.rate(MODEL),
        popularity=hits.rate(POPULARITY),
        in_force=hits.rate(IN_FORCE) if compared else None,
        compared_with=in_force.id if in_force is not None else "",
        over_popularity=hits.difference(MODEL, POPULARITY),
        over_in_force=hits.difference(MODEL, IN_FORCE) if compared else None,
    )
    return _said(quality, hits)


MODEL, IN_FORCE = "the model", "the model in force"


def held_out_from(acts: Acts, in_force: InForce | None) -> tuple[Millis, bool]:
    """Where the held-out time begins, and whether the model in force can be measured on it.

    Behind what the model in force has learned from, if enough has happened since; else the latest HELD_OUT of the acts.
    """
    if in_force is not None:
        later = (acts.at > in_force.through) & (acts.weight >= TAKEN_TO)
        if len(np.unique(acts.viewer[later])) >= LEAST_VIEWERS:
            return in_force.through + 1, True
    return int(np.quantile(acts.at, 1 - HELD_OUT)), False


def _said(quality: ModelQuality, hits: Hits) -> ModelQuality:
    """With its sentence."""
    assert quality.model is not None  # noqa: S101 - measured just now
    assert quality.popularity is not None  # noqa: S101
    text = (
        f"Among its first {hits.first} it named {_percent(quality.model)} of the {quality.acts:,} posts that "
        f"{quality.viewers:,} viewers took to next; popularity named {_percent(quality.popularity)}"
    )
    text += f", {quality.compared_with} {_percent(quality.in_force)}." if quality.in_force is not None else "."
    if not quality.good_enough:
        text += _HELD_BACK
    return replace(quality, sentence=text)


def not_compared(quality: ModelQuality, in_force: str) -> ModelQuality:
    """With the reason why the model in force has no number beside it."""
    reason = f" Too little has happened since {in_force} was trained to measure both on it, so a person decides."
    return replace(quality, compared_with=in_force, sentence=quality.sentence.removesuffix(_HELD_BACK) + reason)


_HELD_BACK = " That is not surely as good, so it does not go out by itself."


def _percent(rate: Rate) -> str:
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"
