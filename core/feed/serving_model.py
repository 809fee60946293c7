"""A trained model as a feed process serves it: neighbours whose places are tied to the index's post numbers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.ids import Millis
from core.domain.viewer import Interaction
from core.feed.arrivals import ROOM, Arrivals
from core.feed.index import Index
from core.feed.near import Places, Spoken, spoken_for, strengths_of, strongest_reason
from core.models.neighbours import Neighbours
from core.models.placing import Placing
from core.pipeline.candidates import FloatArray, IntArray

NEWCOMER = 10
"""From this many posts that a viewer has acted on, the segment's prior counts nothing."""

PRIOR_ACTS = 12
"""How many of a segment's posts stand in for acts of a viewer of whom little is known."""


@dataclass(frozen=True, slots=True)
class SegmentPrior:
    """What viewers of a segment take to: posts with weights in 0..1, best first, and tags with affinities."""

    posts: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, float] = field(default_factory=dict)


class ServingModel:
    """Immutable but for the table from places to post numbers, which follows the index as it grows. Thread safe.

    `unit` is a typical strong score: affinities are told in it, so that models of different scale mean the same to the scorer.
    `arrivals` are posts that came after the training, None for a model that keeps nothing to place them by.
    """

    def __init__(
        self,
        id: str,
        neighbours: Neighbours,
        unit: float,
        segments: Mapping[str, SegmentPrior],
        placing: Placing | None = None,
    ) -> None:
        self.id, self.unit, self.segments, self.neighbours = id, unit, segments, neighbours
        self.rows = np.asarray(neighbours.rows)
        self.weights = np.asarray(neighbours.weights)
        self._place = {post: place for place, post in enumerate(neighbours.ids)}
        self._lock = threading.Lock()
        self._held: tuple[Mapping[str, int] | None, int, IntArray] = (None, 0, np.empty(0, np.int32))
        self.arrivals = Arrivals(placing, self.numbers) if placing is not None else None

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, post: str) -> int:
        """The post's place in the model, -1 if it was not trained on."""
        return self._place.get(post, -1)

    def places(self, posts: Sequence[str]) -> list[int]:
        """`place` of each of these posts."""
        place_of = self._place.get
        return [place_of(post, -1) for post in posts]

    def tie(self, index: Index) -> None:
        """Get ready to serve with this index: `numbers`, and its own strings for the posts that it knows, since a million ids take
        75 MB."""
        ids, known, row_of = index.ids, index.known, index.row_of
        shared: dict[str, int] = {}
        for id, place in self._place.items():
            number = known.get(id, len(row_of))
            shared[ids[row_of[number]] if number < len(row_of) else id] = place
        self._place = shared
        self.neighbours = replace(self.neighbours, ids=list(shared))
        self.numbers(index)

    def numbers(self, index: Index) -> IntArray:
        """(n,) the index's number of each place, -1 where it has none yet; those beyond the snapshot belong to a newer one.

        Only rows that were added since the last call are looked at: about .2 µs each.
        """
        known, mapped, numbers = self._held
        if known is index.known and index.size <= mapped:
            return numbers
        with self._lock:
            known, mapped, numbers = self._held
            if known is not index.known:
                numbers, mapped = np.full(len(self), -1, np.int32), 0
            for row in range(mapped, index.size):
                if (place := self._place.get(index.ids[row], -1)) >= 0:
                    numbers[place] = index.number[row]
            self._held = index.known, max(mapped, index.size), numbers
            return numbers

    def prior(self, segment: str, acts: Sequence[Interaction]) -> tuple[SegmentPrior, float]:
        """The prior of a segment and how much of it counts: all of it for a viewer without acts, nothing from NEWCOMER on."""
        found = self.segments.get(segment)
        known = len({act.post for act in acts}) if found is not None else NEWCOMER
        return found or _NONE, max(1 - known / NEWCOMER, 0.0)


_NONE = SegmentPrior()


class Near:
    """What one viewer's history says about the posts of one snapshot. Worked out when first asked, inside a stage.

    `history` are places in the model, of posts that came later behind them, and `acts` the interaction behind each, None for one
    of the segment's. `arrived` are the posts that came later, None where there is none: those of this moment, whatever comes.
    """

    def __init__(
        self, model: ServingModel, index: Index, recent: Sequence[Interaction], segment: str = "", *, now: Millis
    ) -> None:
        self.model, self.index = model, index
        self.prior, self.prior_share = model.prior(segment, recent)
        arrived = model.arrivals.seen if model.arrivals is not None else None
        self.arrived = arrived if arrived is not None and arrived.known is index.known else None
        self._recent = recent
        names, weights, times = self._names(recent), [act.weight for act in recent], [act.at for act in recent]
        self._last, history, counts = strengths_of(names, weights, times, now)
        if self.prior_share and self.prior.posts:
            history, counts = self._with_lent(history, counts)
        self.history: Places = history
        self.counts: FloatArray = counts
        self._found: Spoken | None = None

    @property
    def acts(self) -> list[Interaction | None]:
        """The viewer's last act on each post of the history."""
        own: list[Interaction | None] = [self._recent[act] for act in self._last.tolist()]
        return [None] * (len(self.history) - len(own)) + own

    def _names(self, recent: Sequence[Interaction]) -> list[int]:
        """The place of each act's post; posts without one are told apart by numbers below 0, since they age other acts too."""
        names = self.model.places([act.post for act in recent])
        if names and min(names) < 0:
            unknown: dict[str, int] = {}
            for at, act in enumerate(recent):
                if names[at] < 0:
                    arrived = self._place(act.post)
                    names[at] = arrived if arrived >= 0 else unknown.setdefault(act.post, -1 - len(unknown))
        return names

    def _with_lent(self, history: Places, counts: FloatArray) -> tuple[Places, FloatArray]:
        """The segment's posts in front of the viewer's own."""
        own = {act.post for act in self._recent}
        lent = [
            (place, weight * self.prior_share)
            for post, weight in list(self.prior.posts.items())[:PRIOR_ACTS]
            if post not in own and (place := self._place(post)) >= 0
        ]
        places, weights = [place for place, _ in lent], [weight for _, weight in lent]
        return np.concatenate((np.array(places, np.int64), history)), np.concatenate((np.array(weights, float), counts))

    def _place(self, post: str) -> int:
        place = self.model.place(post)
        return place if place >= 0 or self.arrived is None else self.arrived.place(post)

    def found(self) -> Spoken:
        """The posts that the history speaks for, by number, and how much, in the model's unit."""
        if self._found is None:
            history, counts = self.history, self.counts
            more = 0
            if self.arrived is not None and len(history):
                more = ROOM * len(history)
                if history.max() >= len(self.model):
                    trained = history < len(self.model)
                    history, counts = history[trained], counts[trained]
            tied, end = self.model.numbers(self.index), len(self.index.row_of)
            model = self.model
            found = spoken_for(model.rows, model.weights, history, counts, tied, end, unit=model.unit, more=more)
            if self.arrived is not None and more:
                self.arrived.join(found, self.history, self.counts, tied, end)
            self._found = found
        return self._found

    def tastes(self, tags: Mapping[str, float], fade: float) -> dict[str, float]:
        """The viewer's affinities to tags after fading, with what the segment lends."""
        faded = {tag: value * fade for tag, value in tags.items()}
        if self.prior_share:
            for tag, value in self.prior.tags.items():
                faded[tag] = faded.get(tag, 0.0) + self.prior_share * value
        return faded

    def of(self, rows: IntArray) -> FloatArray:
        """How much the history speaks for each of these rows of the index (n,); below 0 it speaks against it."""
        return self.found().of(rows, self.index.number)

    def because(self, rows: IntArray) -> list[Interaction | None]:
        """For each row the viewer's own act that speaks for it most, None where none does."""
        acts = self.acts
        own = np.flatnonzero(np.array([act is not None for act in acts], np.bool_))
        if not len(own):
            return [None] * len(rows)
        wanted = np.array([self._place(self.index.ids[row]) for row in rows], np.int64)
        history, counts, model = self.history[own], self.counts[own], self.model
        if self.arrived is None or max(history.max(), wanted.max(initial=-1)) < len(model):
            best = strongest_reason(model.rows, model.weights, history, counts, wanted)
            return [acts[own[place]] if place >= 0 else None for place in best.tolist()]
        trained = np.flatnonzero(history < len(model))
        best = strongest_reason(model.rows, model.weights, history[trained], counts[trained], wanted)
        told = np.flatnonzero(best >= 0)
        best[told] = trained[best[told]]
        said, behind = np.zeros(len(wanted)), history[best[told]]
        weights = np.where(model.rows[behind] == wanted[told, None], model.weights[behind], 0).max(axis=1, initial=0)
        said[told] = counts[best[told]] * weights / model.unit
        self.arrived.stronger(best, said, wanted, history, counts)
        return [acts[own[place]] if place >= 0 else None for place in best.tolist()]


def usual_unit(weights: NDArray[np.float32]) -> float:
    """A typical strong score of one act: the median of each post's strongest weight; 1 for a model without any."""
    strongest = weights[:, 0] if weights.shape[1] else np.empty(0, np.float32)
    strongest = strongest[strongest > 0]
    return float(np.median(strongest)) if len(strongest) else 1.0
