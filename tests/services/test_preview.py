"""Looking at a sample viewer's feed, and acting as that viewer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.bootstrap import Services
from core.domain.errors import Forbidden, InvalidInput
from core.domain.events import EventKind
from core.domain.ids import new_id
from core.domain.post import Post, PostKind, PostStatus
from core.domain.viewer import SampleViewer
from core.settings import Settings
from tests.services.catalog_world import NOW, VIDEO, World

VIEWER = "viewer-1"


@pytest.fixture
def world() -> World:
    made = World()
    for number in range(24):
        tag = "saree" if number % 2 else "linen"
        made.stores.posts.insert(
            Post(
                id=f"post-{number:02}", publisher="kiln" if number % 3 else "asha", author="a",
                kind=list(PostKind)[number % 4], title=f"Look {number}", tags=(tag,), products=("silk",),
                status=PostStatus.LIVE, media=replace(VIDEO, prefix=f"posts/post-{number:02}/m"),
                created_at=NOW - number * 60_000, updated_at=NOW - number * 60_000, published_at=NOW - number * 60_000,
            )
        )  # fmt: skip
    made.stores.sample_viewers.insert(SampleViewer(id=VIEWER, name="Aarohi"))
    return made


@pytest.fixture
def services(world: World, tmp_path: Path) -> Services:
    return Services(Settings(data=tmp_path, secret="s" * 40), world.stores)


def test_looking_changes_nothing_and_the_next_page_repeats_nothing(world: World, services: Services) -> None:
    first = services.preview.page(world.manager, VIEWER, size=6, now=NOW)
    shown = [slot.post for slot in first.slots]
    second = services.preview.page(world.manager, VIEWER, size=6, shown=shown, now=NOW)
    assert len(second.slots) == 6
    assert not set(shown) & {slot.post for slot in second.slots}
    assert services.preview.state(world.manager, VIEWER).seen == ()


def test_the_same_request_draws_the_same_page(world: World, services: Services) -> None:
    request = new_id(NOW)
    pages = [services.preview.page(world.manager, VIEWER, size=8, request=request, now=NOW) for _ in range(3)]
    assert len({tuple(slot.post for slot in page.slots) for page in pages}) == 1


def test_a_page_that_counts_is_seen_and_not_served_again(world: World, services: Services) -> None:
    page = services.preview.served_page(world.manager, VIEWER, size=6, now=NOW)
    after = services.preview.served_page(world.manager, VIEWER, size=6, cursor=page.cursor, now=NOW)
    assert all({"business", "score"} <= slot.reason.scores.keys() for slot in (*page.slots, *after.slots))
    assert not {slot.post for slot in page.slots} & {slot.post for slot in after.slots}
    assert len(services.preview.state(world.manager, VIEWER).seen) == 12


def test_a_like_is_felt_by_the_very_next_page_and_taken_back_by_the_next(world: World, services: Services) -> None:
    page = services.preview.page(world.manager, VIEWER, size=6, now=NOW)
    liked = page.slots[2]
    assert services.preview.act(world.manager, page, 2, EventKind.LIKE, now=NOW).kind is EventKind.LIKE
    assert services.preview.state(world.manager, VIEWER).liked == (liked.post,)
    following = services.preview.page(world.manager, VIEWER, size=6, shown=[slot.post for slot in page.slots], now=NOW)
    assert any(slot.reason.sentence.startswith("Because you liked") for slot in following.slots)
    assert services.preview.act(world.manager, page, 2, EventKind.LIKE, now=NOW + 1).kind is EventKind.UNLIKE
    assert services.preview.state(world.manager, VIEWER).liked == ()


def test_a_skipped_post_does_not_come_back(world: World, services: Services) -> None:
    page = services.preview.page(world.manager, VIEWER, size=6, now=NOW)
    services.preview.act(world.manager, page, 0, "not_interested", now=NOW)
    again = services.preview.page(world.manager, VIEWER, size=24, now=NOW)
    assert page.slots[0].post not in {slot.post for slot in again.slots}


@pytest.mark.parametrize("kind", ["product_click", "add_to_cart", "order", "watch", "share", "follow"])
def test_every_offered_act_is_counted_once_with_its_impression(world: World, services: Services, kind: str) -> None:
    page = services.preview.page(world.manager, VIEWER, size=6, now=NOW)
    services.preview.act(world.manager, page, 1, kind, now=NOW)
    services.engagement.consume("worker", now=NOW)
    totals = world.stores.post_totals.get(page.slots[1].post)
    assert totals.counts["impression"] == 1
    assert totals.counts.get(kind, 1) == 1
    assert totals.revenue_minor == (page.slots[1].products[0].price_minor if kind == "order" else 0)


def test_what_is_not_offered_is_refused_before_anything_happens(world: World, services: Services) -> None:
    page = services.preview.page(world.manager, VIEWER, size=6, now=NOW)
    for position, kind in ((0, "report"), (6, "like"), (-1, "like")):
        with pytest.raises(InvalidInput):
            services.preview.act(world.manager, page, position, kind, now=NOW)
    assert services.preview.state(world.manager, VIEWER).version == 0


def test_a_reset_viewer_starts_anew_and_it_is_audited(world: World, services: Services) -> None:
    page = services.preview.page(world.manager, VIEWER, size=6, now=NOW)
    services.preview.act(world.manager, page, 0, "like", now=NOW)
    services.preview.reset(world.manager, VIEWER, now=NOW)
    assert services.preview.state(world.manager, VIEWER).tags == {}
    assert world.actions()[-2:] == ["preview.act", "preview.reset"]


def test_only_product_managers_and_administrators_preview(world: World, services: Services) -> None:
    page = services.preview.page(world.administrator, VIEWER, size=6, now=NOW)
    for person in (world.brand, world.creator, world.moderator):
        for act in (
            lambda who=person: services.preview.page(who, VIEWER, size=6, now=NOW),
            lambda who=person: services.preview.act(who, page, 0, "like", now=NOW),
            lambda who=person: services.preview.reset(who, VIEWER, now=NOW),
            lambda who=person: services.preview.state(who, VIEWER),
        ):
            with pytest.raises(Forbidden):
                act()
