"""The calibration in force as arrays, so that it costs a multiplication and an addition per predicted chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

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

    def hundredths(self, chances: Sequence[FloatArray], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Back from calibrated chances, a column (n,) per action, to the log-odds that were predicted, of some `places` (m,) in
        hundredths (m, actions)."""
        return np.asarray(_hundredths(tuple(chances), places, self.intercept, self.slope))


@njit(cache=True, nogil=True)
def _hundredths(chances, places, intercept, slope):  # type: ignore[no-untyped-def]
    """The same, compiled: a dozen steps over some ten slots would take longer one by one."""
    found = np.empty((len(places), len(chances)), np.int64)
    for action, column in enumerate(chances):
        for slot in range(len(places)):
            chance = min(max(column[places[slot]], 1e-12), 1 - 1e-9)
            odds = (np.log(chance) - np.log1p(-chance) - intercept[action]) / slope[action]
            found[slot, action] = np.rint(odds * 100)
    return found


AS_PREDICTED = Calibration(0, np.zeros(len(ACTIONS)), np.ones(len(ACTIONS)))
