"""What the viewer will probably do with each post, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.feed.actions import ACTIONS, DEFAULT_WEIGHTS, weights_of
from core.feed.query import FeedQuery
from core.pipeline.candidates import Candidates, FloatArray

SIGN = np.array([-1 if DEFAULT_WEIGHTS[action] < 0 else 1 for action in ACTIONS], np.float32)


@dataclass(frozen=True, slots=True)
class Engagement:
    """Odds per action from the post's own smoothed rates, shifted by the viewer's affinity; their weighted sum is `engagement`.

    log-odds = log-odds(rate) + a, where a = tag·t/(1+|t|) + publisher·p/(1+|p|) + followed·f + trend·c/(c+10) +
    neighbours·n/(1+|n|) − language·other.
    Affinity enters saturated, so that a hundred likes of one tag do not drown everything else; for unwanted actions a is
    turned round. Then the calibration in force is applied per action: log-odds used = intercept + slope · log-odds. Without
    one, predicted rates are exact for a viewer of whom nothing is known. In single precision: 31 µs for 1,000 posts, where the
    same without calibration in double precision took 29.
    """

    tag: float = 1.6
    publisher: float = 0.8
    followed: float = 0.5
    trend: float = 0.4
    neighbours: float = 1.2
    language: float = 0.8

    def score(self, query: FeedQuery, candidates: Candidates) -> Candidates:
        """Writes one column per action, and `engagement`."""
        index, rows = query.index, candidates.rows
        tags, publisher, trend = candidates["tag affinity"], candidates["publisher affinity"], candidates["trend"]
        near = candidates["neighbours"]
        shift: FloatArray = (
            self.tag * tags / (1 + np.abs(tags))
            + self.publisher * publisher / (1 + np.abs(publisher))
            + self.followed * candidates["followed"]
            + self.trend * trend / (trend + 10)
            + self.neighbours * near / (1 + np.abs(near))
        )
        if query.language and (own := index.languages.find(query.language)) >= 0:
            shift = shift - self.language * (index.language[rows] != own)
        rates, calibration = index.rates[rows], query.calibration
        odds = np.log(rates / (1 - rates)) + SIGN * shift.astype(np.float32)[:, None]
        odds *= -calibration.slope.astype(np.float32)
        odds -= calibration.intercept.astype(np.float32)
        chances = (1 / (1 + np.exp(odds))).astype(np.float64)
        columns = {action: chances[:, place] for place, action in enumerate(ACTIONS)}
        return candidates.scored(**columns, engagement=chances @ weights_of(query.policy.weights))
