"""The calibration in force as arrays, so that it costs a multiplication and an addition per predicted chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain.calibration import CalibrationVersion
from core.feed.actions import ACTIONS
from core.pipeline.candidates import FloatArray


@dataclass(frozen=True, eq=False)
class Calibration:
    """Per action of ACTIONS: log-odds used = `intercept` + `slope` × log-odds predicted. `number` is the version's, 0 for none."""

    number: int
    intercept: FloatArray
    slope: FloatArray

    @staticmethod
    def of(version: CalibrationVersion) -> Calibration:
        """A stored version; an action that it does not name is left as predicted."""
        found = [version.actions.get(action) for action in ACTIONS]
        return Calibration(
            version.number,
            np.array([one.intercept if one else 0.0 for one in found]),
            np.array([one.slope if one else 1.0 for one in found]),
        )

    def predicted(self, chances: FloatArray) -> FloatArray:
        """Back from calibrated chances (n, actions) to the log-odds that were predicted."""
        bounded = np.clip(chances, 1e-12, 1 - 1e-9)
        return np.asarray((np.log(bounded) - np.log1p(-bounded) - self.intercept) / self.slope)


AS_PREDICTED = Calibration(0, np.zeros(len(ACTIONS)), np.ones(len(ACTIONS)))
