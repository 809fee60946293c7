"""Several pages made with one read and one write of live state."""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.domain.errors import FeedroomError, InvalidInput, Throttled, Unavailable
from core.domain.feed import FeedPage
from core.domain.mix import MixPolicy
from core.domain.viewer import ViewerState
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.feed import ATTEMPTS
from core.services.feed_metrics import REGISTRY
from core.services.feed_request import Wanted
from tests.feed.world import NOW, World, world

PLAIN = MixPolicy(id="plain", name="Plain", explore=0)


@pytest.fixture
def small() -> World:
    return world()


def posts_of(page: FeedPage | Exception) -> list[str]:
    assert isinstance(page, FeedPage), page
    return [slot.post for slot in page.slots]


def test_each_viewer_gets_the_page_they_would_get_alone_and_all_are_marked_and_written_down(small: World) -> None:
    wanted: Any = [("a", {"size": 5}), ("b", {"size": 3}), ("c", {})]
    pages = small.feed.pages(wanted, now=NOW)
    assert [len(posts_of(page)) for page in pages] == [5, 3, 20]
    for (viewer, _), page in zip(wanted, pages, strict=True):
        assert list(small.stores.live.viewers.read(viewer).viewer.seen) == posts_of(page)
    small.feed.flush()
    kept = {one.viewer: one for one in (read_served(event.payload) for event in small.stores.log.replay(SERVED_TOPIC))}
    assert {viewer: [slot.post for slot in one.slots] for viewer, one in kept.items()} == {
        viewer: posts_of(page) for (viewer, _), page in zip(wanted, pages, strict=True)
    }


def test_the_time_of_each_page_counts_from_its_own_request(small: World) -> None:
    def seconds(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"feedroom_page_seconds_{name}", labels) or 0.0

    names = [("sum", {}), ("count", {}), ("bucket", {"le": "2.0"}), ("bucket", {"le": "5.0"})]
    before = [seconds(name, **labels) for name, labels in names]
    now = time.monotonic()
    small.feed.pages([("a", {"size": 1}), ("b", {"size": 1}), ("", {})], arrived=[now - 3, now, now - 50], now=NOW)
    after = [seconds(name, **labels) - held for (name, labels), held in zip(names, before, strict=True)]
    assert after[0] >= 3.0
    assert after[0] < 50.0, "a request that was refused is no page"
    assert after[1:] == [2, 1, 2]


def test_all_share_one_read_and_one_write(small: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    viewers = small.stores.live.viewers
    read, write = viewers.read_all, viewers.write_many
    monkeypatch.setattr(
        viewers, "read_all", lambda names, **how: asked.append(("read", len(names))) or read(names, **how)
    )
    monkeypatch.setattr(viewers, "write_many", lambda states: asked.append(("write", len(states))) or write(states))
    small.feed.pages([(f"v{n}", {}) for n in range(8)], now=NOW)
    assert asked == [("read", 8), ("write", 8)]


def test_one_viewer_who_asks_several_times_gets_no_post_twice(small: World) -> None:
    pages = small.feed.pages(
        [("v", {"size": 6}), ("other", {"size": 6}), ("v", {"size": 6}), ("v", {"size": 6})], now=NOW
    )
    own = [post for page in (pages[0], *pages[2:]) for post in posts_of(page)]
    assert len(set(own)) == 18
    assert sorted(small.stores.live.viewers.read("v").viewer.seen) == sorted(own)


def test_what_is_wrong_with_one_is_told_in_its_place_and_the_others_get_their_pages(small: World) -> None:
    pages = small.feed.pages(
        [("a", {"size": 4}), ("b", {"size": 0}), ("c", {"policy": "none-such"}), ("d", {})], now=NOW
    )
    assert [type(page) for page in pages] == [FeedPage, InvalidInput, InvalidInput, FeedPage]
    assert [page.field for page in pages if isinstance(page, FeedroomError)] == ["size", "policy"]
    assert small.stores.live.viewers.read("b").viewer.seen == ()


def test_a_page_that_cannot_be_made_fails_alone_and_marks_nothing(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = small.feed.cards.links
    broken = posts_of(small.feed.page("x", size=1, policy=PLAIN, record=False, now=NOW))[0]

    def fails(post: Any, *, now: int) -> Any:
        if post.id == broken:
            raise RuntimeError("no such key")
        return links(post, now=now)

    monkeypatch.setattr(small.feed.cards, "links", fails)
    small.stores.live.viewers.write(ViewerState(viewer="knows", seen=(broken,)), expected_version=0)
    one = Wanted(size=1, policy=PLAIN)
    pages = small.feed.pages([("x", one), ("knows", one)], now=NOW)
    assert isinstance(pages[0], RuntimeError)
    assert len(posts_of(pages[1])) == 1
    assert small.stores.live.viewers.read("x").viewer.seen == ()


def test_while_the_live_store_is_down_everybody_gets_a_page_and_nothing_twice(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise Unavailable("live state does not answer")

    with monkeypatch.context() as gone:
        for name in ("read_all", "write_many"):
            gone.setattr(small.stores.live.viewers, name, down)
        first = small.feed.pages([("a", {"size": 5}), ("b", {"size": 5})], now=NOW)
        second = small.feed.pages([("a", {"size": 5}), ("b", {"size": 5})], now=NOW)
    third = small.feed.pages([("a", {"size": 5}), ("b", {"size": 5})], now=NOW)
    for own in zip(first, second, third, strict=True):
        assert len({post for page in own for post in posts_of(page)}) == 15


def test_a_viewer_whose_state_never_stays_is_told_so_and_the_others_are_served(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers = small.stores.live.viewers
    write, tried = viewers.write_many, []

    def raced(states: Any) -> list[bool]:
        tried.append(len(states))
        return [done and state.viewer != "busy" for (state, _), done in zip(states, write(states), strict=True)]

    monkeypatch.setattr(viewers, "write_many", raced)
    busy, calm = small.feed.pages([("busy", {"size": 1}), ("calm", {"size": 1})], now=NOW)
    assert isinstance(busy, Throttled)
    assert "busy" in busy.detail
    assert len(posts_of(calm)) == 1
    assert tried == [2] + [1] * (ATTEMPTS - 1)
