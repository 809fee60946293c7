"""The engine: runs the stages of a feed in order, times them, and knows which may fail open and which fail closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

from core.domain.feed import StageTrace
from core.pipeline.candidates import Candidates, IntArray, Selection
from core.pipeline.stages import Filter, Hydrator, Scorer, Selector, SideEffect, Source
from core.pipeline.trace import Trace, name_of


class Sized(Protocol):
    """What the engine itself needs to know of a query."""

    @property
    def size(self) -> int:
        """How many slots the page has."""


Q = TypeVar("Q", bound=Sized)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A page and the trace of how it came about. `exhausted` if no candidate is left that this page does not show.

    `proposals` are (bit number, rows) of every source that was asked, `candidates` what the selector chose from with all scores,
    and `refused` the rows that a late filter took out.
    """

    selection: Selection
    stages: tuple[StageTrace, ...]
    notes: tuple[str, ...]
    exhausted: bool
    proposals: tuple[tuple[int, IntArray], ...] = ()
    candidates: Candidates = field(default_factory=Candidates.none)
    refused: IntArray = field(default_factory=lambda: np.empty(0, np.int32))


@dataclass(frozen=True)
class FeedPipeline(Generic[Q]):
    """A feed as its table of contents.

    Sources propose, hydrators look facts up, filters drop, scorers write columns, the selector makes the page, late filters
    check what is about to be shown (a hole is filled by selecting again, so every rule of the mix still holds), side effects
    act on it. Fallbacks are sources that are asked, in order, only while fewer candidates than slots are left.
    The order of `sources + fallbacks` numbers the bits in `Candidates.sources`.
    """

    sources: tuple[Source[Q], ...]
    selector: Selector[Q]
    fallbacks: tuple[Source[Q], ...] = ()
    hydrators: tuple[Hydrator[Q], ...] = ()
    filters: tuple[Filter[Q], ...] = ()
    scorers: tuple[Scorer[Q], ...] = ()
    late_filters: tuple[Filter[Q], ...] = ()
    side_effects: tuple[SideEffect[Q], ...] = ()

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources by bit number."""
        return tuple(name_of(source) for source in (*self.sources, *self.fallbacks))

    def bit(self, kind: type) -> int:
        """The bit mask of the source of this class; 0 if the pipeline has none."""
        for number, source in enumerate((*self.sources, *self.fallbacks)):
            if isinstance(source, kind):
                return 1 << number
        return 0

    def run(self, query: Q) -> Outcome:
        """Make one page. Raises nothing: what fails is named in the trace."""
        trace = Trace()
        candidates, proposals, notes = self._gather(query, trace)
        for hydrator in self.hydrators:
            with trace.step(hydrator, "hydrator", len(candidates)):
                candidates = hydrator.hydrate(query, candidates)
        for scorer in self.scorers:
            with trace.step(scorer, "scorer", len(candidates)):
                candidates = scorer.score(query, candidates)
        selection, refused = self._select(query, candidates, trace)
        for effect in self.side_effects:
            with trace.step(effect, "side effect", len(selection.page)):
                effect.run(query, selection)
        return Outcome(
            selection=selection,
            stages=tuple(trace.stages),
            notes=(*notes, *selection.notes),
            exhausted=len(candidates) - len(refused) <= len(selection.page),
            proposals=proposals,
            candidates=candidates,
            refused=refused,
        )

    def _gather(self, query: Q, trace: Trace) -> tuple[Candidates, tuple[tuple[int, IntArray], ...], tuple[str, ...]]:
        """Propose and filter; ask fallbacks while the page could not be filled."""
        proposals: list[tuple[int, IntArray]] = []
        notes: list[str] = []
        for bit, source in enumerate(self.sources):
            self._propose(query, source, bit, "source", proposals, notes, trace)
        candidates = self._filter(query, self.filters, Candidates.merged(proposals), trace)
        for bit, source in enumerate(self.fallbacks, start=len(self.sources)):
            if len(candidates) >= query.size:
                break
            self._propose(query, source, bit, "fallback", proposals, notes, trace)
            candidates = self._filter(query, self.filters, Candidates.merged(proposals), trace)
        return candidates, tuple(proposals), tuple(notes)

    def _propose(
        self,
        query: Q,
        source: Source[Q],
        bit: int,
        kind: str,
        proposals: list[tuple[int, IntArray]],
        notes: list[str],
        trace: Trace,
    ) -> None:
        with trace.step(source, kind) as step:
            proposal = source.propose(query)
            proposals.append((bit, proposal.rows))
            notes.extend([proposal.note] if proposal.note else [])
            passed = dict(proposal.passed_over)
            step.before = len(proposal.rows) + sum(passed.values())
            step.after, step.dropped = len(proposal.rows), passed

    def _filter(
        self, query: Q, filters: tuple[Filter[Q], ...], candidates: Candidates, trace: Trace, kind: str = "filter"
    ) -> Candidates:
        """Run filters one after the other. One that fails drops everything it could not check."""
        for one in filters:
            with trace.step(one, kind, len(candidates)) as step:
                kept = one.filter(query, candidates)
                candidates, step.dropped, step.after = kept.candidates, kept.dropped, len(kept.candidates)
            if step.failed:
                candidates = Candidates.none()
        return candidates

    def _select(self, query: Q, candidates: Candidates, trace: Trace) -> tuple[Selection, IntArray]:
        """Select, check the page late, and select again without what the late check refused, until nothing is refused.

        Returns the selection and the rows that were refused.
        """
        gone = np.empty(0, np.int32)
        while True:
            selection: Selection | None = None
            with trace.step(self.selector, "selector", len(candidates)) as step:
                selection = self.selector.select(query, candidates)
                step.after = len(selection.page)
            if selection is None:
                selection = _best_scores(query.size, candidates)
            shown = self._filter(query, self.late_filters, selection.page, trace, "late filter")
            if len(shown) == len(selection.page):
                return selection, gone
            refused = np.setdiff1d(selection.page.rows, shown.rows)
            gone = np.concatenate((gone, refused))
            candidates = candidates.where(~np.isin(candidates.rows, refused))


def _best_scores(size: int, candidates: Candidates) -> Selection:
    """The page if the selector itself failed: the best scores, no rules."""
    order = np.argsort(-candidates["score"], kind="stable")
    return Selection(
        page=candidates.at(order[:size]),
        reserve=candidates.at(order[size:]),
        rules=("fallback",) * min(size, len(candidates)),
        propensities=np.ones(min(size, len(candidates))),
        notes=("The mix could not be applied; these are the best scores.",),
    )
