"""The live state, and what the worker counts, is what the log says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bootstrap import Services, clock
from core.domain.anonymous import Anonymous
from core.domain.comment import Comment, CommentState
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase
from core.domain.ports.event_log import NewEvent
from core.domain.post import PostTotals
from core.services.audit import Audit
from core.services.comment_counts import CommentCounts
from core.services.community import Community
from core.services.engagement import TOPIC
from core.services.reports import Reports
from core.services.social import Social
from core.services.totals_rebuild import rebuild_totals
from core.settings import Settings
from core.streaming.rebuild import Rebuilt, main, rebuild
from tests.fakes.live import MemoryLive
from tests.fakes.stores import memory_stores
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


def test_lost_totals_likes_and_follows_are_counted_anew_and_the_worker_goes_on_from_there() -> None:
    small = world()
    stores, social = small.stores, Social(small.stores, small.engagement, "app://{post}")
    community = Community(stores, Reports(stores, Audit(stores), Anonymous("of this shop")), social)

    def work() -> None:
        for consume in (small.engagement.consume, community.consume):
            while consume("worker", now=small.now, limit=7):
                pass

    def counted() -> list[object]:
        totals = {one.id: (one.counts, one.shown, one.revenue_minor) for one in stores.post_totals.each()}
        likes = {one.id: one.liking for one in stores.likes.each()}
        follows = {one.id: (one.viewer, one.publisher, one.following) for one in stores.follows.each()}
        return [totals, likes, follows]

    for number in range(40):
        small.now = NOW + number
        viewer, post = f"v{number % 5}", f"post-{number % 7:04}"
        small.act(viewer, ("like", "like", "unlike", "comment")[number % 4], post)
        small.act(viewer, "unfollow" if number % 9 == 0 else "follow", "", publisher=f"pub-{number % 3}")
    stores.comments.insert(
        Comment(id="c", post="post-0003", viewer="v", text="held", state=CommentState.HELD, visible=False)
    )
    CommentCounts(stores).hidden("post-0003", NOW)
    work()
    before = counted()
    stores.log.append(TOPIC, [NewEvent("bad", "v", b"{not json")])
    stores.post_totals.upsert_many([PostTotals(id="post-0000", counts={"like": 999})])
    stores.likes.delete(next(stores.likes.each()).id)
    stores.follows.delete(next(stores.follows.each()).id)
    assert rebuild_totals(stores, small.engagement, social, now=NOW) == 80
    assert counted() == before
    work()
    assert counted() == before


def test_the_command_counts_everything_anew_that_a_power_failure_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    services = Services(Settings(data=tmp_path, secret="s" * 40), memory_stores())
    monkeypatch.setattr("core.streaming.rebuild.open_services", lambda: services)
    stores, now = services.stores, clock()
    world(stores=stores, posts=4, publishers=1)
    stores.experiments.insert(
        Experiment(
            id="x", name="Mix", salt="x", arms=(Arm(name="old"), Arm(name="new")), holdout=False, launched_at=now,
            metrics=(Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes"),),
            state=ExperimentState.RUNNING, phases=(Phase(number=1, exposure=1.0, started_at=now),),
        )
    )  # fmt: skip
    services.assignments.expose("v", services.assignments.of("v", now=now + 2_000), segment="", now=now)
    events = [
        {"id": "l", "kind": "like", "post": "post-0000"},
        {"id": "f", "kind": "follow", "publisher": "pub-0"},
        {"id": "o", "kind": "order", "post": "post-0000", "product": "prod-0", "value_minor": 5},
    ]
    services.engagement.accept([one | {"viewer": "v", "at": now} for one in events], now)
    assert main([]) == 0
    assert "4 events" in capsys.readouterr().out
    assert stores.post_totals.get("post-0000").shown[0] == 1
    assert services.social.followers("pub-0") == 1
    assert services.experiment_metrics.cells("x")[0].metrics["Likes"]
    assert stores.attributed_orders.count() == 1
