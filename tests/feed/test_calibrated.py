"""From calibrated chances back to what was predicted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.feed.actions import ACTIONS
from core.feed.calibrated import Calibration

odds = st.floats(-8, 8)


@given(st.lists(odds, min_size=len(ACTIONS), max_size=len(ACTIONS)), st.floats(0.5, 2), st.floats(-1, 1))
def test_the_log_odds_that_were_predicted_come_back_to_the_hundredth(
    predicted: list[float], slope: float, intercept: float
) -> None:
    calibration = Calibration(1, np.full(len(ACTIONS), intercept), np.full(len(ACTIONS), slope))
    chances = 1 / (1 + np.exp(-(intercept + slope * np.array(predicted))))
    found = calibration.hundredths([np.array([0.5, chance, chance]) for chance in chances], np.array([2, 1]))
    assert found.shape == (2, len(ACTIONS))
    assert np.abs(found - 100 * np.array(predicted)).max() <= 0.51
