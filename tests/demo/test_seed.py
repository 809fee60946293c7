"""An empty store is filled once, a store in use is left alone, and clips bring posts to where they belong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.bootstrap import Services
from core.demo import posts, seed
from core.demo.posts import Fate
from core.demo.render import render_post, settle
from core.domain.account import Account, Role
from core.domain.ids import SECOND
from core.domain.job import JobKind
from core.domain.post import Media, MediaKind, PostStatus
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.engagement import TOPIC
from core.settings import Settings
from tests.demo.world import NOW
from tests.fakes.stores import memory_stores

PLANS = posts.plans()
PLAYS = Media(kind=MediaKind.VIDEO, prefix="posts/x/y", width=540, height=960, duration=5.0, clip="clip.mp4", sha256="0" * 64,
              dhash="0f0f0f0f0f0f0f0f")  # fmt: skip


def open_services(folder: Path, *, demo: bool = True) -> Services:
    return Services(Settings(data=folder, secret="s" * 40, demo=demo), memory_stores())


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    filled = open_services(tmp_path_factory.mktemp("demo"))
    seed.fill(filled, NOW, guests=20)
    return filled


def of(fate: Fate) -> posts.Plan:
    return next(plan for plan in PLANS.values() if plan.fate is fate)


def test_people_can_sign_in_and_see_products_with_pictures(services: Services) -> None:
    stores = services.stores
    assert stores.accounts.count() == 5
    product = stores.products.get("mor-pankh-silk-saree")
    picture = b"".join(stores.objects.read(product.image))
    assert picture[:3] == b"\xff\xd8\xff"
    assert stores.sample_viewers.count() == 24


def test_no_post_is_shown_before_its_clip_plays(services: Services) -> None:
    assert services.stores.posts.count({"status": PostStatus.LIVE}) == 0
    assert services.stores.jobs.count({"kind": JobKind.RENDER_DEMO}) == len(PLANS)


def test_clips_are_drawn_in_the_order_of_the_plans(services: Services) -> None:
    claimed = []
    while (job := services.jobs.claim("w", now=NOW + SECOND, kinds=[JobKind.RENDER_DEMO])) is not None:
        claimed.append(job.subject)
        services.jobs.finish(job, now=NOW + SECOND)
    assert claimed == list(PLANS)


def test_pages_and_events_are_in_the_log(services: Services) -> None:
    log = services.stores.log
    page = read_served(log.replay(SERVED_TOPIC, limit=1)[0].payload)
    assert all(0 < slot.propensity <= 1 for slot in page.slots)
    assert len(log.replay(TOPIC, limit=5_000)) == 5_000
    assert services.stores.comments.count() > 5


def test_a_second_start_changes_nothing(services: Services) -> None:
    before = services.stores.jobs.count()
    assert seed.ensure(services, NOW + 1) is False
    assert services.stores.jobs.count() == before
    assert services.stores.audit.count() == 0


def test_a_store_without_the_demo_world_gets_the_tags_only(tmp_path: Path) -> None:
    plain = open_services(tmp_path, demo=False)
    assert seed.ensure(plain, NOW) is False
    assert plain.stores.tags.count() > 140
    assert plain.stores.accounts.count() == plain.stores.posts.count() == 0


def test_a_store_with_an_account_is_in_use(tmp_path: Path) -> None:
    used = open_services(tmp_path)
    used.stores.accounts.insert(Account(id="a", email="a@x.example", name="A", role=Role.ADMINISTRATOR))
    assert seed.ensure(used, NOW) is False
    assert used.stores.products.count() == 0


def test_an_interrupted_fill_is_done_again_without_a_second_job_per_clip(tmp_path: Path) -> None:
    cut = open_services(tmp_path)

    def pull_the_plug(line: str) -> None:
        if "posts" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed.fill(cut, NOW, pull_the_plug)
    assert cut.stores.accounts.count() == 0
    assert seed.ensure(cut, NOW + SECOND) is True
    assert cut.stores.jobs.count({"kind": JobKind.RENDER_DEMO}) == len(PLANS)
    assert cut.stores.posts.count() == len(PLANS)


@pytest.mark.parametrize(
    ("fate", "status"),
    [
        (Fate.LIVE, PostStatus.LIVE),
        (Fate.REJECTED, PostStatus.REJECTED),
        (Fate.WITHDRAWN, PostStatus.WITHDRAWN),
        (Fate.DRAFT, PostStatus.DRAFT),
    ],
)
def test_a_clip_that_plays_brings_its_post_to_the_planned_state(
    services: Services, fate: Fate, status: PostStatus
) -> None:
    plan = of(fate)
    services.stores.posts.patch(plan.id, {"media": PLAYS})
    settle(services, plan, now=NOW + SECOND)
    post = services.stores.posts.get(plan.id)
    assert post.status is status
    assert all(line.at <= NOW for line in post.history)
    assert [line.at for line in post.history] == sorted(line.at for line in post.history)
    if status is PostStatus.LIVE:
        assert post.published_at == plan.published_at(NOW)
    if status is PostStatus.REJECTED:
        assert services.stores.cases.get(f"{plan.id}.1").reason is not None


@pytest.mark.parametrize(
    "plan", [plan for plan in PLANS.values() if plan.fate is Fate.REVIEW], ids=lambda plan: str(plan.id)
)
def test_posts_meant_for_review_wait_for_a_moderator(services: Services, plan: posts.Plan) -> None:
    services.stores.posts.patch(plan.id, {"media": PLAYS})
    settle(services, plan, now=NOW + SECOND)
    services.moderation.screen(plan.id, now=NOW + SECOND)
    assert services.stores.posts.get(plan.id).status in (PostStatus.IN_REVIEW, PostStatus.HELD)
    assert services.stores.cases.count({"post": plan.id}) == 1


def test_a_clip_is_drawn_processed_and_shown(tmp_path: Path) -> None:
    real = open_services(tmp_path)
    plan = PLANS["demo-midnight-gadget-drop"]
    real.stores.posts.insert(plan.post(NOW))
    real.jobs.enqueue(JobKind.RENDER_DEMO, plan.id, now=NOW)
    job = real.jobs.claim("w", now=NOW)
    assert job is not None
    told: list[float] = []
    started = time.monotonic()
    render_post(real, job, lambda done, step: told.append(done))
    post = real.stores.posts.get(plan.id)
    assert post.status is PostStatus.LIVE
    assert post.media is not None
    assert post.media.clip
    assert post.media.poster
    assert told == sorted(told)
    assert told[-1] <= 1
    assert real.stores.objects.stat(f"{post.media.prefix}/{post.media.clip}") is not None
    assert not list((tmp_path / "work" / "clips").iterdir())
    assert time.monotonic() - started < 60
    render_post(real, job, lambda done, step: pytest.fail("nothing is left to do"))


def test_a_post_that_its_brand_withdrew_meanwhile_is_left_alone(services: Services) -> None:
    plan = [plan for plan in PLANS.values() if plan.fate is Fate.LIVE][-1]
    services.stores.posts.patch(plan.id, {"media": PLAYS, "status": PostStatus.WITHDRAWN})
    settle(services, plan, now=NOW + SECOND)
    assert services.stores.posts.get(plan.id).status is PostStatus.WITHDRAWN
