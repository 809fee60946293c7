"""The work queue: what the worker does, with progress that pages show live."""

from __future__ import annotations

from collections.abc import Collection

from core.domain.errors import Conflict
from core.domain.ids import SECOND, Millis, new_id
from core.domain.job import JOB_LEASE, MAX_ATTEMPTS, PRIORITY, Job, JobKind, JobState
from core.services.stores import Stores

JOBS = "jobs"
"""The signal that every new job bumps, so that idle workers need not ask often."""
UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
_TRIES = 8


class Jobs:
    """Enqueue, claim under a lease, report progress, finish. A killed worker's job is claimed again when its lease ends."""

    def __init__(self, stores: Stores) -> None:
        self._jobs = stores.jobs
        self._signals = stores.live.signals

    def enqueue(
        self, kind: JobKind, subject: str, *, now: Millis, priority: int | None = None, asked_by: str = ""
    ) -> Job:
        """Add a job and wake the workers. `priority` is that of its kind unless given; lower goes first."""
        rank = PRIORITY[kind] if priority is None else priority
        job = Job(
            id=new_id(now), kind=kind, subject=subject, priority=rank, asked_by=asked_by, created_at=now, updated_at=now
        )
        stored = self._jobs.insert(job)
        self._signals.bump(JOBS)
        return stored

    def claim(self, worker: str, *, now: Millis, kinds: Collection[JobKind] | None = None) -> Job | None:
        """The most urgent, then oldest job of `kinds` that waits or that a dead worker left; None when there is none."""
        lease: dict[str, object] = {"state": JobState.RUNNING, "worker": worker, "lease_until": now + JOB_LEASE}
        of_kind = {} if kinds is None else {"kind": {"in": sorted(kinds)}}
        waiting = {"state": JobState.QUEUED, "not_before": {"lte": now}}
        abandoned = {"state": JobState.RUNNING, "lease_until": {"lt": now}}
        for where in (abandoned, waiting):
            if (job := self._jobs.claim(where | of_kind, lease | {"updated_at": now}, order="priority")) is not None:
                return self._jobs.patch(job.id, {"attempts": job.attempts + 1}, expected_version=job.version)
        return None

    def progress(self, job: Job, fraction: float, step: str, *, now: Millis) -> Job:
        """Say how far it is (0..1) and renew the lease. Raises Conflict if another worker has taken the job over."""
        return self._patch(job, {"progress": round(fraction, 3), "step": step, "lease_until": now + JOB_LEASE}, now)

    def renew(self, job: Job, *, now: Millis) -> Job:
        """Keep the lease of a job that is still being worked on. Raises Conflict if another worker has taken it over."""
        return self._patch(job, {"lease_until": now + JOB_LEASE}, now)

    def finish(self, job: Job, *, now: Millis) -> Job:
        """Done."""
        return self._patch(job, {"state": JobState.DONE, "progress": 1.0, "step": "Done"}, now)

    def release(self, job: Job, *, now: Millis) -> Job:
        """Put a job back for another worker; the try does not count."""
        changes: dict[str, object] = {"state": JobState.QUEUED, "attempts": job.attempts - 1, "worker": ""}
        stored = self._patch(job, changes, now)
        self._signals.bump(JOBS)
        return stored

    def fail(self, job: Job, problem: str, *, now: Millis, final: bool = False) -> Job:
        """Try again later, or give up after MAX_ATTEMPTS or when `final`."""
        if final or job.attempts >= MAX_ATTEMPTS:
            return self._patch(job, {"state": JobState.FAILED, "problem": problem}, now)
        wait = 2**job.attempts * SECOND
        return self._patch(job, {"state": JobState.QUEUED, "problem": problem, "not_before": now + wait}, now)

    def latest(self, subject: str, *, kind: JobKind | None = None) -> Job | None:
        """The newest job of a post, or the newest of one kind."""
        where = {"subject": subject} | ({} if kind is None else {"kind": kind})
        page = self._jobs.find(where, order="created_at", descending=True, limit=1)
        return page.items[0] if page.items else None

    def unfinished(self, subject: str, kind: JobKind) -> bool:
        """Whether a job of this kind waits or runs for a post."""
        return self._jobs.count({"subject": subject, "kind": kind, "state": {"in": UNFINISHED}}) > 0

    def counts(self, kind: JobKind | None = None) -> dict[str, int]:
        """How many jobs, of one kind or of all, are in each state."""
        return self._jobs.group_counts("state", {} if kind is None else {"kind": kind})

    def _patch(self, job: Job, changes: dict[str, object], now: Millis) -> Job:
        """Patch the job while its claim still stands; the heartbeat and the work itself may both be writing."""
        for attempt in range(_TRIES):
            current = self._jobs.get(job.id)
            if (current.worker, current.attempts, current.state) != (job.worker, job.attempts, JobState.RUNNING):
                raise Conflict(f"job {job.id} is {current.state} and with {current.worker or 'nobody'} now")
            try:
                return self._jobs.patch(job.id, changes | {"updated_at": now}, expected_version=current.version)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")
