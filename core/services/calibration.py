"""Calibration as a use case: counted and fitted by the worker, measured on days the fit has not seen, shown and gone back to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.domain.account import Account, Role
from core.domain.calibration import ActionCalibration, CalibrationDay, CalibrationVersion
from core.domain.errors import Conflict, Duplicate, InvalidInput
from core.domain.ids import DAY, HOUR, Millis
from core.domain.job import Job, JobKind
from core.domain.model import MAX_WHY
from core.domain.ports.media import Progress
from core.feed.actions import ACTIONS
from core.services.audit import Audit
from core.services.calibration_days import CalibrationDays, total
from core.services.feed_calibration import SIGNAL, newest_version
from core.services.jobs import Jobs
from core.services.stores import Stores
from core.statistics.calibration import Counts, fit, measures, reliability

SUBJECT: Final = "calibration"
ENOUGH: Final = 1_000
"""Impressions before the machine fits by itself."""
SETTLED: Final = 5_000
"""A version that rests on fewer is renewed as soon as there is a tenth more, not once an EVERY."""
GROWTH: Final = 0.1
EVERY: Final[Millis] = HOUR
HELD_OUT: Final = 0.2
"""The newest days that hold this share of the impressions measure what the days before them say."""
HISTORY: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """What the page shows: the version in force (None: as predicted), the last versions with it, the days that are counted.

    `names` are those of the accounts that made versions, by id.
    """

    current: CalibrationVersion | None
    history: tuple[CalibrationVersion, ...]
    days: tuple[CalibrationDay, ...]
    names: Mapping[str, str]

    @property
    def impressions(self) -> int:
        return sum(day.impressions for day in self.days)


class Calibrations:
    """Fit, publish, go back. A published version reaches every feed process with its next page."""

    def __init__(self, stores: Stores, jobs: Jobs, audit: Audit) -> None:
        self._stores, self._jobs, self._audit = stores, jobs, audit
        self._days = CalibrationDays(stores)

    def report(self, actor: Account, *, now: Millis) -> CalibrationReport:
        """What is in force and what it rests on."""
        actor.require(Role.PRODUCT_MANAGER)
        newest = self._stores.calibrations.find(order="number", descending=True, limit=HISTORY).items
        makers = self._stores.accounts.get_many(sorted({one.made_by for one in newest} - {""}))
        return CalibrationReport(
            current=newest[0] if newest else None,
            history=tuple(newest),
            days=tuple(self._days.held(now=now)),
            names={id: account.name for id, account in makers.items()},
        )

    def ask(self, actor: Account, *, now: Millis) -> Job:
        """Have the worker count and fit now; the job that is under way already, if there is one."""
        actor.require(Role.PRODUCT_MANAGER)
        latest = self._jobs.latest(SUBJECT, kind=JobKind.CALIBRATE)
        if latest is not None and self._jobs.unfinished(SUBJECT, JobKind.CALIBRATE):
            return latest
        self._audit.record(actor, "calibration.fit", SUBJECT, now=now)
        return self._jobs.enqueue(JobKind.CALIBRATE, SUBJECT, now=now, asked_by=actor.id)

    def job(self, actor: Account) -> Job | None:
        """The newest job that counts and fits."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._jobs.latest(SUBJECT, kind=JobKind.CALIBRATE)

    def go_back(self, actor: Account, id: str, why: str, *, seen: int | None = None, now: Millis) -> CalibrationVersion:
        """Put an earlier version in force again, or with "" what is predicted as it is. Holds until the next fit.

        `seen` is the number of the version that the person saw as in force: Conflict if there is another one by now. Raises
        NotFound, InvalidInput without a reason or if it is in force already.
        """
        actor.require(Role.PRODUCT_MANAGER)
        if not (why := why.strip()) or len(why) > MAX_WHY:
            raise InvalidInput("why", why, f"say why, in 1 to {MAX_WHY} characters")
        newest = newest_version(self._stores)
        if seen is not None and newest is not None and newest.number != seen:
            raise Conflict(
                f"version {newest.number} has come in the meantime; nothing was changed, look at it and decide again",
                field="seen",
                value=newest.number,
            )
        source = self._stores.calibrations.get(id) if id else None
        if newest is None or newest.id == id:
            raise InvalidInput("version", id, "this version is in force already")
        made = source or CalibrationVersion(id="", number=0, impressions=newest.impressions)
        made = replace(made, base=id or "none", why=why)
        self._audit.record(actor, "calibration.go_back", id or "none", now=now, instead_of=newest.id, why=why)
        return self._publish(made, by=actor.id, now=now)

    def run(self, job: Job, progress: Progress, *, clock: Callable[[], Millis]) -> CalibrationVersion | None:
        """Count and, if it is due or a person asked, fit and publish. For the worker; safe to repeat."""
        impressions = self._days.count(progress, now=clock())
        if not impressions or (not job.asked_by and not self._fit_due(impressions, now=clock())):
            return None
        progress(0.9, "Fitting")
        return self.fit(by=job.asked_by, now=clock())

    def sweep(self, *, now: Millis) -> bool:
        """Queue the job when the log has moved, once an EVERY, at each sweep until much is counted; True if it was queued."""
        if self._jobs.unfinished(SUBJECT, JobKind.CALIBRATE):
            return False
        latest = self._jobs.latest(SUBJECT, kind=JobKind.CALIBRATE)
        recent = latest is not None and now - latest.created_at < EVERY
        newest = newest_version(self._stores)
        settled = newest is not None and newest.impressions >= SETTLED
        if (recent and settled) or not self._days.waiting(now=now):
            return False
        self._jobs.enqueue(JobKind.CALIBRATE, SUBJECT, now=now)
        return True

    def fit(self, *, by: str = "", now: Millis) -> CalibrationVersion:
        """Fit what is counted, measure it on held-out days, publish. For the worker. Raises InvalidInput without impressions."""
        days = [day for day in self._days.held(now=now) if day.impressions]
        if not days:
            raise InvalidInput("impressions", 0, "no slot that was seen has been counted yet")
        seen, held_out = _split(days)
        whole, early, late = total(days), total(seen), total(held_out)
        actions = {
            action: _action(number, whole, early, late if held_out else None) for number, action in enumerate(ACTIONS)
        }
        made = CalibrationVersion(
            id="",
            number=0,
            actions=actions,
            impressions=sum(day.impressions for day in days),
            since=days[0].day,
            until=days[-1].day,
            held_out=tuple(day.day for day in held_out),
        )
        return self._publish(made, by=by, now=now)

    def _publish(self, version: CalibrationVersion, *, by: str, now: Millis) -> CalibrationVersion:
        for _ in range(8):
            newest = newest_version(self._stores)
            number = newest.number + 1 if newest is not None else 1
            stored = replace(
                version,
                id=f"calibration-{number:06}",
                number=number,
                version=1,
                made_by=by,
                created_at=now,
                updated_at=now,
            )
            try:
                self._stores.calibrations.insert(stored)
            except Duplicate:
                continue
            self._stores.live.signals.bump(SIGNAL)
            return stored
        raise InvalidInput("version", version.number, "others are publishing at the same time; try again")

    def _fit_due(self, impressions: int, *, now: Millis) -> bool:
        newest = newest_version(self._stores)
        if newest is None:
            return impressions >= ENOUGH
        grown = abs(impressions - newest.impressions) >= GROWTH * newest.impressions
        return grown or now - newest.created_at >= DAY


def _split(days: Sequence[CalibrationDay]) -> tuple[list[CalibrationDay], list[CalibrationDay]]:
    """Earlier days to fit on and the newest ones to measure with; no such days if there is only one."""
    wanted, cut = HELD_OUT * sum(day.impressions for day in days), len(days)
    while cut > 1 and sum(day.impressions for day in days[cut:]) < wanted:
        cut -= 1
    return list(days[:cut]), list(days[cut:])


def _action(number: int, whole: Counts, early: Counts, late: Counts | None) -> ActionCalibration:
    """One action: fitted on everything, measured on the days that the fit of the earlier ones had not seen."""
    everything = whole.action(number)
    line = fit(everything)
    tried, unseen = fit(early.action(number)), (late or whole).action(number)
    return ActionCalibration(
        intercept=line.intercept,
        slope=line.slope,
        impressions=int(everything.impressions.sum()),
        happened=int(everything.happened.sum()),
        before=measures(unseen) if late is not None else None,
        after=measures(unseen, tried) if late is not None else None,
        rows=reliability(unseen, tried),
    )
