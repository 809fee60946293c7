"""Lanes: threads of the worker that take one job at a time, so that slow work never holds up what a person waits for."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from core.domain.errors import Conflict, NotEnough, UnsafeFile
from core.domain.ids import SECOND, Millis
from core.domain.job import JOB_LEASE, MAX_ATTEMPTS, Job, JobKind, JobState
from core.domain.ports.media import Progress
from core.services.jobs import JOBS, Jobs
from core.services.stores import Stores

Clock = Callable[[], Millis]
RENEW_EVERY: Final = 5.0
REPORT_EVERY: Final = 0.5
IDLE: Final = 1.0
"""Seconds between looks at an empty queue, should a signal be lost."""
OUR_FAULT: Final = "A fault on our side stopped this."

log = structlog.get_logger(__name__)


class Interrupted(Exception):
    """The worker is stopping; the job goes back."""


class Overtaken(Exception):
    """The lease ran out and another worker has the job; leave everything alone."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of job is done. `give_up` tidies after the last try of a job that keeps failing for our own faults."""

    run: Callable[[Job, Progress], None]
    give_up: Callable[[Job], None] = lambda job: None


class Lane:
    """Claims jobs of its kinds and runs them; a heartbeat of its own renews the lease while a job is being done."""

    def __init__(
        self,
        name: str,
        handlers: Mapping[JobKind, Handler],
        *,
        jobs: Jobs,
        worker: str,
        clock: Clock,
        niceness: int = 0,
    ) -> None:
        self.name = name
        self._niceness = niceness
        self._silence: Callable[[], None] = lambda: None
        self._handlers = handlers
        self._jobs = jobs
        self._worker = f"{worker}/{name}"
        self._clock = clock
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._job: Job | None = None
        self._lost = False
        self._renewed = 0.0

    def start(self, stores: Stores) -> list[threading.Thread]:
        """Begin; returns the threads to join after `stop`."""
        self._silence = stores.live.signals.listen((JOBS,), lambda topic, version: self._woken.set())
        threads = [
            threading.Thread(target=self._work, name=f"lane-{self.name}"),
            threading.Thread(target=self._beat, name=f"heart-{self.name}", daemon=True),
        ]
        for thread in threads:
            thread.start()
        return threads[:1]

    def stop(self) -> None:
        """Finish nothing more: a job that is being done is put back at its next report of progress."""
        self._stopping.set()
        self._woken.set()
        self._silence()

    def run_one(self) -> bool:
        """Claim a job and do it; False if there was none."""
        job = self._jobs.claim(self._worker, now=self._clock(), kinds=tuple(self._handlers))
        if job is None:
            return False
        self._lost, self._renewed, self._job = False, time.monotonic(), job
        bound = log.bind(lane=self.name, job=job.kind.value, subject=job.subject, attempt=job.attempts)
        started = time.monotonic()
        try:
            self._do(job, bound)
        except Overtaken:
            bound.warning("another worker took the job over")
        except Conflict as taken:
            bound.warning("another worker took the job over", detail=str(taken))
        finally:
            self._job = None
            bound.info("job left", seconds=round(time.monotonic() - started, 2))
        return True

    def _do(self, job: Job, bound: structlog.stdlib.BoundLogger) -> None:
        handler = self._handlers[job.kind]
        if job.attempts > MAX_ATTEMPTS:
            bound.error("job given up: its worker died each time")
            self._jobs.fail(job, OUR_FAULT, now=self._clock(), final=True)
            handler.give_up(job)
            return
        try:
            handler.run(job, self._reporter(job))
        except Overtaken:
            raise
        except (UnsafeFile, NotEnough) as refused:
            bound.info("refused", detail=refused.detail)
            self._jobs.fail(job, refused.detail, now=self._clock(), final=True)
        except Exception as error:  # noqa: BLE001 - whatever a job raises, the lane goes on with the next one
            if self._stopping.is_set():
                bound.info("stopping; the job goes back")
                self._jobs.release(job, now=self._clock())
                return
            bound.exception("job failed", error=repr(error))
            if self._jobs.fail(job, OUR_FAULT, now=self._clock()).state is JobState.FAILED:
                handler.give_up(job)
        else:
            self._jobs.finish(job, now=self._clock())

    def _reporter(self, job: Job) -> Progress:
        """Progress that is written at most twice a second, and at once when the lease has not been renewed for long."""
        written, said = float("-inf"), ""

        def report(fraction: float, step: str) -> None:
            nonlocal written, said
            if self._stopping.is_set():
                raise Interrupted
            if self._lost:
                raise Overtaken
            now = time.monotonic()
            fresh = (now - self._renewed) * SECOND < JOB_LEASE / 2
            if fresh and step == said and now - written < REPORT_EVERY:
                return
            try:
                self._jobs.progress(job, fraction, step, now=self._clock())
            except Conflict:
                raise Overtaken from None
            written, said = now, step
            self._renewed = now

        return report

    def _work(self) -> None:
        if self._niceness and sys.platform == "linux":
            # On Linux niceness belongs to the thread, and the programs that it starts inherit it.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                if self.run_one():
                    continue
            except Exception as error:  # the store may be away; the lane outlives it and looks again when woken
                log.exception("lane stumbled", lane=self.name, error=repr(error))
            self._woken.wait(IDLE)

    def _beat(self) -> None:
        while not self._stopping.wait(RENEW_EVERY):
            job = self._job
            if job is None:
                continue
            try:
                self._jobs.renew(job, now=self._clock())
                self._renewed = time.monotonic()
            except Conflict:
                # Finished a moment ago, or overtaken; only the second one matters, and only while it is still being done.
                self._lost = self._job is job
            except Exception as error:  # noqa: BLE001 - tried again at the next beat, within the lease
                log.warning("lease not renewed", lane=self.name, error=repr(error))
