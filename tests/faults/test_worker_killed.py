"""A worker killed in the middle of a transcode: another one finishes the work, and nobody ever sees half-made media."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.bootstrap import clock
from core.domain.account import Role
from core.domain.ids import SECOND
from core.domain.job import JOB_LEASE, Job, JobKind, JobState
from core.domain.post import Media, PostStatus
from core.domain.upload import PART_SIZE
from tests.browser.console import Console
from tests.support import clips

pytestmark = pytest.mark.server
LONG = 12.0
"""Seconds of 720×1280: the transcode takes long enough to be killed in its middle."""


@pytest.fixture
def house() -> Iterator[Console]:
    """Stores and accounts; no console runs, workers are started by the test."""
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        made = Console(Path(folder))
        yield made
        made.close()


def upload(house: Console, data: bytes) -> str:
    """The post of a file that a brand has just uploaded and submitted."""
    intake, brand = house.services.intake, house.account(Role.BRAND)
    upload = intake.begin(brand, name="clip.mp4", size=len(data), now=clock()).upload
    for number in range(1, upload.parts + 1):
        part = data[(number - 1) * PART_SIZE : number * PART_SIZE]
        intake.write_part(brand, upload.id, number, [part], len(part), now=clock())
    return str(intake.complete(brand, upload.id, now=clock()).id)


def job_of(house: Console, post: str, kind: JobKind = JobKind.PROCESS_MEDIA) -> Job:
    """The newest job of a kind."""
    found = house.services.jobs.latest(post, kind=kind)
    assert found is not None
    return found


def wait(until: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Look ten times a second. Raises AssertionError naming what did not happen."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.1)


def whole(house: Console, media: Media) -> bool:
    """Whether every object that a post's media names is there."""
    names = [media.poster, media.clip, media.preview, *media.posters, *([media.hls] if media.hls else [])]
    return all(house.services.stores.objects.stat(f"{media.prefix}/{name}") for name in names)


def transcoding(worker: int) -> list[psutil.Process]:
    """The programs that a worker runs."""
    return [child for child in psutil.Process(worker).children(recursive=True) if "ffmpeg" in child.name()]


def test_a_killed_workers_transcode_is_done_by_another_worker(house: Console) -> None:
    post = upload(house, clips.clip_bytes(LONG, 720, 1280))
    house.worker.start()
    wait(lambda: job_of(house, post).progress > 0.1 and bool(transcoding(house.worker.pid)), "the transcode")
    programs = transcoding(house.worker.pid)
    os.kill(house.worker.pid, signal.SIGKILL)
    killed = job_of(house, post)
    assert killed.state is JobState.RUNNING
    assert house.services.stores.posts.get(post).media is None
    wait(lambda: not any(program.is_running() for program in programs), "the end of the dead worker's programs", 5)

    # Its lease may last 20 s; the test need not.
    assert killed.lease_until - clock() <= JOB_LEASE
    house.services.stores.jobs.patch(killed.id, {"lease_until": clock() + 2 * SECOND})
    house.worker.start()
    wait(lambda: house.services.stores.posts.get(post).media is not None, "the media")
    media = house.services.stores.posts.get(post).media
    assert media is not None
    assert whole(house, media)
    wait(lambda: job_of(house, post).state is JobState.DONE, "the end of the job")
    assert job_of(house, post).attempts == 2
    stored = house.services.stores.objects.list(f"posts/{post}/")
    assert all(key.startswith(f"{media.prefix}/") for key in stored)

    # Killed once more while it makes the adaptive stream: what plays goes on playing.
    def streaming() -> bool:
        return job_of(house, post, JobKind.STREAM_MEDIA).progress > 0.1 and bool(transcoding(house.worker.pid))

    wait(streaming, "the stream's transcode")
    house.worker.kill()
    media = house.services.stores.posts.get(post).media
    assert media is not None
    assert media.hls == ""
    assert whole(house, media)
    house.services.stores.jobs.patch(job_of(house, post, JobKind.STREAM_MEDIA).id, {"lease_until": clock()})
    house.worker.start()
    wait(lambda: bool((found := house.services.stores.posts.get(post).media) and found.hls), "the adaptive stream")
    media = house.services.stores.posts.get(post).media
    assert media is not None
    assert whole(house, media)
    assert media.rungs == (720, 480)
    wait(lambda: not any((house.data / "work").iterdir()), "an empty work folder", 40)


def test_a_worker_that_is_asked_to_stop_puts_its_job_back_at_once(house: Console) -> None:
    post = upload(house, clips.clip_bytes(LONG, 720, 1280))
    house.worker.start()
    wait(lambda: job_of(house, post).progress > 0.1, "the transcode")
    started = time.monotonic()
    house.worker.stop()
    assert time.monotonic() - started < 14
    job = job_of(house, post)
    assert (job.state, job.attempts, job.problem) == (JobState.QUEUED, 0, "")
    assert list((house.data / "work").iterdir()) == []
    assert house.services.stores.posts.get(post).status is PostStatus.DRAFT


def test_a_refused_file_is_told_within_seconds_and_nothing_is_left(house: Console) -> None:
    house.worker.start()
    post = upload(house, clips.zip_named_mp4())
    wait(lambda: house.services.stores.posts.get(post).status is PostStatus.FAILED, "the refusal", 10)
    assert "ZIP archive" in house.services.stores.posts.get(post).problem
    wait(lambda: job_of(house, post).state is JobState.FAILED, "the end of the job", 5)
    assert house.services.stores.objects.list("uploads/") == []
    assert house.services.stores.objects.list(f"posts/{post}/") == []
    assert list((house.data / "work").iterdir()) == []
