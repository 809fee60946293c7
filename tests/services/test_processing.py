"""Processing: only whole media is shown, refused files leave nothing, work that was overtaken changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.account import Role
from core.domain.errors import UnsafeFile
from core.domain.job import Job, JobKind, JobState
from core.domain.ports.media import Probe, Progress, Stream
from core.domain.post import Media, MediaKind, PostStatus
from core.domain.upload import UploadState
from core.services.audit import Audit
from core.services.intake import Intake
from core.services.jobs import Jobs
from core.services.lifecycle import Lifecycle
from core.services.processing import BROKE_DOWN, Processing
from tests.fakes.stores import memory_stores
from tests.services.catalog_world import NOW, account

BRAND = account(Role.BRAND, "kiln")
WHOLE = ["clip.mp4", "poster1.jpg", "preview.mp4"]


class FakeTools:
    """Writes small files named as the real ones; `during` runs in the middle of each piece of work."""

    def __init__(self, kind: MediaKind = MediaKind.VIDEO) -> None:
        self.kind = kind
        self.refusal: str | None = None
        self.during: Callable[[], None] = lambda: None
        self.runs: list[str] = []

    def probe(self, path: Path) -> Probe:
        assert path.read_bytes() == b"a clip"
        if self.refusal:
            raise UnsafeFile(self.refusal)
        return Probe(self.kind, "mov", "h264", 1080, 1920, 9.0, 30.0, True)

    def render(self, path: Path, probe: Probe, into: Path, progress: Progress) -> Media:
        self.runs.append("render")
        progress(0.5, "Making the clip")
        self.during()
        media = Media(
            kind=self.kind, prefix="", width=1080, height=1920, poster="poster1.jpg", posters=("poster1.jpg",)
        )
        if self.kind is MediaKind.VIDEO:
            media = replace(media, clip="clip.mp4", preview="preview.mp4")
        for name in filter(None, (media.poster, media.clip, media.preview)):
            (into / name).write_bytes(b"made")
        return media

    def stream(self, path: Path, clip: Path, probe: Probe, into: Path, progress: Progress) -> Stream:
        self.runs.append("stream")
        self.during()
        (into / "720").mkdir()
        for name in ("720/init.mp4", "720/s000.m4s", "720/index.m3u8", "master.m3u8"):
            (into / name).write_bytes(b"made")
        return Stream("master.m3u8", (720,))

    def poster_at(self, path: Path, second: float, into: Path) -> None:
        into.write_bytes(b"frame")


class World:
    """A brand that uploaded a file, and a worker that looks for work."""

    def __init__(self, folder: Path) -> None:
        self.stores = memory_stores()
        self.jobs = Jobs(self.stores)
        self.tools = FakeTools()
        self.work = folder / "work"
        self.processing = Processing(self.stores, self.jobs, self.tools, self.work)
        self.intake = Intake(self.stores, self.jobs, Audit(self.stores))
        self.lifecycle = Lifecycle(self.stores)
        self.post = self.upload()

    def upload(self, post: str | None = None, *, now: int = NOW) -> str:
        """The post of a complete upload."""
        id = self.intake.begin(BRAND, name="clip.mp4", size=6, post=post, now=now).upload.id
        self.intake.write_part(BRAND, id, 1, [b"a clip"], 6, now=now)
        return self.intake.complete(BRAND, id, now=now).id

    def claim(self, kind: JobKind = JobKind.PROCESS_MEDIA) -> Job:
        """The next job of a kind."""
        job = self.jobs.claim("worker", now=NOW, kinds=[kind])
        assert job is not None
        return job

    def process(self, job: Job | None = None) -> Job:
        """Process as the worker does, and finish."""
        job = job or self.claim()
        self.processing.process(job, lambda done, step: None, clock=lambda: NOW)
        return self.jobs.finish(job, now=NOW)

    def submit(self) -> None:
        """What the catalogue does when a draft without media is submitted."""
        self.lifecycle.move(self.stores.posts.get(self.post), PostStatus.PROCESSING, by=BRAND.id, now=NOW)

    def names(self) -> list[str]:
        """The objects of the post, without their folders."""
        return sorted(key.rpartition("/")[2] for key in self.stores.objects.list(f"posts/{self.post}/"))

    def queued(self, kind: JobKind) -> bool:
        """Whether such a job waits for the post."""
        return self.jobs.unfinished(self.post, kind)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_draft_gets_its_media_and_stays_a_draft_while_its_stream_is_queued(world: World) -> None:
    world.process()
    post = world.stores.posts.get(world.post)
    assert post.status is PostStatus.DRAFT
    assert post.media is not None
    assert post.media.prefix.startswith(f"posts/{post.id}/{post.upload}-")
    assert world.names() == WHOLE
    assert world.queued(JobKind.STREAM_MEDIA)
    assert not world.queued(JobKind.SCREEN_POST)
    assert list(world.work.iterdir()) == []


def test_a_submitted_post_goes_on_to_screening_as_soon_as_it_is_playable(world: World) -> None:
    world.submit()
    world.process()
    assert world.stores.posts.get(world.post).status is PostStatus.SCREENING
    assert world.queued(JobKind.SCREEN_POST)


def test_a_post_submitted_while_it_was_being_processed_goes_on_too(world: World) -> None:
    world.tools.during = world.submit
    world.process()
    assert world.stores.posts.get(world.post).status is PostStatus.SCREENING


def test_words_typed_while_it_was_being_processed_are_kept(world: World) -> None:
    world.tools.during = lambda: (
        world.lifecycle.change(world.stores.posts.get(world.post), {"caption": "Linen"}, now=NOW) and None
    )
    world.process()
    post = world.stores.posts.get(world.post)
    assert (post.caption, post.media is not None) == ("Linen", True)


def test_the_stream_is_added_to_what_plays_already(world: World) -> None:
    world.process()
    world.processing.stream(world.claim(JobKind.STREAM_MEDIA), lambda done, step: None, clock=lambda: NOW)
    media = world.stores.posts.get(world.post).media
    assert media is not None
    assert media.rungs == (720,)
    assert world.stores.objects.stat(f"{media.prefix}/{media.hls}") is not None
    assert world.stores.objects.stat(f"{media.prefix}/{media.clip}") is not None
    assert len(world.names()) == len(WHOLE) + 4


def test_a_poster_chosen_while_the_stream_was_made_is_kept(world: World) -> None:
    world.process()

    def choose() -> None:
        post = world.stores.posts.get(world.post)
        assert post.media is not None
        world.lifecycle.change(post, {"media": replace(post.media, poster="poster9.jpg")}, now=NOW)

    world.tools.during = choose
    world.processing.stream(world.claim(JobKind.STREAM_MEDIA), lambda done, step: None, clock=lambda: NOW)
    media = world.stores.posts.get(world.post).media
    assert media is not None
    assert (media.poster, bool(media.hls)) == ("poster9.jpg", True)


def test_a_picture_needs_no_stream(world: World) -> None:
    world.tools.kind = MediaKind.PICTURE
    world.process()
    assert world.names() == ["poster1.jpg"]
    assert not world.queued(JobKind.STREAM_MEDIA)


def test_a_refused_file_leaves_a_sentence_and_nothing_else(world: World) -> None:
    world.submit()
    upload = world.stores.posts.get(world.post).upload or ""
    world.tools.refusal = "This is a ZIP archive, not a clip or a picture."
    with pytest.raises(UnsafeFile):
        world.process()
    post = world.stores.posts.get(world.post)
    assert (post.status, post.problem, post.upload, post.media) == (PostStatus.FAILED, world.tools.refusal, None, None)
    assert post.history[-1].note == world.tools.refusal
    assert world.stores.uploads.get(upload).state is UploadState.REFUSED
    assert world.stores.uploads.get(upload).problem == world.tools.refusal
    assert world.stores.objects.list("uploads/") == []
    assert world.names() == []
    assert list(world.work.iterdir()) == []


def test_work_that_was_stopped_leaves_nothing_half_made(world: World) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    world.tools.during = stop
    with pytest.raises(KeyboardInterrupt):
        world.process()
    assert world.stores.posts.get(world.post).media is None
    assert world.names() == []
    assert list(world.work.iterdir()) == []


def test_a_job_done_again_after_a_crash_changes_nothing_but_queues_what_is_missing(world: World) -> None:
    job = world.claim()
    world.process(job)
    for queued in world.stores.jobs.find({"kind": JobKind.STREAM_MEDIA}).items:
        world.stores.jobs.delete(queued.id)
    before = world.stores.posts.get(world.post)
    world.processing.process(job, lambda done, step: None, clock=lambda: NOW)
    assert world.stores.posts.get(world.post) == before
    assert world.tools.runs == ["render"]
    assert world.queued(JobKind.STREAM_MEDIA)


def test_of_two_workers_with_the_same_file_the_second_throws_its_work_away(world: World) -> None:
    job = world.claim()

    def overtake() -> None:
        world.tools.during = lambda: None
        world.processing.process(replace(job, attempts=2), lambda done, step: None, clock=lambda: NOW)

    world.tools.during = overtake
    world.processing.process(job, lambda done, step: None, clock=lambda: NOW)
    assert world.tools.runs == ["render", "render"]
    assert world.names() == WHOLE
    media = world.stores.posts.get(world.post).media
    assert media is not None
    assert world.stores.objects.stat(f"{media.prefix}/clip.mp4") is not None


def test_a_file_replaced_while_it_was_being_processed_is_not_shown(world: World) -> None:
    old = world.claim()

    def replace_file() -> None:
        world.tools.during = lambda: None
        world.upload(post=world.post, now=NOW + 1)

    world.tools.during = replace_file
    world.processing.process(old, lambda done, step: None, clock=lambda: NOW)
    assert world.stores.posts.get(world.post).media is None
    assert world.names() == []
    world.process()
    post = world.stores.posts.get(world.post)
    assert post.media is not None
    assert f"/{post.upload}-" in post.media.prefix


def test_a_draft_deleted_while_it_was_being_processed_leaves_no_objects(world: World) -> None:
    world.tools.during = lambda: world.stores.posts.delete(world.post) and None
    world.processing.process(world.claim(), lambda done, step: None, clock=lambda: NOW)
    assert world.names() == []


def test_after_the_last_try_the_post_has_failed_and_keeps_its_file(world: World) -> None:
    world.processing.give_up(world.claim(), now=NOW)
    post = world.stores.posts.get(world.post)
    assert (post.status, post.problem) == (PostStatus.FAILED, BROKE_DOWN)
    assert post.upload is not None
    assert world.stores.objects.list(f"uploads/{post.upload}/") != []


def test_the_sweep_removes_folders_of_dead_workers_and_no_others(world: World) -> None:
    running = world.claim()
    for name in (f"{running.id}-{running.attempts}", f"{running.id}-9", "01JUNKNOWN-1"):
        (world.work / name).mkdir(parents=True)
    assert world.processing.sweep() == 2
    assert [left.name for left in world.work.iterdir()] == [f"{running.id}-{running.attempts}"]
    assert running.state is JobState.RUNNING
