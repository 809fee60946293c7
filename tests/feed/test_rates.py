"""From events to the rates that the score starts with: watches, completions and what is reported more than once."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.events import EventKind, ViewerEvent
from core.domain.post import PostTotals
from core.feed.actions import ACTIONS, USUAL_RATES, counts_of, post_rates
from core.feed.totals import add, sums_of
from tests.feed.world import NOW

COMPLETION = ACTIONS.index("completion")


def totals(*events: tuple[EventKind, float]) -> PostTotals:
    made = [
        ViewerEvent(id=f"e{place}", kind=kind, viewer="v", at=NOW, post="p", completion=completion)
        for place, (kind, completion) in enumerate(events)
    ]
    return add(PostTotals(id="p"), sums_of(made)["p"], now=NOW)


@pytest.mark.parametrize(("completion", "counted"), [(0.0, 0), (0.89, 0), (0.9, 1), (1.0, 1), (3.4, 1)])
def test_a_watch_is_a_completion_from_nine_tenths_on_and_loops_count_once(completion: float, counted: int) -> None:
    impressions, counts = counts_of(totals((EventKind.IMPRESSION, 0.0), (EventKind.WATCH, completion)))
    assert impressions == 1
    assert counts[COMPLETION] == counted


def test_completions_raise_the_rate_and_swipes_lower_it() -> None:
    rates = []
    for completion in (1.0, 0.2):
        acts = [(EventKind.IMPRESSION, 0.0), (EventKind.WATCH, completion)] * 60
        impressions, counts = counts_of(totals(*acts))
        found = post_rates(np.array([impressions]), counts[None, :], USUAL_RATES)
        rates.append(found[0, COMPLETION])
    assert rates[0] > USUAL_RATES[COMPLETION] + 0.2 > rates[1] + 0.2
    assert rates[0] == pytest.approx((60 + 40 * 0.35) / 100)


def test_an_app_that_reports_only_watches_is_taken_at_them() -> None:
    impressions, counts = counts_of(totals((EventKind.WATCH, 1.0), (EventKind.WATCH, 0.1)))
    assert (impressions, counts[COMPLETION]) == (2, 1)
