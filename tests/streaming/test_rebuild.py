"""The live state is what the log says."""

from __future__ import annotations

from core.streaming.rebuild import Rebuilt, rebuild
from tests.fakes.live import MemoryLive
from tests.feed.world import NOW, world


def test_a_lost_live_store_is_made_anew_from_the_log() -> None:
    small = world()
    for step in range(6):
        small.now = NOW + step * 1_000
        viewer = f"v{step % 2}"
        page = small.page_ids(viewer, size=7)
        small.act(viewer, "like", page[0])
        small.act(viewer, "not_interested", page[1])
        small.act(viewer, "follow", "", publisher="pub-3")
    small.engagement.consume("worker", now=small.now)
    small.feed.flush()
    before = {viewer: small.stores.live.viewers.read(viewer).viewer for viewer in ("v0", "v1")}
    trends = small.stores.live.trending.top(50)
    live: MemoryLive = small.stores.live  # type: ignore[assignment]
    for viewer in before:
        live.viewers.forget(viewer)
    live.trending.clear()
    assert rebuild(small.stores, now=small.now) == Rebuilt(events=18, pages=6, viewers=2)
    for viewer, state in before.items():
        after = live.viewers.read(viewer).viewer
        assert after.seen == state.seen
        assert after.liked == state.liked
        assert after.hidden == state.hidden
        assert after.follows == state.follows
        assert after.tags == state.tags
        assert after.kinds_served == state.kinds_served
    assert set(live.trending.top(50)) == set(trends)


def test_an_empty_log_rebuilds_nothing() -> None:
    assert rebuild(world(posts=2, publishers=1).stores, now=NOW) == Rebuilt(0, 0, 0)
