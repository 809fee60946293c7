"""A page made again from its trace, by the stages that run today, and the first thing that came out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NoReturn, get_type_hints

import msgspec
import numpy as np
from msgspec import structs

from core.domain.viewer import ViewerState
from core.feed.engine_version import engine
from core.feed.index import Index
from core.feed.packed import Packed, unpacked
from core.feed.query import FeedQuery, lots, marks_of
from core.feed.trace_index import Rows, rebuilt
from core.feed.trace_record import FIELDS, How, Made, PageTrace, made_of
from core.feed.trace_standins import STANDINS
from core.pipeline.candidates import Candidates, IntArray, Kept, Proposal
from core.pipeline.engine import FeedPipeline, Outcome
from core.pipeline.trace import name_of


@dataclass(frozen=True, slots=True)
class Replayed:
    """A page made again. `difference` is empty if every post, score, rule and chance is the same to the last bit."""

    query: FeedQuery
    outcome: Outcome
    difference: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A source that proposes what it proposed then."""

    rows: IntArray
    name: str

    def propose(self, query: FeedQuery) -> Proposal:
        """The rows of the trace."""
        return Proposal(self.rows)


@dataclass(frozen=True, slots=True)
class Refused:
    """The late filters: what they refused then."""

    rows: IntArray
    name: str = "safety"

    def filter(self, query: FeedQuery, candidates: Candidates) -> Kept:
        """All but the refused."""
        return Kept.of(candidates, ("no verdict that allows it", np.isin(candidates.rows, self.rows)))


class FailedThen:
    """A stage that failed when the page was made, and so has to fail again."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, verb: str) -> Callable[..., NoReturn]:
        def fail(*_: object) -> NoReturn:
            raise RuntimeError("it failed when the page was made")

        return fail


def replay(trace: PageTrace, pipeline: FeedPipeline[FeedQuery]) -> Replayed:
    """The page of a trace made again by `pipeline`. Raises ValueError for a trace that this version cannot read."""
    query = _query(trace)
    outcome = _as_then(trace, pipeline).run(query)
    return Replayed(query, outcome, difference(trace, made_of(outcome)))


def prices_of(trace: PageTrace, made: Replayed, pipeline: FeedPipeline[FeedQuery]) -> dict[str, float]:
    """What each binding rule cost the page of a trace; pages are served without prices, as these take milliseconds."""
    query = structs.replace(made.query, priced=True, rng=lots(trace.request))
    return dict(_as_then(trace, pipeline).run(query).selection.prices)


def difference(trace: PageTrace, now: Made) -> str:
    """The first thing in which a page made again differs from the trace, in words; empty if nothing does."""
    then = trace.made
    why = "" if trace.engine == engine() else f" (made by engine {trace.engine}, this is {engine()})"
    ids = (*trace.ids, "")
    before, after = [ids[row] for row in then.rows.array()], [ids[row] for row in now.rows.array()]
    if len(before) != len(after):
        return f"the page had {len(before)} posts, made again it has {len(after)}{why}"
    for slot, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            return f"slot {slot + 1} held {old}, made again it holds {new}{why}"
    if gone := then.scores.keys() ^ now.scores.keys():
        return f"the score {min(gone)} is not in both{why}"
    for name in then.scores:
        if told := _first(f"{name} of", then.scores[name], now.scores[name]):
            return told + why
    for slot, (old, new) in enumerate(zip(then.rules, now.rules, strict=True)):
        if old != new:
            return f"slot {slot + 1} was placed by {old!r}, made again by {new!r}{why}"
    if told := _first("the propensity of", then.propensities, now.propensities):
        return told + why
    for name in ("displaced", "notes", "prices", "exhausted"):
        if (old := getattr(then, name)) != (new := getattr(now, name)):
            return f"{name} was {old!r}, made again {new!r}{why}"
    return ""


def _first(what: str, then: Packed, now: Packed) -> str:
    if then == now:
        return ""
    old, new = then.array(), now.array()
    if old.shape != new.shape:
        return f"{what} the slots has another shape"
    slot = int(np.flatnonzero((old != new) & ~(np.isnan(old) & np.isnan(new)))[0]) if (old != new).any() else 0
    return f"{what} slot {slot + 1} was {old[slot]!r}, made again {new[slot]!r}"


def _without_events(viewer: dict[str, Any]) -> dict[str, Any]:
    """A viewer as earlier versions recorded them, with the events applied in other forms, as it is recorded now."""
    return {name: value for name, value in viewer.items() if name != "applied"}


def _query(trace: PageTrace) -> FeedQuery:
    if missing := {name for name, how in FIELDS.items() if how is How.PLAIN} - trace.plain.keys():
        raise ValueError(f"this trace was kept before {min(missing)} was recorded")
    hints = get_type_hints(FeedQuery)
    values: dict[str, Any] = {
        name: msgspec.convert(value, hints[name], str_keys=True)
        for name, value in (trace.plain | {"viewer": _without_events(trace.plain["viewer"])}).items()
        if name in FIELDS
    }
    viewer: ViewerState = values["viewer"]
    held = Rows(
        np.arange(len(trace.ids), dtype=np.int32),
        trace.ids,
        {name: column.array() for name, column in trace.columns.items()},
        {name: (flat.array(), counts.array()) for name, (flat, counts) in trace.ragged.items()},
        trace.rest,
    )
    try:
        index: Index = rebuilt(held, trace.vocabularies, trace.known, trace.index)
    except TypeError as error:
        raise ValueError(f"this trace was kept by a version with other columns: {error}") from None
    values |= {name: vector.array() for name, vector in trace.vectors.items()}
    rows = index.number[:-1]
    for name, packed in trace.by_post.items():
        own = packed.array()
        values[name] = np.zeros((len(index.row_of), *own.shape[1:]), own.dtype)
        values[name][rows] = own
    values |= {name: hints[name](**unpacked(told)) for name, told in trace.arrays.items() if name in FIELDS}
    values |= {name: STANDINS[name].again(unpacked(told), viewer, index) for name, told in trace.standins.items()}
    return FeedQuery(index=index, rng=lots(trace.request), marks=marks_of(index, viewer), **values)


def _as_then(trace: PageTrace, pipeline: FeedPipeline[FeedQuery]) -> FeedPipeline[FeedQuery]:
    """The pipeline with sources that propose what they did, refusals as they were, and failures repeated."""
    proposed = {bit: rows.array() for bit, rows in trace.proposals}
    nothing = np.empty(0, np.int32)
    sources = tuple(Recorded(proposed.get(bit, nothing), name) for bit, name in enumerate(trace.sources))
    recorded = iter(sources)
    failed = {(stage.kind, stage.stage) for stage in trace.made.stages if stage.failed}

    def again(kind: str, stages: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(FailedThen(name_of(one)) if (kind, name_of(one)) in failed else one for one in stages)

    return replace(
        pipeline,
        sources=tuple(islice(recorded, len(sources) - len(pipeline.fallbacks) - len(pipeline.wider))),
        fallbacks=tuple(islice(recorded, len(pipeline.fallbacks))),
        wider=tuple(recorded),
        hydrators=again("hydrator", pipeline.hydrators),
        filters=again("filter", pipeline.filters),
        scorers=again("scorer", pipeline.scorers),
        selector=again("selector", (pipeline.selector,))[0],
        late_filters=(Refused(trace.refused.array()),),
    )
