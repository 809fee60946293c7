"""The pure step of experiment metrics: one viewer event in, new viewer totals and changes of day sums out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Experiment
from core.domain.experiment_data import PAST_DAYS, Participation, ViewerTotals
from core.statistics.totals import Sums, added_up, contribution, day_of, row

CellKey = tuple[str, int, str, str, int]
"""Experiment, phase, arm, segment, day."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one event changes in one cell, per metric, and how many viewers turned up in a second arm."""

    cell: CellKey
    sums: dict[str, Sums]
    crossovers: int = 0


def accumulate(
    viewer: ViewerTotals, event: ViewerEvent, experiments: Mapping[str, Experiment]
) -> tuple[ViewerTotals, list[Change]]:
    """Count one event in. Events of one viewer come in the order of the log; `experiments` are those launched, by id.

    A late event counts on the last day its viewer was already counted on, so that the sums up to any day stay sums of viewers. What
    happened before a viewer's exposure or after the end of the experiment does not count for it.
    """
    if event.kind is EventKind.EXPOSURE:
        experiment = experiments.get(event.experiment)
        return (viewer, []) if experiment is None else _expose(viewer, event, experiment)
    added = contribution(event)
    day = day_of(event.at)
    today = viewer.days.get(day, {})
    if event.kind is EventKind.IMPRESSION and not today.get("active_days"):
        added["active_days"] = 1.0
    if not added:
        return viewer, []
    days = {d: totals for d, totals in viewer.days.items() if d > day - PAST_DAYS}
    days[day] = added_up(today, added)
    parts = dict(viewer.experiments)
    changes: list[Change] = []
    for id, part in viewer.experiments.items():
        experiment = experiments.get(id)
        if experiment is None or event.at < part.since or _ended(experiment, event.at):
            continue
        totals = added_up(part.totals, added)
        counted = max(day, part.last_day)
        parts[id] = replace(part, totals=totals, last_day=counted)
        changes.append(_change(experiment, part, part.totals, totals, counted))
    return replace(viewer, days=days, experiments=parts), changes


def _expose(viewer: ViewerTotals, event: ViewerEvent, experiment: Experiment) -> tuple[ViewerTotals, list[Change]]:
    """The first exposure starts a participation; one to another arm is recorded as a crossover and changes nothing else."""
    known = viewer.experiments.get(experiment.id)
    day = day_of(event.at)
    if all(arm.name != event.arm for arm in experiment.arms):
        return viewer, []
    if known is not None:
        if event.arm == known.arm or event.arm in known.arms:
            return viewer, []
        crossed = replace(known, arms=(*known.arms, event.arm))
        cell = (experiment.id, known.phase, known.arm, known.segment, max(day, known.last_day))
        return replace(viewer, experiments={**viewer.experiments, experiment.id: crossed}), [Change(cell, {}, 1)]
    before: dict[str, float] = {}
    for past, totals in viewer.days.items():
        if day - PAST_DAYS <= past < day:
            before = added_up(before, totals)
    part = Participation(
        arm=event.arm,
        phase=_phase(experiment, event.at),
        segment=event.text,
        since=event.at,
        last_day=day,
        before=before,
        arms=(event.arm,),
    )
    started = replace(viewer, experiments={**viewer.experiments, experiment.id: part})
    return started, [_change(experiment, part, None, {}, day)]


def _ended(experiment: Experiment, at: int) -> bool:
    """True after the last phase was closed: arms then show the same, and what they do would only hide the effect."""
    end = experiment.phases[-1].ended_at if experiment.phases else None
    return end is not None and at >= end


def _phase(experiment: Experiment, at: int) -> int:
    begun = [phase.number for phase in experiment.phases if phase.started_at <= at]
    return begun[-1] if begun else 0


def _change(
    experiment: Experiment,
    part: Participation,
    old: Mapping[str, float] | None,
    new: Mapping[str, float],
    day: int,
) -> Change:
    sums: dict[str, Sums] = {}
    for metric in experiment.metrics:
        if metric.since > part.since:
            continue  # a later revision: only viewers who joined since then have all their events in it
        change = Sums()
        change.replace(None if old is None else row(metric, old, part.before), row(metric, new, part.before))
        sums[metric.name] = change
    return Change((experiment.id, part.phase, part.arm, part.segment, day), sums)
