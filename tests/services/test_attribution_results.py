"""Reports of what served slots brought: rows in pages, and never more than was asked for."""

from __future__ import annotations

import pytest

from core.domain.anonymous import Anonymous
from core.domain.attribution import AttributionDay, AttributionReport, Basis, Grouping, Sums
from core.domain.ids import DAY
from core.feed.attribution_sums import SEPARATOR
from core.services.attribution_results import MOST_ROWS, AttributionResults
from tests.fakes.stores import memory_stores

TODAY = 20_776
NOW = TODAY * DAY + 5


@pytest.fixture
def results() -> AttributionResults:
    """Three posts of three publishers on each of two days; the later ones bring more. One order goes to no slot."""
    stores = memory_stores()
    for day in (TODAY - 1, TODAY):
        for number in range(3):
            cells = {
                SEPARATOR.join(("ugc", "for_you-1", "", Basis.CLICK)): Sums(
                    orders=1, items=1, revenue_minor=100 * (number + 1)
                )
            }
            id = f"{day}.p{number}"
            stores.attribution_days.insert(
                AttributionDay(id=id, day=day, post=f"p{number}", publisher=f"pub-{number}", cells=cells)
            )
    lost = {SEPARATOR.join(("", "", "", Basis.NONE)): Sums(orders=1, items=1, revenue_minor=7)}
    stores.attribution_days.insert(AttributionDay(id=f"{TODAY}.", day=TODAY, post="", cells=lost))
    return AttributionResults(stores, Anonymous("of this shop"))


def lines(report: AttributionReport) -> list[tuple[str, str]]:
    return [(row.day[-2:], row.key) for row in report.rows]


def test_a_report_comes_in_pages_and_its_sums_are_those_of_all_rows(results: AttributionResults) -> None:
    whole = results.report(by=Grouping.POST, now=NOW)
    assert [key for _, key in lines(whole)] == ["p2", "p1", "p0"] * 2
    assert whole.cursor is None
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    for size in (4, 2):
        page = results.report(by=Grouping.POST, now=NOW, limit=4, cursor=cursor)
        assert len(page.rows) == size
        assert (page.attributed, page.unattributed) == (whole.attributed, whole.unattributed)
        found, cursor = found + lines(page), page.cursor
    assert (found, cursor) == (lines(whole), None)
    assert results.report(by=Grouping.POST, now=NOW, limit=MOST_ROWS, cursor="99").rows == ()


def test_a_publisher_that_is_none_has_no_rows(results: AttributionResults) -> None:
    assert [row.key for row in results.report(by=Grouping.PUBLISHER, now=NOW, daily=False, publisher="pub-1").rows] == [
        "pub-1"
    ]
    assert results.report(by=Grouping.PUBLISHER, now=NOW, publisher="").rows == ()
