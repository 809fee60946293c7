"""How well a model names the post that a viewer takes to next: a log replayed act by act, as serving would have seen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.ids import Millis
from core.domain.model import Rate
from core.domain.viewer import RECENT
from core.feed.near import strengths, summed
from core.models.neighbours import Neighbours
from core.pipeline.candidates import FloatArray

TAKEN_TO = 0.5
"""An act of at least this weight (a watch to three quarters, a like) shows that the viewer took to the post."""
RESAMPLES = 1_000

Codes = NDArray[np.int64]
Scores = Callable[[Codes, FloatArray, FloatArray], FloatArray]
"""How much a history speaks for each item (items,): item codes, what each counts by recency, and the plain sums of its weights."""


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """Acts in columns, by viewer and then by time; consecutive acts on one item are one, their weights added, at its first time.

    `viewer` and `item` (m,) are places in `viewers` and `items`, `weight` (m,) signed, `at` (m,) in ms.
    """

    viewers: Sequence[str]
    items: Sequence[str]
    viewer: Codes
    item: Codes
    weight: FloatArray
    at: Codes

    @staticmethod
    def of(
        viewers: Sequence[str], items: Sequence[str], viewer: Codes, item: Codes, weight: FloatArray, at: Codes
    ) -> Acts:
        """From single events in any order."""
        order = np.lexsort((at, viewer))
        viewer, item, weight, at = viewer[order], item[order], weight[order], at[order]
        if not len(viewer):
            return Acts(viewers, items, viewer, item, weight, at)
        starts = np.flatnonzero(np.concatenate(([True], (viewer[1:] != viewer[:-1]) | (item[1:] != item[:-1]))))
        return Acts(viewers, items, viewer[starts], item[starts], np.add.reduceat(weight, starts), at[starts])

    def popularity(self, before: Millis) -> FloatArray:
        """How many acts by which a viewer took to each item there were before a time (items,)."""
        chosen = (self.at < before) & (self.weight >= TAKEN_TO)
        return np.bincount(self.item[chosen], minlength=len(self.items)).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Per viewer (v,) how many acts were asked for, and how many of them each contender named in time."""

    asked: FloatArray
    hits: Mapping[str, FloatArray]
    first: int

    def rate(self, name: str, seed: int = 0) -> Rate:
        """Share of acts named, with a 95% interval from resampling viewers."""
        return self._estimate(lambda sums, asked: sums[name] / asked, seed)

    def difference(self, name: str, other: str, seed: int = 0) -> Rate:
        """How much higher one share is, paired by viewer."""
        return self._estimate(lambda sums, asked: (sums[name] - sums[other]) / asked, seed)

    def lift(self, name: str, other: str, seed: int = 0) -> Rate:
        """How much higher one share is, relative to the other's, paired by viewer."""
        return self._estimate(lambda sums, asked: sums[name] / np.maximum(sums[other], 1e-9) - 1, seed)

    def _estimate(self, of: Callable[[Mapping[str, FloatArray], FloatArray], FloatArray], seed: int) -> Rate:
        """`of` gets sums per contender and of what was asked, once for all viewers and once per resample."""
        count = len(self.asked)
        whole = np.ones((1, count))
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
        value, many = (
            of({name: weights @ hits for name, hits in self.hits.items()}, weights @ self.asked)
            for weights in (whole, drawn)
        )
        low, high = np.percentile(many, (2.5, 97.5))
        return Rate(value=float(value[0]), low=float(low), high=float(high))


def scores_of(model: Neighbours, items: Sequence[str]) -> Scores:
    """A model as a contender over these items; those it was not trained on score 0 and say nothing."""
    place_of = {id: place for place, id in enumerate(model.ids)}
    places = np.array([place_of.get(item, -1) for item in items], np.int64)
    known = places >= 0

    def scores(history: Codes, counts: FloatArray, sums: FloatArray) -> FloatArray:
        inside = known[history]
        result = np.zeros(len(items))
        result[known] = model.scores(places[history[inside]], counts[inside])[places[known]]
        return result

    return scores


def replay(
    acts: Acts,
    contenders: Mapping[str, Scores],
    *,
    since: Millis,
    first: int = 10,
    session: Millis | None = None,
    most_viewers: int = 2_000,
    known: int = 0,
    most_acts: int = 50,
    seed: int = 0,
) -> Hits:
    """Ask each contender, before every act since a time by which a viewer took to an item new to them, whether it is among its
    `first`.

    Contenders see the last RECENT acts, as the feed does; items that the viewer has acted on are left out, ties and silence are
    broken by popularity before `since`, and by lot. `popularity` is always among the contenders. With `session` (the pause that
    ends one) each contender NAME also stands as NAME + BEFORE, seeing only what came before the session began, as NAME + AT_SINCE,
    seeing only what came before `since`, and as both + EVENLY, for which old acts count as much as new ones; acts that begin a
    session are not asked for, as the first two would say the same. Nothing is asked about viewers before their first `known` acts.
    """
    lots = np.random.default_rng(seed)
    popularity = acts.popularity(since) + 1e-3 * lots.random(len(acts.items))
    silent = np.zeros(len(acts.items))
    field: dict[str, Scores] = {**contenders, POPULARITY: lambda history, counts, sums: silent}
    names = [*field, *(name + way for name in contenders for way in (WAYS if session is not None else ()))]
    bounds = np.searchsorted(acts.viewer, np.arange(len(acts.viewers) + 1))
    later = np.unique(acts.viewer[(acts.at >= since) & (acts.weight >= TAKEN_TO)])
    chosen = lots.permutation(later)[:most_viewers]
    asked: list[int] = []
    rows: list[list[int]] = []
    for viewer in np.sort(chosen).tolist():
        own = slice(int(bounds[viewer]), int(bounds[viewer + 1]))
        life = _Life(acts.item[own], acts.weight[own], acts.at[own], popularity)
        count, named = life.replayed(field, since, first, session, known, most_acts)
        if count:
            asked.append(count)
            rows.append([named.get(name, 0) for name in names])
    table = np.array(rows, np.float64).reshape(len(rows), len(names))
    return Hits(np.array(asked, np.float64), {name: table[:, place] for place, name in enumerate(names)}, first)


POPULARITY = "popularity"
BEFORE = ", before the session"
AT_SINCE = ", as of the training"
EVENLY = ", evenly"
WAYS = (BEFORE, BEFORE + EVENLY, AT_SINCE, AT_SINCE + EVENLY)


@dataclass(frozen=True, slots=True, eq=False)
class _Life:
    """One viewer's acts in order of time."""

    item: Codes
    weight: FloatArray
    at: Codes
    popularity: FloatArray

    def replayed(
        self, field: Mapping[str, Scores], since: Millis, first: int, session: Millis | None, known: int, most: int
    ) -> tuple[int, dict[str, int]]:
        """How many acts were asked for, and how many each contender named."""
        free = np.ones(len(self.popularity), np.bool_)
        named: dict[str, int] = {}
        asked, began, trained = 0, 0, int(np.searchsorted(self.at, since))
        for place in range(len(self.item)):
            if session is not None and place and self.at[place] - self.at[place - 1] > session:
                began = place
            item = int(self.item[place])
            wanted = place >= known and self.at[place] >= since and self.weight[place] >= TAKEN_TO and free[item]
            if wanted and (session is None or place > began):
                asked += 1
                for name, scores in field.items():
                    named[name] = named.get(name, 0) + self._names(scores, place, item, free, first)
                    if session is not None and name != POPULARITY:
                        for way in WAYS:
                            end = trained if way.startswith(AT_SINCE) else began
                            found = self._names(scores, end, item, free, first, evenly=way.endswith(EVENLY))
                            named[name + way] = named.get(name + way, 0) + found
                if asked >= most:
                    break
            free[item] = False
        return asked, named

    def _names(
        self, scores: Scores, end: int, item: int, free: NDArray[np.bool_], first: int, *, evenly: bool = False
    ) -> bool:
        """Whether `item` is among the `first` free items, judged by the acts before `end`."""
        begin = max(0, end - RECENT)
        columns = (self.item[begin:end].tolist(), self.weight[begin:end].tolist(), self.at[begin:end].tolist())
        now = int(self.at[min(end, len(self.at) - 1)])
        acts = list(zip(*columns, strict=True))
        sums, counted = summed(acts), strengths(acts, now, evenly=evenly)
        counts = np.array([counted.get(item, 0.0) for item in sums])  # the faintest are left out there
        found = scores(np.array(list(sums), np.int64), counts, np.array(list(sums.values())))
        better = (found > found[item]) | ((found == found[item]) & (self.popularity > self.popularity[item]))
        return int(np.count_nonzero(better & free)) < first
