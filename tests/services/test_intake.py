"""Uploads: parts, resuming, completing once, cancelling, sweeping."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.domain.account import Role
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Throttled
from core.domain.ids import DAY, MINUTE
from core.domain.job import JobKind
from core.domain.post import PostKind, PostStatus
from core.domain.upload import MAX_FILE, PART_SIZE, UploadState
from core.services.audit import Audit
from core.services.intake import MAX_OPEN, STALE, Intake
from core.services.jobs import Jobs
from core.services.lifecycle import Lifecycle
from core.services.stores import Stores
from tests.fakes.stores import memory_stores
from tests.services.catalog_world import NOW, account

SIZE = PART_SIZE + 1_000
BRAND = account(Role.BRAND, "kiln")
COLLEAGUE = account(Role.CREATOR, "asha")


class World:
    """Intake over empty stores, with what a browser would do."""

    def __init__(self) -> None:
        self.stores: Stores = memory_stores()
        self.jobs = Jobs(self.stores)
        self.intake = Intake(self.stores, self.jobs, Audit(self.stores))

    def begin(self, *, now: int = NOW, name: str = "diwali-sale.mp4", **more: object) -> str:
        """An upload of two parts."""
        asked: dict[str, object] = {"size": SIZE, "fingerprint": f"{name}:{SIZE}:1"} | more
        return self.intake.begin(BRAND, name=name, now=now, **asked).upload.id  # type: ignore[arg-type]

    def send(self, id: str, *numbers: int, now: int = NOW) -> None:
        """These parts, whole."""
        for number in numbers:
            length = PART_SIZE if number == 1 else 1_000
            self.intake.write_part(BRAND, id, number, _zeros(length), length, now=now)

    def uploaded(self, *, post: str | None = None) -> str:
        """A complete upload; returns its post."""
        id = self.begin(post=post, name=f"clip {post}.mp4")
        self.send(id, 1, 2)
        return self.intake.complete(BRAND, id, now=NOW).id

    def process_jobs(self) -> int:
        """How many processing jobs there are."""
        return self.stores.jobs.count({"kind": JobKind.PROCESS_MEDIA})


def _zeros(length: int) -> Iterator[bytes]:
    while length > 0:
        yield bytes(min(length, 100_000))
        length -= 100_000


@pytest.fixture
def world() -> World:
    return World()


def test_a_complete_upload_becomes_a_draft_named_for_its_file_and_is_processed_at_once(world: World) -> None:
    id = world.begin()
    world.send(id, 2, 1)
    post = world.intake.complete(BRAND, id, now=NOW)
    assert (post.title, post.kind, post.status) == ("Diwali sale", PostKind.PROMOTIONAL, PostStatus.DRAFT)
    assert (post.publisher, post.author, post.upload) == ("kiln", BRAND.id, id)
    assert "diwali sale" in post.search_text
    assert world.jobs.latest(post.id, kind=JobKind.PROCESS_MEDIA) is not None
    assert world.intake.status(BRAND, id, now=NOW).upload.state is UploadState.COMPLETE
    actions = {line.action for line in world.stores.audit.find().items}
    assert actions == {"upload.begin", "upload.complete"}


def test_what_a_creator_uploads_is_ugc(world: World) -> None:
    id = world.intake.begin(COLLEAGUE, name="me.mov", size=10, now=NOW).upload.id
    world.intake.write_part(COLLEAGUE, id, 1, [b"0123456789"], 10, now=NOW)
    assert world.intake.complete(COLLEAGUE, id, now=NOW).kind is PostKind.UGC


def test_completing_twice_gives_the_same_post_and_one_job(world: World) -> None:
    id = world.begin()
    world.send(id, 1, 2)
    first = world.intake.complete(BRAND, id, now=NOW)
    again = world.intake.complete(BRAND, id, now=NOW + MINUTE)
    assert first.id == again.id
    assert world.process_jobs() == 1
    assert world.stores.posts.count() == 1


def test_an_upload_with_a_part_missing_is_not_completed(world: World) -> None:
    id = world.begin()
    world.send(id, 1)
    with pytest.raises(Conflict, match="2"):
        world.intake.complete(BRAND, id, now=NOW)
    assert world.stores.posts.count() == 0
    world.send(id, 2)
    assert world.intake.complete(BRAND, id, now=NOW).upload == id


def test_the_same_file_goes_on_where_it_stopped(world: World) -> None:
    id = world.begin()
    world.send(id, 2)
    resumed = world.intake.begin(
        BRAND, name="diwali-sale.mp4", size=SIZE, fingerprint=f"diwali-sale.mp4:{SIZE}:1", now=NOW
    )
    assert (resumed.upload.id, resumed.held, resumed.bytes_held) == (id, (2,), 1_000)


def test_another_file_or_another_account_begins_anew(world: World) -> None:
    id = world.begin()
    assert world.begin(fingerprint="other") != id
    other = world.intake.begin(COLLEAGUE, name="x.mp4", size=SIZE, fingerprint=f"diwali-sale.mp4:{SIZE}:1", now=NOW)
    assert other.upload.id != id


def test_parts_that_the_object_store_dropped_are_sent_again(world: World) -> None:
    id = world.begin()
    world.send(id, 1)
    upload = world.stores.uploads.get(id)
    world.stores.objects.abort_parts(upload.key, upload.handle)
    assert world.intake.status(BRAND, id, now=NOW).held == ()
    world.send(id, 1, 2)
    assert world.intake.complete(BRAND, id, now=NOW).upload == id


def test_a_server_killed_after_joining_the_parts_goes_on_at_the_next_try(world: World) -> None:
    id = world.begin()
    world.send(id, 1, 2)
    upload = world.stores.uploads.get(id)
    world.stores.objects.complete_parts(upload.key, upload.handle, upload.parts)
    assert world.intake.status(BRAND, id, now=NOW).held == (1, 2)
    assert world.intake.complete(BRAND, id, now=NOW).upload == id


def test_a_server_killed_before_it_queued_the_work_is_caught_up_by_the_sweep(world: World) -> None:
    post = world.uploaded()
    world.stores.jobs.delete(next(iter(world.stores.jobs.find().items)).id)
    world.intake.sweep(now=NOW + 2 * MINUTE)
    assert world.process_jobs() == 1
    assert world.jobs.latest(post) is not None


@pytest.mark.parametrize("size", [0, -1, MAX_FILE + 1])
def test_sizes_outside_the_limits_are_refused(world: World, size: int) -> None:
    with pytest.raises(InvalidInput, match="1 byte to 4 GB"):
        world.begin(size=size)


@pytest.mark.parametrize(("number", "length"), [(0, 10), (3, 10), (1, 10), (2, PART_SIZE)])
def test_parts_of_a_wrong_number_or_length_are_refused(world: World, number: int, length: int) -> None:
    id = world.begin()
    with pytest.raises(InvalidInput):
        world.intake.write_part(BRAND, id, number, [bytes(length)], length, now=NOW)


def test_a_part_that_ends_early_is_not_held(world: World) -> None:
    id = world.begin()
    with pytest.raises(InvalidInput):
        world.intake.write_part(BRAND, id, 2, [b"short"], 1_000, now=NOW)
    assert world.intake.status(BRAND, id, now=NOW).held == ()


def test_nobody_sees_or_fills_the_upload_of_another_account(world: World) -> None:
    id = world.begin()
    with pytest.raises(NotFound):
        world.intake.status(COLLEAGUE, id, now=NOW)
    with pytest.raises(NotFound):
        world.intake.write_part(COLLEAGUE, id, 1, [], PART_SIZE, now=NOW)
    with pytest.raises(NotFound):
        world.intake.cancel(COLLEAGUE, id, now=NOW)
    assert world.intake.open_uploads(COLLEAGUE, now=NOW) == []


def test_a_moderator_does_not_upload(world: World) -> None:
    with pytest.raises(Forbidden):
        world.intake.begin(account(Role.MODERATOR), name="a.mp4", size=1, now=NOW)


def test_an_administrator_uploads_only_for_a_draft_of_somebody(world: World) -> None:
    admin = account(Role.ADMINISTRATOR)
    with pytest.raises(Forbidden, match="belongs to no publisher"):
        world.intake.begin(admin, name="a.mp4", size=1, now=NOW)
    post = world.uploaded()
    assert world.intake.begin(admin, name="a.mp4", size=1, post=post, now=NOW).upload.publisher == "kiln"


def test_too_many_open_uploads_wait(world: World) -> None:
    for number in range(MAX_OPEN):
        world.begin(name=f"{number}.mp4")
    with pytest.raises(Throttled, match="open already"):
        world.begin(name="one more.mp4")


def test_a_cancelled_upload_is_gone_with_its_parts(world: World) -> None:
    id = world.begin()
    world.send(id, 1)
    upload = world.stores.uploads.get(id)
    world.intake.cancel(BRAND, id, now=NOW)
    world.intake.cancel(BRAND, id, now=NOW)
    with pytest.raises(NotFound):
        world.stores.objects.parts(upload.key, upload.handle)
    with pytest.raises(Conflict, match="cancelled"):
        world.send(id, 2)
    with pytest.raises(Conflict, match="begin again"):
        world.intake.complete(BRAND, id, now=NOW)


def test_a_complete_upload_is_not_cancelled(world: World) -> None:
    id = world.begin()
    world.send(id, 1, 2)
    world.intake.complete(BRAND, id, now=NOW)
    with pytest.raises(Conflict, match="delete or withdraw"):
        world.intake.cancel(BRAND, id, now=NOW)


def test_uploads_left_alone_for_a_week_are_forgotten_and_others_are_not(world: World) -> None:
    old, fresh = world.begin(name="old.mp4"), world.begin(name="fresh.mp4")
    world.send(fresh, 1, now=NOW + STALE)
    assert world.intake.sweep(now=NOW + STALE + DAY) == 1
    assert world.stores.uploads.get(old).state is UploadState.CANCELLED
    assert world.stores.uploads.get(fresh).state is UploadState.OPEN


def test_a_file_for_a_draft_replaces_its_first_file(world: World) -> None:
    post = world.uploaded()
    first = world.stores.posts.get(post).upload
    assert world.uploaded(post=post) == post
    second = world.stores.posts.get(post).upload
    assert second != first
    assert world.stores.objects.list(f"uploads/{first}/") == []
    assert world.stores.objects.list(f"uploads/{second}/") != []


def test_a_new_file_for_a_failed_post_brings_it_back_where_it_was(world: World) -> None:
    post = world.uploaded()
    lifecycle = Lifecycle(world.stores)
    submitted = lifecycle.move(world.stores.posts.get(post), PostStatus.PROCESSING, by=BRAND.id, now=NOW)
    lifecycle.move(submitted, PostStatus.FAILED, by="feedroom", now=NOW, also={"problem": "It is damaged."})
    world.uploaded(post=post)
    back = world.stores.posts.get(post)
    assert (back.status, back.problem) == (PostStatus.PROCESSING, "")


def test_a_post_that_somebody_decides_on_takes_no_other_file(world: World) -> None:
    post = world.uploaded()
    Lifecycle(world.stores).move(world.stores.posts.get(post), PostStatus.SCREENING, by=BRAND.id, now=NOW)
    with pytest.raises(Conflict, match="takes no other file"):
        world.begin(post=post, name="late.mp4")


def test_a_draft_of_another_publisher_takes_no_file(world: World) -> None:
    post = world.uploaded()
    with pytest.raises(NotFound):
        world.intake.begin(COLLEAGUE, name="a.mp4", size=1, post=post, now=NOW)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\clips\\sale.mp4", "sale.mp4"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n.mp4", "ab.mp4"),
        ("दिवाली.mp4", "दिवाली.mp4"),
    ],
)
def test_a_file_name_keeps_only_its_last_part(world: World, sent: str, kept: str) -> None:
    assert world.stores.uploads.get(world.begin(name=sent)).name == kept


def test_object_keys_are_made_by_the_server(world: World) -> None:
    upload = world.stores.uploads.get(world.begin(name="../../evil.mp4"))
    assert upload.key == f"uploads/{upload.id}/source"
