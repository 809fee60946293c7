"""The lots of a request."""

from __future__ import annotations

import numpy as np
from scipy.stats import kstest

from core.feed.query import lots


def test_a_request_always_draws_the_same_lots() -> None:
    one = "01JDZX3M8Q0000000000000000"
    assert lots(one).random(20).tolist() == lots(one).random(20).tolist()
    assert lots(one).random() != lots("another").random()


def test_lots_are_even_within_a_request_and_over_requests() -> None:
    firsts = [lots(f"request {number}").random() for number in range(2_000)]
    assert kstest(firsts, "uniform").pvalue > 1e-4
    assert kstest(lots("one").random(2_000), "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(firsts[1:], firsts[:-1])[0, 1]) < 0.1
