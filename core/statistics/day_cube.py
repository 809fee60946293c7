"""All day sums of an experiment in one array, cumulated over days: any slice of it is moments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.experiment import Experiment
from core.domain.experiment_data import DaySums
from core.statistics.moments import FloatArray, Moments
from core.statistics.readout import Cell

WIDTH = 21


@dataclass(frozen=True, slots=True, eq=False)
class DayCube:
    """`sums` has shape (metrics, segments, phases, arms, days, 21) and runs up to and including each day."""

    metrics: tuple[str, ...]
    segments: tuple[str, ...]
    phases: tuple[int, ...]
    arms: tuple[str, ...]
    days: tuple[int, ...]
    sums: FloatArray
    crossovers: int = 0

    @staticmethod
    def of(experiment: Experiment, cells: Iterable[DaySums]) -> DayCube:
        """From stored day sums; days without events are filled in, so that looks are evenly spaced."""
        held = list(cells)
        metrics = tuple(metric.name for metric in experiment.metrics)
        arms = tuple(arm.name for arm in experiment.arms)
        segments = tuple(sorted({cell.segment for cell in held}))
        phases = tuple(sorted({cell.phase for cell in held}))
        days = tuple(range(min(c.day for c in held), max(c.day for c in held) + 1)) if held else ()
        sums = np.zeros((len(metrics), len(segments), len(phases), len(arms), len(days), WIDTH))
        at_segment, at_phase, at_arm = ({name: i for i, name in enumerate(axis)} for axis in (segments, phases, arms))
        for cell in held:
            if cell.arm not in at_arm:
                continue
            place = at_segment[cell.segment], at_phase[cell.phase], at_arm[cell.arm], cell.day - days[0]
            for index, name in enumerate(metrics):
                if (flat := cell.metrics.get(name)) is not None:
                    sums[(index, *place)] += flat
        return DayCube(
            metrics, segments, phases, arms, days, np.cumsum(sums, axis=4), sum(cell.crossovers for cell in held)
        )

    def cells(self, metric: str, arm: int, *, day: int = -1, segment: str | None = None) -> list[Cell]:
        """(control, treatment `arm`) per phase, up to the day with index `day` (-1: the last)."""
        if not self.days:
            return [(Moments.empty(4), Moments.empty(4))]
        block = self.sums[self.metrics.index(metric)]
        chosen = block.sum(axis=0) if segment is None else block[self.segments.index(segment)]
        return [(_moments(chosen[p, 0, day]), _moments(chosen[p, arm, day])) for p in range(len(self.phases))]

    def viewers(self, *, phase: int | None = None, segment: str | None = None, day: int = -1) -> list[float]:
        """Viewers per arm, up to a day, of one phase and segment or of all."""
        if not self.days:
            return [0.0] * len(self.arms)
        counts = self.sums[0, :, :, :, day, 0]
        if segment is not None:
            counts = counts[[self.segments.index(segment)]]
        if phase is not None:
            counts = counts[:, [self.phases.index(phase)]]
        return [float(n) for n in counts.sum(axis=(0, 1))]

    def daily_viewers(self) -> Sequence[Sequence[float]]:
        """New viewers per day and arm, shape (days, arms)."""
        if not self.days:
            return []
        total = self.sums[0, :, :, :, :, 0].sum(axis=(0, 1)).T
        return np.diff(total, axis=0, prepend=0.0).tolist()  # type: ignore[no-any-return]  # numpy does not say what tolist gives


def _moments(flat: FloatArray) -> Moments:
    n = float(flat[0])
    if n == 0:
        return Moments.empty(4)
    mean = flat[1:5] / n
    return Moments(n, mean, flat[5:].reshape(4, 4) - n * np.outer(mean, mean))
