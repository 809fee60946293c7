"""The engine: runs the stages of a feed in order, times them, and knows which may fail open and which fail closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import msgspec
import numpy as np

from core.domain.feed import StageTrace
from core.domain.lazily import lazily
from core.pipeline.candidates import Candidates, IntArray, Selection
from core.pipeline.lockstep import Steps, alone
from core.pipeline.stages import Filter, Hydrator, Scorer, Selector, Source
from core.pipeline.trace import BESIDES, Trace, name_of


class Sized(Protocol):
    """What the engine itself needs to know of a query."""

    @property
    def size(self) -> int:
        """How many slots the page has."""


Q = TypeVar("Q", bound=Sized)


class Outcome(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A page and the trace of how it came about. `exhausted` if no candidate is left that this page does not show.

    `proposals` are (bit number, rows) of every source that was asked, `candidates` what the selector chose from with all scores,
    and `refused` the rows that a late filter took out.
    """

    selection: Selection
    trace: Trace
    notes: tuple[str, ...]
    exhausted: bool
    proposals: tuple[tuple[int, IntArray], ...] = ()
    candidates: Candidates = msgspec.field(default_factory=Candidates.none)
    refused: IntArray = msgspec.field(default_factory=lambda: np.empty(0, np.int32))

    @lazily
    def stages(self) -> tuple[StageTrace, ...]:
        """What each stage did. Put into words when first asked: most pages are served without them."""
        return self.trace.stages()


@dataclass(slots=True)
class _Gathered:
    """What sources have proposed so far, and how many fallbacks were asked."""

    proposals: list[tuple[int, IntArray]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fallbacks: int = 0

    @property
    def candidates(self) -> Candidates:
        """All proposals, each row once."""
        return Candidates.merged(self.proposals)


@dataclass(frozen=True)
class FeedPipeline(Generic[Q]):
    """A feed as its table of contents.

    Sources propose, hydrators look facts up, filters drop, scorers write columns, the selector makes the page, late filters
    check what is about to be shown (a hole is filled by selecting again, so every rule of the mix still holds). Fallbacks are
    sources that are asked, in order, only while fewer candidates than slots are left, `wider` ones if the selector says that it
    lacked choice: the page is then selected again from what they bring besides.
    The order of `sources + fallbacks + wider` numbers the bits in `Candidates.sources`. If a scorer failed, `spare` scores after
    the others, so that the page is still in an order that makes sense.
    """

    sources: tuple[Source[Q], ...]
    selector: Selector[Q]
    fallbacks: tuple[Source[Q], ...] = ()
    wider: tuple[Source[Q], ...] = ()
    hydrators: tuple[Hydrator[Q], ...] = ()
    filters: tuple[Filter[Q], ...] = ()
    scorers: tuple[Scorer[Q], ...] = ()
    spare: Scorer[Q] | None = None
    late_filters: tuple[Filter[Q], ...] = ()

    @lazily
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources by bit number."""
        return tuple(name_of(source) for source in (*self.sources, *self.fallbacks, *self.wider))

    def run(self, query: Q) -> Outcome:
        """Make one page. Raises nothing: what fails is named in the trace."""
        return alone(self.steps(query))

    def steps(self, query: Q) -> Steps[Outcome]:
        """The same stage by stage, for several pages that are made in step."""
        trace = Trace()
        gathered = _Gathered()
        for bit, source in enumerate(self.sources):
            self._propose(query, source, bit, "source", gathered, trace)
            yield
        candidates = self._filter(query, self.filters, gathered.candidates, trace)
        yield
        while len(candidates) < query.size and self._ask_fallback(query, gathered, trace):
            candidates = self._filter(query, self.filters, gathered.candidates, trace)
        candidates = yield from self._facts(query, candidates, trace)
        selection, refused = yield from self._select(query, candidates, trace)
        if selection.lacking and self.wider:
            wider = self._widened(query, candidates, refused, gathered, trace)
            if len(wider) > len(candidates):
                candidates = yield from self._facts(query, wider, trace)
                selection, more = yield from self._select(query, candidates, trace)
                refused = np.concatenate((refused, more))
        # A page that the late check has left short, as while the verdicts cannot be read, is filled from the other fallbacks.
        while len(refused) and len(selection.page) < query.size and self._ask_fallback(query, gathered, trace):
            allowed = gathered.candidates.where(~np.isin(gathered.candidates.rows, refused))
            candidates = yield from self._facts(query, self._filter(query, self.filters, allowed, trace), trace)
            selection, more = yield from self._select(query, candidates, trace)
            refused = np.concatenate((refused, more))
        return Outcome(
            selection=selection,
            trace=trace,
            notes=(*gathered.notes, *selection.notes),
            exhausted=_left(candidates, refused) <= len(selection.page),
            proposals=tuple(gathered.proposals),
            candidates=candidates,
            refused=refused,
        )

    def _facts(self, query: Q, candidates: Candidates, trace: Trace) -> Steps[Candidates]:
        """Look facts up and score."""
        for hydrator in self.hydrators:
            with trace.step(hydrator, "hydrator", len(candidates)):
                candidates = hydrator.hydrate(query, candidates)
            yield
        failed = False
        for scorer in self.scorers:
            with trace.step(scorer, "scorer", len(candidates)) as step:
                candidates = scorer.score(query, candidates)
            failed = failed or bool(step.failed)
            yield
        if failed and self.spare is not None:
            with trace.step(self.spare, "spare scorer", len(candidates)):
                candidates = self.spare.score(query, candidates)
        return candidates

    def _ask_fallback(self, query: Q, gathered: _Gathered, trace: Trace) -> bool:
        """Ask the next fallback; False if there is none left."""
        if gathered.fallbacks >= len(self.fallbacks):
            return False
        bit = len(self.sources) + gathered.fallbacks
        self._propose(query, self.fallbacks[gathered.fallbacks], bit, "fallback", gathered, trace)
        gathered.fallbacks += 1
        return True

    def _widened(
        self, query: Q, candidates: Candidates, refused: IntArray, gathered: _Gathered, trace: Trace
    ) -> Candidates:
        """All that may be shown, with what the wider sources bring; the candidates as they are if that is nothing."""
        before = len(gathered.candidates)
        for bit, source in enumerate(self.wider, start=len(self.sources) + len(self.fallbacks)):
            self._propose(query, source, bit, "wider source", gathered, trace)
        found = gathered.candidates
        if len(found) == before:
            return candidates
        allowed = found.where(~np.isin(found.rows, refused)) if len(refused) else found
        return self._filter(query, self.filters, allowed, trace)

    def _propose(self, query: Q, source: Source[Q], bit: int, kind: str, gathered: _Gathered, trace: Trace) -> None:
        with trace.step(source, kind) as step:
            proposal = source.propose(query)
            gathered.proposals.append((bit, proposal.rows))
            if proposal.note:
                gathered.notes.append(proposal.note)
            step.before, step.after, step.dropped = BESIDES, len(proposal.rows), proposal.passed_over

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

    def _select(self, query: Q, candidates: Candidates, trace: Trace) -> Steps[tuple[Selection, IntArray]]:
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
            yield
            shown = self._filter(query, self.late_filters, selection.page, trace, "late filter")
            if len(shown) == len(selection.page):
                return selection, gone
            refused = np.setdiff1d(selection.page.rows, shown.rows)
            gone = np.concatenate((gone, refused))
            candidates = candidates.where(~np.isin(candidates.rows, refused))


def _left(candidates: Candidates, refused: IntArray) -> int:
    """How many candidates were not refused."""
    return int(np.count_nonzero(~np.isin(candidates.rows, refused))) if len(refused) else len(candidates)


def _best_scores(size: int, candidates: Candidates) -> Selection:
    """The page if the selector itself failed: the best scores, no rules."""
    order = np.argsort(-candidates["score"], kind="stable")
    return Selection(
        page=candidates.at(order[:size]),
        rules=("fallback",) * min(size, len(candidates)),
        propensities=np.ones(min(size, len(candidates))),
        notes=("The mix could not be applied; these are the best scores.",),
    )
