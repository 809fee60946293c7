"""The work queue: what the worker does, with progress that pages show live."""

from __future__ import annotations

from core.domain.errors import Conflict
from core.domain.ids import SECOND, Millis, new_id
from core.domain.job import JOB_LEASE, MAX_ATTEMPTS, Job, JobKind, JobState
from core.services.stores import Stores


class Jobs:
    """Enqueue, claim under a lease, report progress, finish. A killed worker's job is claimed again when its lease ends."""

    def __init__(self, stores: Stores) -> None:
        self._jobs = stores.jobs

    def enqueue(self, kind: JobKind, subject: str, *, now: Millis) -> Job:
        """Add a job."""
        return self._jobs.insert(Job(id=new_id(now), kind=kind, subject=subject, created_at=now, updated_at=now))

    def claim(self, worker: str, *, now: Millis) -> Job | None:
        """The oldest job that waits, or that a dead worker left; None when there is none."""
        lease: dict[str, object] = {"state": JobState.RUNNING, "worker": worker, "lease_until": now + JOB_LEASE}
        waiting = {"state": JobState.QUEUED, "not_before": {"lte": now}}
        abandoned = {"state": JobState.RUNNING, "lease_until": {"lt": now}}
        for where in (waiting, abandoned):
            if (job := self._jobs.claim(where, lease | {"updated_at": now}, order="created_at")) is not None:
                return self._jobs.patch(job.id, {"attempts": job.attempts + 1}, expected_version=job.version)
        return None

    def progress(self, job: Job, fraction: float, step: str, *, now: Millis) -> Job:
        """Say how far it is (0..1) and renew the lease. Raises Conflict if another worker has taken the job over."""
        return self._patch(job, {"progress": round(fraction, 3), "step": step, "lease_until": now + JOB_LEASE}, now)

    def finish(self, job: Job, *, now: Millis) -> Job:
        """Done."""
        return self._patch(job, {"state": JobState.DONE, "progress": 1.0, "step": "Done"}, now)

    def fail(self, job: Job, problem: str, *, now: Millis, final: bool = False) -> Job:
        """Try again later, or give up after MAX_ATTEMPTS or when `final`."""
        if final or job.attempts >= MAX_ATTEMPTS:
            return self._patch(job, {"state": JobState.FAILED, "problem": problem}, now)
        wait = 2**job.attempts * SECOND
        return self._patch(job, {"state": JobState.QUEUED, "problem": problem, "not_before": now + wait}, now)

    def latest(self, subject: str) -> Job | None:
        """The newest job of a post or upload."""
        page = self._jobs.find({"subject": subject}, order="created_at", descending=True, limit=1)
        return page.items[0] if page.items else None

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        return self._jobs.group_counts("state")

    def _patch(self, job: Job, changes: dict[str, object], now: Millis) -> Job:
        current = self._jobs.get(job.id)
        if current.worker != job.worker or current.attempts != job.attempts:
            raise Conflict(f"job {job.id} was taken over by {current.worker}")
        return self._jobs.patch(job.id, changes | {"updated_at": now}, expected_version=current.version)
