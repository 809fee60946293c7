"""The engine: order, fallbacks, what fails open and what fails closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from msgspec import structs

from core.pipeline.candidates import Candidates, Kept, Proposal, Selection
from core.pipeline.engine import FeedPipeline


@dataclass(frozen=True)
class Query:
    size: int = 3


@dataclass(frozen=True)
class Rows:
    rows: tuple[int, ...]

    def propose(self, query: Query) -> Proposal:
        return Proposal(np.array(self.rows, np.int32))


class Broken:
    def propose(self, query: Query) -> Proposal:
        raise OSError("the index is gone")

    def filter(self, query: Query, candidates: Candidates) -> Kept:
        raise OSError("no verdicts")

    def score(self, query: Query, candidates: Candidates) -> Candidates:
        raise OSError("no model")

    def select(self, query: Query, candidates: Candidates) -> Selection:
        raise OSError("no mix")


class ByRow:
    def score(self, query: Query, candidates: Candidates) -> Candidates:
        return candidates.scored(score=-candidates.rows.astype(np.float64))


class First:
    def select(self, query: Query, candidates: Candidates) -> Selection:
        order = np.argsort(-candidates["score"], kind="stable")
        page = candidates.at(order[: query.size])
        return Selection(page, ("best",) * len(page), np.ones(len(page)))


@dataclass(frozen=True)
class Without:
    refused: tuple[int, ...]

    def filter(self, query: Query, candidates: Candidates) -> Kept:
        return Kept.of(candidates, ("refused", np.isin(candidates.rows, self.refused)))


def shown(pipeline: FeedPipeline[Query]) -> list[int]:
    return pipeline.run(Query()).selection.page.rows.tolist()


def test_a_row_from_two_sources_comes_once_with_both_bits() -> None:
    pipeline = FeedPipeline[Query](sources=(Rows((5, 2)), Rows((2, 9))), selector=First(), scorers=(ByRow(),))
    page = pipeline.run(Query()).selection.page
    assert page.rows.tolist() == [2, 5, 9]
    assert page.sources.tolist() == [0b11, 0b01, 0b10]


def test_a_failing_source_leaves_the_page_to_the_others_and_is_named_in_the_trace() -> None:
    pipeline = FeedPipeline[Query](sources=(Broken(), Rows((1, 2, 3))), selector=First(), scorers=(ByRow(),))
    outcome = pipeline.run(Query())
    assert outcome.selection.page.rows.tolist() == [1, 2, 3]
    assert [stage.stage for stage in outcome.stages if stage.failed] == ["broken"]


def test_a_failing_scorer_does_not_empty_the_page() -> None:
    pipeline = FeedPipeline[Query](sources=(Rows((1, 2, 3)),), selector=First(), scorers=(Broken(),))
    assert sorted(shown(pipeline)) == [1, 2, 3]


def test_a_failing_filter_or_safety_check_shows_nothing() -> None:
    assert shown(FeedPipeline[Query](sources=(Rows((1, 2)),), selector=First(), filters=(Broken(),))) == []
    assert shown(FeedPipeline[Query](sources=(Rows((1, 2)),), selector=First(), late_filters=(Broken(),))) == []


def test_the_slot_that_safety_emptied_is_filled_by_selecting_again() -> None:
    pipeline = FeedPipeline[Query](
        sources=(Rows((1, 2, 3, 4, 5)),), selector=First(), scorers=(ByRow(),), late_filters=(Without((2, 4)),)
    )
    assert shown(pipeline) == [1, 3, 5]


def test_a_broken_selector_leaves_the_best_scores() -> None:
    pipeline = FeedPipeline[Query](sources=(Rows((4, 1, 3, 2)),), selector=Broken(), scorers=(ByRow(),))
    outcome = pipeline.run(Query())
    assert outcome.selection.page.rows.tolist() == [1, 2, 3]
    assert outcome.notes


def test_fallbacks_are_asked_only_while_the_page_cannot_be_filled() -> None:
    full = FeedPipeline[Query](sources=(Rows((1, 2, 3)),), fallbacks=(Rows((7,)), Rows((8,))), selector=First())
    assert 7 not in shown(full)
    short = FeedPipeline[Query](
        sources=(Rows((1, 2)),), fallbacks=(Rows((7,)), Rows((8,))), selector=First(), scorers=(ByRow(),)
    )
    assert shown(short) == [1, 2, 7]


class Choosy(First):
    """Lacks choice until there are more than four candidates; tells of how many it has chosen."""

    def __init__(self) -> None:
        self.chose_from: list[int] = []

    def select(self, query: Query, candidates: Candidates) -> Selection:
        self.chose_from.append(len(candidates))
        return structs.replace(super().select(query, candidates), lacking=len(candidates) <= 4)


@pytest.mark.parametrize(
    ("found", "chose_from", "page"),
    [
        ((3, 4, 5, 6, 7), [5], [3, 4, 5]),
        ((3, 4, 5, 6), [4, 6], [1, 2, 3]),
        ((1, 2, 3, 4), [4], [1, 2, 3]),
    ],
)
def test_wider_sources_are_asked_once_if_the_selector_lacked_choice_and_count_if_they_bring_something(
    found: tuple[int, ...], chose_from: list[int], page: list[int]
) -> None:
    selector = Choosy()
    pipeline = FeedPipeline[Query](
        sources=(Rows(found),), fallbacks=(Rows((0,)),), wider=(Rows((1, 2)),), selector=selector, scorers=(ByRow(),)
    )
    outcome = pipeline.run(Query())
    assert outcome.selection.page.rows.tolist() == page
    assert selector.chose_from == chose_from
    assert [bit for bit, _ in outcome.proposals] == ([0, 2] if len(found) == 4 else [0])
    assert len(pipeline.source_names) == 3


def test_what_the_late_check_refused_does_not_come_back_from_wider_sources() -> None:
    pipeline = FeedPipeline[Query](
        sources=(Rows((1, 2, 3, 4)),), wider=(Rows((2, 9)),), selector=Choosy(), scorers=(ByRow(),),
        late_filters=(Without((2,)),),
    )  # fmt: skip
    outcome = pipeline.run(Query())
    assert outcome.selection.page.rows.tolist() == [1, 3, 4]
    assert outcome.refused.tolist().count(2) == 1


def test_a_page_is_exhausted_when_it_shows_every_candidate() -> None:
    assert FeedPipeline[Query](sources=(Rows((1, 2, 3)),), selector=First()).run(Query()).exhausted
    assert not FeedPipeline[Query](sources=(Rows((1, 2, 3, 4)),), selector=First()).run(Query()).exhausted


def test_each_drop_is_counted_under_the_first_reason_that_fits() -> None:
    candidates = Candidates(np.arange(4, dtype=np.int32), np.ones(4, np.uint32))
    kept = Kept.of(candidates, ("seen", np.array([1, 1, 0, 0], bool)), ("old", np.array([0, 1, 1, 0], bool)))
    assert kept.dropped == {"seen": 2, "old": 1}
    assert kept.candidates.rows.tolist() == [3]
