"""What the viewer will probably do with each post, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from core.domain.mix import DEFAULT_WEIGHTS
from core.feed.actions import ACTIONS, weights_of
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates

SIGN = np.array([-1 if DEFAULT_WEIGHTS[action] < 0 else 1 for action in ACTIONS], np.float32)


@dataclass(frozen=True, slots=True)
class Engagement:
    """Odds per action from the post's own smoothed rates, shifted by the viewer's affinity; their weighted sum is `engagement`.

    log-odds = log-odds(rate) + a, where a = tag·t/(2+|t|) + publisher·p/(1+|p|) + followed·f + trend·c/(c+10) +
    neighbours·n/(1+|n|) − language·other.
    Affinity enters saturated, so that a hundred likes of one tag do not drown everything else; for unwanted actions a is
    turned round. Then the calibration in force is applied per action: log-odds used = intercept + slope · log-odds. Without
    one, predicted rates are exact for a viewer of whom nothing is known. Chances are in single precision. All but the
    exponential is compiled; that stays with numpy, which takes several numbers at a time.
    """

    tag: float = 3.0
    publisher: float = 0.8
    followed: float = 0.5
    trend: float = 0.4
    neighbours: float = 2.0
    language: float = 0.8

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes one column per action, and `engagement`."""
        index, calibration = query.index, query.calibration
        other = self.language if query.language and index.languages.find(query.language) >= 0 else 0.0
        odds = _odds(
            candidates.rows,
            index.log_odds,
            index.language,
            index.languages.find(query.language),
            candidates["tag affinity"],
            candidates["publisher affinity"],
            candidates["followed"],
            candidates["trend"],
            candidates["neighbours"],
            (self.tag, self.publisher, self.followed, self.trend, self.neighbours, other),
            SIGN,
            calibration.slope,
            calibration.intercept,
        )
        engagement = _engagement(np.exp(odds, odds), weights_of(query.policy.weights))
        return candidates.scored(**dict(zip(ACTIONS, odds, strict=True)), engagement=engagement)


@njit(cache=True, nogil=True)
def _odds(  # type: ignore[no-untyped-def]
    rows, log_odds, language, own, tags, publishers, followed, trends, neighbours, weights, sign, slope, intercept
):
    """Calibrated log-odds (actions, n) against each action of this viewer."""
    actions = log_odds.shape[1]
    odds = np.empty((actions, len(rows)), np.float32)
    tag, publisher, follow, trend, near, other = weights
    by, upon = (-slope).astype(np.float32), intercept.astype(np.float32)
    for at in range(len(rows)):
        row = rows[at]
        total = (
            tag * tags[at] / (2 + abs(tags[at]))
            + publisher * publishers[at] / (1 + abs(publishers[at]))
            + follow * followed[at]
            + trend * trends[at] / (trends[at] + 10)
            + near * neighbours[at] / (1 + abs(neighbours[at]))
        )
        shift = np.float32(total - other if language[row] != own else total)
        for action in range(actions):
            odds[action, at] = (log_odds[row, action] + sign[action] * shift) * by[action] - upon[action]
    return odds


@njit(cache=True, nogil=True)
def _engagement(odds, weights):  # type: ignore[no-untyped-def]
    """The weighted sum (n,) of the chances of which these are the odds against; the chances stand in the place of the odds."""
    actions, count = odds.shape
    total = np.zeros(count)
    for action in range(actions):
        row, weight = odds[action], weights[action]
        for at in range(count):
            row[at] = np.float32(1) / (np.float32(1) + row[at])
            total[at] += weight * row[at]
    return total
