"""Posts that go live after the training: near to what viewers like within a moment, in every process, until the next training."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import Unavailable
from core.domain.ids import DAY
from core.domain.post import PostStatus
from core.feed import arrival_links
from core.feed.replay import replay
from core.feed.trace_record import captured, read, trace_of, written
from core.models.neighbours import Neighbours
from core.models.placing import Placing
from core.services import feed_metrics as metrics
from core.services import model_files
from core.services.feed import Feed
from core.services.feed_request import PageRequest
from core.services.lifecycle import CATALOGUE, Lifecycle
from core.services.model_contents import read_contents
from core.services.model_files import CONTENT, FILES, UnfitModel
from core.services.post_docs import read_docs
from tests.feed.world import make_post
from tests.services.models_world import EACH, GROUPS, MANAGER, ModelsWorld, post_id, quiet
from tests.support.waiting import until

THEMES = (
    ("saree", "silk loom weaving"),
    ("shoes", "running street race"),
    ("bread", "baking oven dough"),
    ("music", "guitar"),
)


@pytest.fixture
def shop(tmp_path: Path) -> ModelsWorld:
    """Posts of four groups whose tags and words differ, and a model that is in force."""
    made = ModelsWorld(tmp_path)
    made.fill_posts()
    for group, (tag, words) in enumerate(THEMES):
        for number in range(EACH):
            made.stores.posts.patch(post_id(group, number), {"tags": (tag,), "title": f"{words} {group}/{number}"})
    made.live_through()
    train(made)
    return made


def train(shop: ModelsWorld) -> str:
    version = shop.models.train(MANAGER, quiet, now=shop.now)
    shop.models.publish(MANAGER, version.id, "test", now=shop.now)
    return version.id


def go_live(shop: ModelsWorld, id: str, group: int, **fields: object) -> None:
    """A post about the theme of a group that has been seen by nobody; old, so that it is not tried out as a new one."""
    tag, words = THEMES[group]
    base = {
        "tags": (tag,),
        "title": f"{words} again",
        "publisher": f"pub-late-{id}",
        "published_at": shop.now - 40 * DAY,
    }
    shop.stores.posts.upsert_many([make_post(id, **(base | {"updated_at": shop.now} | fields))])
    shop.stores.live.signals.bump(CATALOGUE)


def near(feed: Feed, viewer: str, now: int) -> dict[str, float]:
    """What the neighbours proposed for the viewer's next page, and how much the viewer's acts speak for it."""
    _, outcome, query = feed.look(PageRequest(viewer=viewer, size=20), now=now)
    bit = feed.pipeline.source_names.index("neighbours")
    rows = dict(outcome.proposals)[bit]
    assert query.near is not None
    return dict(zip([query.index.ids[row] for row in rows], query.near.of(rows).tolist(), strict=True))


def test_a_post_that_goes_live_is_near_to_what_a_viewer_liked_within_a_second_in_every_process(
    shop: ModelsWorld, tmp_path: Path
) -> None:
    feeds = [shop.process(), shop.process(tmp_path / "elsewhere")]
    shop.like("baker", post_id(2, 3))
    shop.like("runner", post_id(1, 3))
    indexes = [feed.catalogue.at_least(0, now=shop.now).known for feed in feeds]
    go_live(shop, "late", 2)
    for feed, known in zip(feeds, indexes, strict=True):
        assert until(lambda feed=feed: "late" in near(feed, "baker", shop.now)) < 1  # type: ignore[misc]
        assert near(feed, "baker", shop.now)["late"] > 0
        assert "late" not in near(feed, "runner", shop.now), "it is not like what this viewer liked"
        assert feed.catalogue.at_least(0, now=shop.now).known is known, "nothing was built anew"
        assert feed.arrivals(MANAGER, now=shop.now) == 1


def test_an_act_on_a_new_post_brings_posts_like_it_and_is_named(shop: ModelsWorld) -> None:
    feed = shop.process()
    go_live(shop, "late", 3, title="guitar solo")
    go_live(shop, "later", 3, title="guitar duo")
    until(lambda: near(feed, "nobody", shop.now) == {} and feed.arrivals(MANAGER, now=shop.now) == 2)
    shop.like("fan", "late")
    found = near(feed, "fan", shop.now)
    assert {id[:2] for id in found} == {"p3", "la"}
    assert "later" in found
    _, _, query = feed.look(PageRequest(viewer="fan", size=10), now=shop.now)
    assert query.near is not None
    acts = query.near.because(query.index.rows_of(["later", post_id(3, 1), post_id(0, 1)]))
    assert [act.post if act else "" for act in acts] == ["late", "late", ""]


def test_the_next_training_knows_the_post_and_the_places_go_away(shop: ModelsWorld) -> None:
    feed = shop.process()
    go_live(shop, "late", 2)
    until(lambda: near(feed, "nobody", shop.now) == {} and feed.arrivals(MANAGER, now=shop.now) == 1)
    shop.like("baker", "late")
    shop.like("baker", post_id(2, 3))
    shop.like("other", "late")
    shop.like("other", post_id(2, 3))
    newer = train(shop)
    until(lambda: feed.page("looker", size=1, record=False, now=shop.now).model == newer)
    model = feed._queries.models.current(0, now=shop.now)  # type: ignore[union-attr]
    assert model is not None
    assert model.place("late") >= 0
    assert feed.arrivals(MANAGER, now=shop.now) == 0


def test_a_training_leaves_young_posts_that_nobody_took_to_where_they_are(shop: ModelsWorld) -> None:
    feed = shop.process()
    go_live(shop, "young", 2, published_at=shop.now)
    go_live(shop, "old", 2)
    contents, _ = read_contents(shop.stores, [post_id(0, 0)], now=shop.now)
    assert "young" not in contents.ids
    assert "old" in contents.ids
    assert "young" in read_contents(shop.stores, ["young"], now=shop.now)[0].ids
    until(lambda: near(feed, "nobody", shop.now) == {} and feed.arrivals(MANAGER, now=shop.now) == 2)
    newer = train(shop)
    until(lambda: feed.page("looker", size=1, record=False, now=shop.now).model == newer)
    shop.like("baker", post_id(2, 3))
    assert "young" in near(feed, "baker", shop.now)


def test_a_post_that_is_taken_down_is_not_proposed_and_comes_back_with_its_place(shop: ModelsWorld) -> None:
    feed = shop.process()
    shop.like("baker", post_id(2, 3))
    go_live(shop, "late", 2)
    until(lambda: "late" in near(feed, "baker", shop.now))
    lives = Lifecycle(shop.stores)
    lives.move(shop.stores.posts.get("late"), PostStatus.HELD, by="m", now=shop.now)
    assert "late" not in near(feed, "baker", shop.now)
    lives.move(shop.stores.posts.get("late"), PostStatus.LIVE, by="m", now=shop.now)
    until(lambda: "late" in near(feed, "baker", shop.now))


def test_an_edit_moves_a_new_post_to_what_it_is_now_about(shop: ModelsWorld) -> None:
    feed = shop.process()
    shop.like("baker", post_id(2, 3))
    shop.like("runner", post_id(1, 3))
    go_live(shop, "late", 2)
    until(lambda: "late" in near(feed, "baker", shop.now))
    tag, words = THEMES[1]
    Lifecycle(shop.stores).change(shop.stores.posts.get("late"), {"tags": (tag,), "title": words}, now=shop.now)
    until(lambda: "late" in near(feed, "runner", shop.now))
    assert "late" not in near(feed, "baker", shop.now)


def test_a_process_that_starts_later_has_them_on_its_first_page(shop: ModelsWorld) -> None:
    for number in range(80):
        go_live(shop, f"late-{number:02}", number % GROUPS)
    feed = shop.process()
    assert feed.arrivals(MANAGER, now=shop.now) == 80
    shop.like("baker", post_id(2, 3))
    assert "late-02" in near(feed, "baker", shop.now)


def test_while_the_store_does_not_answer_pages_go_on_and_the_post_gets_its_place_after(
    shop: ModelsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = shop.process()
    shop.like("baker", post_id(2, 3))

    def down(stores: object, ids: Sequence[str]) -> list[object]:
        raise Unavailable("down")

    failed = metrics.DEGRADED.labels("new posts")._value.get()
    monkeypatch.setattr("core.services.feed_arrivals.read_docs", down)
    go_live(shop, "late", 2)
    assert len(feed.page("someone", now=shop.now).slots) == 20
    until(lambda: metrics.DEGRADED.labels("new posts")._value.get() > failed)
    assert "late" not in near(feed, "baker", shop.now)
    monkeypatch.setattr("core.services.feed_arrivals.read_docs", read_docs)
    shop.now += 1_000
    until(lambda: "late" in near(feed, "baker", shop.now))


def test_a_page_with_new_posts_is_made_again_to_the_last_bit_after_they_are_gone(shop: ModelsWorld) -> None:
    feed = shop.process()
    for number in range(6):
        go_live(shop, f"late-{number}", 2)
    shop.like("baker", post_id(2, 3))
    until(lambda: near(feed, "baker", shop.now) != {} and feed.arrivals(MANAGER, now=shop.now) == 6)
    shop.like("baker", "late-0")
    page, outcome, query = feed.look(PageRequest(viewer="baker", size=20), now=shop.now)
    assert any(slot.post.startswith("late-") and "neighbours" in slot.reason.sources for slot in page.slots)
    kept = captured(query, outcome, feed.pipeline.source_names, page.request, "")
    go_live(shop, "late-9", 2)
    until(
        lambda: (
            feed.look(PageRequest(viewer="x", size=1), now=shop.now) is not None
            and feed.arrivals(MANAGER, now=shop.now) == 7
        )
    )
    again = replay(read(written(trace_of(kept))), feed.pipeline)
    assert again.difference == ""
    assert again.query.near is not None
    assert again.query.near.arrivals == 6  # type: ignore[attr-defined]


def test_pages_and_new_posts_at_the_same_time(shop: ModelsWorld) -> None:
    feed = shop.process()
    shop.like("baker", post_id(2, 3))
    failed: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            page = feed.page("baker", record=False, now=shop.now)
            failed.extend(stage.failed for stage in page.stages if stage.failed)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(60):
        go_live(shop, f"late-{number:02}", number % GROUPS)
        time.sleep(0.005)
    until(lambda: feed.arrivals(MANAGER, now=shop.now) == 60)
    over.set()
    for thread in threads:
        thread.join()
    assert not failed
    for one in (arrival_links.linked, arrival_links.joined, arrival_links.stronger):
        assert len(one.signatures) == 1, "no page may wait for a compiler"


def test_a_model_without_content_serves_as_it_did(shop: ModelsWorld, tmp_path: Path) -> None:
    folder = tmp_path / "older"
    folder.mkdir()
    arrays = np.zeros((2, 1), np.int32), np.zeros((2, 1), np.float32)
    sha = model_files.write(folder, Neighbours(["a", "b"], *arrays), {})
    assert sorted(path.name for path in folder.iterdir()) == sorted((*FILES, "manifest.json"))
    assert model_files.load(folder, "neighbours-1", sha).arrivals is None


def test_content_that_does_not_fit_the_model_is_refused(tmp_path: Path) -> None:
    good = Placing(np.zeros((2, 3), np.int8), np.array([4, 9], np.int32), np.ones((2, 3), np.float16), {"a": None})
    lies = [
        (Placing(np.zeros((3, 3), np.int8), good.buckets, good.projection), "vectors"),
        (Placing(good.vectors, good.buckets, np.ones((3, 3), np.float16)), "projection"),
        (Placing(good.vectors, np.array([9, 4], np.int32), good.projection), "out of order"),
        (Placing(good.vectors, np.array([4, 1 << 20], np.int32), good.projection), "out of order"),
        (Placing(good.vectors, good.buckets, np.full((2, 3), np.nan, np.float16)), "reasonable"),
        (Placing(good.vectors, good.buckets.astype(np.int64), good.projection), "buckets.npy holds int64"),  # type: ignore[arg-type]
    ]
    model = Neighbours(["a", "b"], np.zeros((2, 1), np.int32), np.zeros((2, 1), np.float32))
    for place, (placing, why) in enumerate([(good, ""), *lies]):
        folder = tmp_path / str(place)
        folder.mkdir()
        sha = model_files.write(folder, model, {}, placing)
        if not why:
            assert model_files.load(folder, "neighbours-1", sha).arrivals is not None
            continue
        with pytest.raises(UnfitModel, match=why):
            model_files.load(folder, "neighbours-1", sha)


@pytest.mark.parametrize("name", CONTENT)
def test_a_damaged_file_of_content_is_refused(tmp_path: Path, name: str) -> None:
    placing = Placing(np.zeros((1, 3), np.int8), np.array([4], np.int32), np.ones((1, 3), np.float16))
    model = Neighbours(["a"], np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float32))
    sha = model_files.write(tmp_path, model, {}, placing)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1] + b"?")
    with pytest.raises(UnfitModel, match=name):
        model_files.load(tmp_path, "neighbours-1", sha)
