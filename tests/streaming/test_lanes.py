"""Lanes of the worker: urgent work first, honest endings, and stepping back when another worker has the job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from core.domain.errors import UnsafeFile
from core.domain.job import JOB_LEASE, MAX_ATTEMPTS, Job, JobKind, JobState
from core.domain.ports.media import Progress
from core.services.jobs import Jobs
from core.streaming.lanes import OUR_FAULT, Handler, Lane
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000


class World:
    """A queue, a clock that tests move, and a lane whose handler tests choose."""

    def __init__(self) -> None:
        self.stores = memory_stores()
        self.jobs = Jobs(self.stores)
        self.now = NOW
        self.done: list[str] = []
        self.given_up: list[str] = []
        self.act: Callable[[Job, Progress], None] = lambda job, progress: None
        handlers = dict.fromkeys(JobKind, Handler(self._run, lambda job: self.given_up.append(job.subject)))
        self.lane = Lane("media", handlers, jobs=self.jobs, worker="w1", clock=lambda: self.now)

    def _run(self, job: Job, progress: Progress) -> None:
        self.act(job, progress)
        self.done.append(job.subject)

    def add(self, subject: str, kind: JobKind = JobKind.PROCESS_MEDIA) -> str:
        """Queue a job; returns its id."""
        return self.jobs.enqueue(kind, subject, now=self.now).id

    def job(self, id: str) -> Job:
        """The job as stored."""
        return self.stores.jobs.get(id)


@pytest.fixture
def world() -> World:
    return World()


def test_what_a_person_waits_for_goes_before_what_may_take_its_time(world: World) -> None:
    for kind in (JobKind.RENDER_DEMO, JobKind.STREAM_MEDIA, JobKind.PROCESS_MEDIA, JobKind.SCREEN_POST):
        world.add(kind.value, kind)
    while world.lane.run_one():
        pass
    assert world.done == ["screen_post", "process_media", "stream_media", "render_demo"]


def test_a_job_that_is_done_says_so(world: World) -> None:
    id = world.add("p1")
    assert world.lane.run_one()
    assert (world.job(id).state, world.job(id).progress) == (JobState.DONE, 1.0)
    assert not world.lane.run_one()


def test_a_refused_file_is_not_tried_again(world: World) -> None:
    def refuse(job: Job, progress: Progress) -> None:
        raise UnsafeFile("This is a ZIP archive.")

    world.act = refuse
    id = world.add("p1")
    world.lane.run_one()
    assert (world.job(id).state, world.job(id).problem) == (JobState.FAILED, "This is a ZIP archive.")
    assert world.given_up == []


def test_our_own_fault_is_tried_again_later_and_given_up_at_last(world: World) -> None:
    def break_down(job: Job, progress: Progress) -> None:
        raise RuntimeError("the disk is full")

    world.act = break_down
    id = world.add("p1")
    for _ in range(MAX_ATTEMPTS):
        assert world.lane.run_one()
        assert not world.lane.run_one()
        world.now += 60_000
    assert (world.job(id).state, world.job(id).problem) == (JobState.FAILED, OUR_FAULT)
    assert world.given_up == ["p1"]


def test_a_job_that_kills_every_worker_is_given_up(world: World) -> None:
    id = world.add("p1")
    for _ in range(MAX_ATTEMPTS):
        assert world.jobs.claim("dead", now=world.now) is not None
        world.now += JOB_LEASE + 1
    world.lane.run_one()
    assert world.job(id).state is JobState.FAILED
    assert (world.done, world.given_up) == ([], ["p1"])


def test_progress_is_stored_at_most_twice_a_second_and_at_once_for_a_new_step(world: World) -> None:
    versions = []

    def report(job: Job, progress: Progress) -> None:
        for share in range(50):
            progress(share / 100, "Making the clip")
            versions.append(world.job(job.id).version)
        progress(0.9, "Choosing a poster")
        versions.append(world.job(job.id).version)

    world.act = report
    world.add("p1")
    world.lane.run_one()
    assert len(set(versions[:50])) == 1
    assert versions[50] == versions[49] + 1


def test_a_worker_that_was_overtaken_stops_and_leaves_the_job_to_the_other(world: World) -> None:
    def fall_asleep(job: Job, progress: Progress) -> None:
        world.now += JOB_LEASE + 1
        assert world.jobs.claim("w2", now=world.now) is not None
        progress(0.5, "Making the clip")

    world.act = fall_asleep
    id = world.add("p1")
    assert world.lane.run_one()
    assert world.done == []
    assert (world.job(id).worker, world.job(id).state) == ("w2", JobState.RUNNING)


def test_a_job_taken_over_just_before_its_end_belongs_to_the_other(world: World) -> None:
    def be_late(job: Job, progress: Progress) -> None:
        world.now += JOB_LEASE + 1
        assert world.jobs.claim("w2", now=world.now) is not None

    world.act = be_late
    id = world.add("p1")
    assert world.lane.run_one()
    assert (world.job(id).worker, world.job(id).state) == ("w2", JobState.RUNNING)


def test_a_started_lane_wakes_for_a_new_job_and_puts_it_back_when_it_is_stopped(world: World) -> None:
    began = threading.Event()

    def work(job: Job, progress: Progress) -> None:
        began.set()
        while True:
            progress(0.5, "Making the clip")
            time.sleep(0.01)

    world.act = work
    threads = world.lane.start(world.stores)
    id = world.add("p1")
    assert began.wait(30)
    world.lane.stop()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert (world.job(id).state, world.job(id).attempts) == (JobState.QUEUED, 0)


def test_a_store_that_is_away_for_a_moment_does_not_end_the_lane(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, calls = world.jobs.claim, []

    def away(*arguments: object, **named: object) -> Job | None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no connection")
        return claim(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(world.jobs, "claim", away)
    finished = threading.Event()
    world.act = lambda job, progress: finished.set()
    threads = world.lane.start(world.stores)
    world.add("p1")
    assert finished.wait(30)
    world.lane.stop()
    for thread in threads:
        thread.join(30)
