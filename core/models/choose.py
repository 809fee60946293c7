"""Which model suits these interactions: the candidates that the size of the catalogue allows are tried on what viewers did last."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.models.cold import PRIOR, blend, content_neighbours
from core.models.content import Contents
from core.models.ease import fit_ease
from core.models.held_out import HeldOut
from core.models.ials import fit_ials
from core.models.interactions import Interactions
from core.models.item_knn import fit_item_knn
from core.models.mixed import fit_mixed
from core.models.neighbours import Neighbours, width_for
from core.models.progress import Progress, part, quiet
from core.statistics.ranking import Ranked

EASE_LIMIT = 15_000
"""Items above which the dense matrix is too large: 15,000 take 1.4 GB and 42 s on one core, both growing faster than the items."""
TUNED_LIMIT = 5_000
"""Items up to which several strengths of regularisation are tried."""
LEAST_VIEWERS = 20
"""Held-out viewers below which a comparison says nothing."""
CONTENT_PAIRS = 2e10
"""Pairs of posts compared by content at most: minutes on one core. The least known posts come first."""
L2 = (15.0, 40.0, 100.0, 250.0)
REGULARIZATION = (5.0, 20.0)
DEFAULT_L2, DEFAULT_REGULARIZATION = 40.0, 20.0

EASE, ALS = "EASE", "implicit ALS"
Measured = dict[str, dict[str, float]]
FitOne = Callable[[Interactions, int, Progress], Neighbours]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A method with its settings, and how it is fitted, given the width of the result."""

    method: str
    settings: Mapping[str, float]
    fit: FitOne

    @property
    def label(self) -> str:
        """`EASE (l2 40)`."""
        return f"{self.method} ({', '.join(f'{name} {value:g}' for name, value in self.settings.items())})"


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The model, which candidate made it, and a report that JSON can hold: sizes, why, seconds, and `held_out`: nDCG@10 and
    recall@10 of viewers' latest items and how many viewers, by candidate and for popularity."""

    neighbours: Neighbours
    candidate: Candidate
    report: dict[str, object]


def fit(
    interactions: Interactions,
    contents: Contents | None = None,
    *,
    top_k: int | None = None,
    seed: int = 0,
    like: Candidate | None = None,
    progress: Progress | None = None,
) -> Chosen:
    """Choose, fit on all interactions, and let content stand in for posts of few viewers.

    The result covers the posts of `interactions` and of `contents`, each with `top_k` neighbours, by default as many as
    `width_for` says. With `like`, that candidate is fitted without choosing.
    The same input gives the same model.
    """
    tell = progress or quiet
    started = time.perf_counter()
    if top_k is None:
        top_k = width_for(max(len(interactions.items), len(contents.ids) if contents is not None else 0))
    if like is not None:
        candidate, why = like, "the same as before"
        held_out: Measured = {}
    else:
        candidate, held_out, why = _best(interactions, top_k, seed, part(tell, 0.0, 0.55))
    made = candidate.fit(interactions, top_k, part(tell, 0.55, 0.85))
    if contents is not None:
        made = _filled(made, interactions, contents, top_k, part(tell, 0.85, 1.0))
    tell(1.0)
    report: dict[str, object] = {
        "method": candidate.method,
        "settings": dict(candidate.settings),
        "why": why,
        "items": len(interactions.items),
        "viewers": len(interactions.viewers),
        "interactions": len(interactions),
        "posts": len(made.ids),
        "neighbours": top_k,
        "held_out": held_out,
        "seconds": round(time.perf_counter() - started, 2),
    }
    return Chosen(made, candidate, report)


def candidates(count: int, seed: int = 0) -> list[Candidate]:
    """What is tried for a catalogue of `count` items; the first is what is taken where nothing can be measured. Up to TUNED_LIMIT
    items the best of EASE and the best of ALS are then tried together."""
    if count > EASE_LIMIT:
        return [_ials(DEFAULT_REGULARIZATION, seed), _knn()]
    if count > TUNED_LIMIT:
        return [_ease(DEFAULT_L2), _ease(4 * DEFAULT_L2), _ials(DEFAULT_REGULARIZATION, seed)]
    return [
        _ease(DEFAULT_L2),
        *(_ease(l2) for l2 in L2 if l2 != DEFAULT_L2),
        *(_ials(regularization, seed) for regularization in REGULARIZATION),
    ]


def _best(interactions: Interactions, top_k: int, seed: int, progress: Progress) -> tuple[Candidate, Measured, str]:
    """The candidate that is taken, what was measured of each, and a sentence.

    The first candidate stays unless another's nDCG@10 is higher by more than a standard error of the difference, viewer by viewer.
    """
    count = len(interactions.items)
    tried = candidates(count, seed)
    size = f"{count:,} items, {'above' if count > EASE_LIMIT else 'up to'} the {EASE_LIMIT:,} that EASE has room for"
    held_out = HeldOut.of(interactions, seed=seed)
    if len(held_out.viewers) < LEAST_VIEWERS:
        return tried[0], {}, f"{size}; {len(held_out.viewers)} viewers with a history are too few to compare methods"
    together = count <= TUNED_LIMIT
    steps = len(tried) + together
    found: dict[str, Ranked] = {}
    for place, candidate in enumerate(tried):
        step = part(progress, place / steps, (place + 0.9) / steps)
        found[candidate.label] = held_out.measure(candidate.fit(held_out.train, top_k, step))
    if together:
        ease, als = (_first(tried, found, method) for method in (EASE, ALS))
        mixed = _mixed(ease.settings["l2"], als.settings["regularization"], seed)
        step = part(progress, len(tried) / steps, 1.0)
        found[mixed.label] = held_out.measure(mixed.fit(held_out.train, top_k, step))
        tried.append(mixed)
    usual = held_out.measure_popularity()
    best = _first(tried, found)
    gained = found[best.label].ndcg - found[tried[0].label].ndcg
    clear = gained.mean() > gained.std() / math.sqrt(len(gained))
    taken = best if clear else tried[0]
    value = found[taken.label].ndcg.mean()
    why = f"{size}; nDCG@10 of {taken.label} {value:.4f}, popularity {usual.ndcg.mean():.4f}; "
    why += (
        f"the best of {len(tried)} that were tried" if taken is best else f"no other of {len(tried)} is clearly better"
    )
    return taken, {"popularity": _told(usual)} | {label: _told(ranked) for label, ranked in found.items()}, why


def _first(tried: list[Candidate], found: Mapping[str, Ranked], method: str = "") -> Candidate:
    """The candidate of the highest nDCG, of one method or of all; the earlier of two alike."""
    among = [candidate for candidate in tried if method in ("", candidate.method)]
    return max(among, key=lambda candidate: found[candidate.label].ndcg.mean())


def _told(ranked: Ranked) -> dict[str, float]:
    means = ranked.means()
    return {"ndcg": means["ndcg"], "recall": means["recall"], "viewers": len(ranked.ndcg)}


def _filled(made: Neighbours, interactions: Interactions, contents: Contents, top_k: int, tell: Progress) -> Neighbours:
    """With neighbours by content for the posts of few viewers."""
    everything = contents.with_ids(made.ids)
    place = {id: at for at, id in enumerate(everything.ids)}
    support = np.zeros(len(place), dtype=np.int64)
    support[[place[id] for id in interactions.items]] = interactions.viewers_per_item()
    weak = np.flatnonzero(support < 3 * PRIOR)
    room = max(int(CONTENT_PAIRS / max(len(place), 1)), 1)
    if len(weak) > room:
        weak = weak[np.argsort(support[weak], kind="stable")[:room]]
    alike = content_neighbours(everything, top_k=top_k, only=weak, progress=tell)
    return blend(made, alike, support, top_k=top_k)


def _ease(l2: float) -> Candidate:
    def run(interactions: Interactions, top_k: int, progress: Progress) -> Neighbours:
        return fit_ease(interactions, l2=l2, item_power=0.2, constrained=False, top_k=top_k, progress=progress)

    return Candidate(EASE, {"l2": l2}, run)


def _ials(regularization: float, seed: int) -> Candidate:
    def run(interactions: Interactions, top_k: int, progress: Progress) -> Neighbours:
        return fit_ials(interactions, regularization=regularization, seed=seed, top_k=top_k, progress=progress)

    return Candidate(ALS, {"regularization": regularization}, run)


def _mixed(l2: float, regularization: float, seed: int) -> Candidate:
    def run(interactions: Interactions, top_k: int, progress: Progress) -> Neighbours:
        return fit_mixed(
            interactions,
            l2=l2,
            regularization=regularization,
            top_k=top_k,
            seed=seed,
            progress=progress,
        )

    return Candidate("EASE and ALS", {"l2": l2, "regularization": regularization}, run)


def _knn() -> Candidate:
    def run(interactions: Interactions, top_k: int, progress: Progress) -> Neighbours:
        return fit_item_knn(interactions, top_k=top_k, progress=progress)

    return Candidate("item neighbours", {"user_power": -1, "shrink": 10}, run)
