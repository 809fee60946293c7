"""Feed processes and models: swapped without a restart, kept when stores or files fail, felt on the very next page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.domain.errors import Unavailable
from core.domain.experiment import MOST_MODELS
from core.domain.post import PostStatus
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services import feed_metrics as metrics
from core.services.feed import Feed
from core.services.lifecycle import CATALOGUE
from core.services.model_cache import KEPT
from core.services.model_files import MANIFEST
from tests.services.models_world import MANAGER, ModelsWorld, post_id, quiet
from tests.support.waiting import until


@pytest.fixture
def shop(tmp_path: Path) -> ModelsWorld:
    made = ModelsWorld(tmp_path)
    made.fill_posts()
    made.live_through()
    return made


def put_in_force(shop: ModelsWorld) -> str:
    version = shop.models.train(MANAGER, quiet, now=shop.now)
    shop.models.publish(MANAGER, version.id, "test", now=shop.now)
    return version.id


def model_of(feed: Feed, shop: ModelsWorld) -> str:
    return feed.page("looker", size=1, record=False, now=shop.now).model


def test_without_a_model_pages_are_made_from_the_other_sources(shop: ModelsWorld) -> None:
    page = shop.process().page("v", now=shop.now)
    assert page.model == ""
    assert len(page.slots) == 20
    assert not any(stage.failed for stage in page.stages)


def test_a_published_model_serves_in_every_process_without_a_restart_and_a_roll_back_takes_it_away(
    shop: ModelsWorld, tmp_path: Path
) -> None:
    feeds = [shop.process(), shop.process(tmp_path / "elsewhere")]
    first = put_in_force(shop)
    for feed in feeds:
        until(lambda feed=feed: model_of(feed, shop) == first)  # type: ignore[misc]
    second = put_in_force(shop)
    until(lambda: model_of(feeds[0], shop) == second)
    shop.models.roll_back(MANAGER, "worse", now=shop.now)
    until(lambda: model_of(feeds[0], shop) == first)
    shop.models.roll_back(MANAGER, "worse", now=shop.now)
    until(lambda: model_of(feeds[0], shop) == "")
    until(lambda: model_of(feeds[1], shop) == "")
    assert [one.id for one in shop.models.versions(MANAGER).items] == [second, first], "a roll back deletes no version"


def test_the_very_first_page_after_warming_up_has_the_model(shop: ModelsWorld) -> None:
    first = put_in_force(shop)
    page = shop.process().page("v", now=shop.now)
    assert page.model == first
    (record,) = shop.stores.log.replay(SERVED_TOPIC) or _flushed(shop)
    assert read_served(record.payload).model in ("", first)


def _flushed(shop: ModelsWorld) -> list[object]:
    until(lambda: bool(shop.stores.log.replay(SERVED_TOPIC)))
    return list(shop.stores.log.replay(SERVED_TOPIC))


def test_a_like_brings_neighbours_on_the_next_page_and_names_the_liked_post(shop: ModelsWorld) -> None:
    put_in_force(shop)
    feed = shop.process()
    shop.like("someone", post_id(2, 3))
    page = feed.page("someone", size=10, now=shop.now)
    near = [slot for slot in page.slots if "neighbours" in slot.reason.sources]
    assert len(near) >= 8
    assert all(slot.post.startswith("p2-") for slot in near)
    assert all(slot.reason.scores["neighbours"] > 0 for slot in near)
    assert "Because you liked “Clip 2/3”" in {slot.reason.sentence for slot in near}


def test_a_liked_post_that_was_taken_down_is_not_named(shop: ModelsWorld) -> None:
    put_in_force(shop)
    feed = shop.process()
    shop.like("someone", post_id(2, 3))
    assert any("“Clip 2/3”" in slot.reason.sentence for slot in feed.page("someone", record=False, now=shop.now).slots)
    shop.stores.posts.patch(post_id(2, 3), {"status": PostStatus.HELD, "updated_at": shop.now})
    shop.stores.live.signals.bump(CATALOGUE)
    page = feed.page("someone", record=False, now=shop.now)
    assert any("neighbours" in slot.reason.sources for slot in page.slots)
    assert not any("“Clip 2/3”" in slot.reason.sentence for slot in page.slots)


def test_not_interested_pushes_neighbours_down(shop: ModelsWorld) -> None:
    put_in_force(shop)
    feed = shop.process()
    event = {"id": "x", "viewer": "grump", "kind": "not_interested", "post": post_id(2, 3), "at": shop.now}
    shop.engagement.accept([event], shop.now)
    page = feed.page("grump", size=20, now=shop.now)
    against = [slot.reason.scores["neighbours"] for slot in page.slots if slot.post.startswith("p2-")]
    assert all(score <= 0 for score in against)
    assert min(against, default=-1) < 0 or not against
    assert sum(slot.post.startswith("p2-") for slot in page.slots) < 5


def test_a_newcomer_of_a_known_segment_gets_its_favourites(shop: ModelsWorld) -> None:
    put_in_force(shop)
    feed = shop.process()
    page = feed.page("newcomer", size=10, segment="first", now=shop.now)
    sources = [slot.reason.sources for slot in page.slots]
    assert sum("segment" in one for one in sources) >= 8
    assert sum(slot.post.startswith("p0-") for slot in page.slots) >= 5
    assert any(slot.reason.sentence == "Popular with viewers like you" for slot in page.slots)
    other = feed.page("another", size=10, segment="unheard of", now=shop.now)
    assert not any("segment" in slot.reason.sources for slot in other.slots)
    until(lambda: len(shop.stores.log.replay(SERVED_TOPIC)) == 2)
    assert [read_served(record.payload).segment for record in shop.stores.log.replay(SERVED_TOPIC)] == [
        "first",
        "unheard of",
    ]


def damage_object(shop: ModelsWorld, id: str, name: str, change: Callable[[bytes], bytes]) -> None:
    prefix = shop.stores.models.get(id).prefix
    data = b"".join(shop.stores.objects.read(f"{prefix}/{name}"))
    shop.stores.objects.put_bytes(f"{prefix}/{name}", change(data), "application/octet-stream")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("rows.npy", lambda data: data[:-4] + b"\x7f\xff\xff\xff"),
        ("rows.npy", lambda data: data[: len(data) // 2]),
        ("rows.npy", lambda data: b""),
        ("weights.npy", lambda data: b"\x93NUMPY" + b"\xff" * (len(data) - 6)),
        ("ids.json", lambda data: b"[" * len(data)),
        ("segments.json", lambda data: data.replace(b"1.0", b"1e9")),
        (MANIFEST, lambda data: b"{}"),
        (MANIFEST, lambda data: data * 1_000),
    ],
)
def test_a_damaged_model_is_refused_and_the_last_one_stays(
    shop: ModelsWorld, tmp_path: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "own"
    feed = shop.process(folder)
    first = put_in_force(shop)
    until(lambda: model_of(feed, shop) == first)
    before = metrics.DEGRADED.labels("model")._value.get()
    version = shop.models.train(MANAGER, quiet, now=shop.now)
    damage_object(shop, version.id, name, change)
    shop.models.publish(MANAGER, version.id, "test", now=shop.now)
    until(lambda: model_of(feed, shop) == first and metrics.DEGRADED.labels("model")._value.get() > before)
    page = feed.page("v", now=shop.now)
    assert (page.model, len(page.slots)) == (first, 20)
    until(lambda: [path.name for path in folder.iterdir()] == [first])
    shop.models.roll_back(MANAGER, "broken", now=shop.now)
    until(lambda: model_of(feed, shop) == first and not feed._queries.models.problem)  # type: ignore[union-attr]


def test_a_model_that_lies_about_itself_is_refused_although_its_checksums_agree(
    shop: ModelsWorld, tmp_path: Path
) -> None:
    from core.feed.serving_model import SegmentPrior
    from core.models.neighbours import Neighbours
    from core.services import model_files

    good = {"rows": np.zeros((2, 3), np.int32), "weights": np.zeros((2, 3), np.float32)}
    lies: list[tuple[list[str], dict[str, object], str]] = [
        (["a", "b"], {"rows": np.full((2, 3), 2, np.int32)}, "outside the model"),
        (["a", "b"], {"rows": np.full((2, 3), -2, np.int32)}, "outside the model"),
        (["a", "b"], {"weights": np.full((2, 3), np.nan, np.float32)}, "no reasonable|not a reasonable"),
        (["a", "b"], {"weights": np.full((2, 3), 1e9, np.float32)}, "not a reasonable"),
        (["a", "a"], {}, "twice"),
    ]
    for place, (ids, change, why) in enumerate(lies):
        folder = tmp_path / f"lie-{place}"
        folder.mkdir()
        arrays = good | change
        sha = model_files.write(folder, Neighbours(ids, arrays["rows"], arrays["weights"]), {})  # type: ignore[arg-type]
        with pytest.raises(model_files.UnfitModel, match=why):
            model_files.load(folder, "neighbours-1", sha)
    folder = tmp_path / "segment"
    folder.mkdir()
    sha = model_files.write(folder, Neighbours(["a", "b"], **good), {"s": SegmentPrior({"a": 1e9})})  # type: ignore[arg-type]
    with pytest.raises(model_files.UnfitModel, match="segment"):
        model_files.load(folder, "neighbours-1", sha)


def test_a_pickle_in_place_of_an_array_is_never_opened(shop: ModelsWorld, tmp_path: Path) -> None:
    from core.models.neighbours import Neighbours
    from core.services import model_files

    folder = tmp_path / "evil"
    folder.mkdir()
    model_files.write(folder, Neighbours(["a"], np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float32)), {})
    np.save(folder / "rows.npy", np.array([[{"x": 1}]], dtype=object), allow_pickle=True)
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
    manifest["sha256"]["rows.npy"] = model_files.digest(folder / "rows.npy")
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(model_files.UnfitModel, match="cannot be read"):
        model_files.load(folder, "neighbours-1", model_files.digest(folder / MANIFEST))


def test_a_damaged_copy_on_the_disk_is_fetched_anew(shop: ModelsWorld) -> None:
    first = put_in_force(shop)
    shop.process()
    (shop.folder / first / "ids.json").write_bytes(b"nonsense")
    assert shop.process().page("v", now=shop.now).model == first


def test_while_the_stores_are_down_the_last_model_stays(shop: ModelsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    first = put_in_force(shop)
    feed = shop.process()

    def down(*args: object, **named: object) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(shop.stores.model_publishes, "find", down)
    monkeypatch.setattr(shop.stores.objects, "fetch", down)
    shop.stores.live.signals.bump("models")
    until(lambda: model_of(feed, shop) == first and bool(feed._queries.models.problem))  # type: ignore[union-attr]
    assert len(feed.page("v", now=shop.now).slots) == 20
    monkeypatch.undo()
    shop.now += 10_000
    until(lambda: model_of(feed, shop) == first and not feed._queries.models.problem)  # type: ignore[union-attr]


def test_a_lost_signal_is_made_up_for_within_half_a_minute(shop: ModelsWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = shop.process()
    version = shop.models.train(MANAGER, quiet, now=shop.now)
    monkeypatch.setattr(shop.stores.live.signals, "bump", lambda topic: 0)
    shop.models.publish(MANAGER, version.id, "test", now=shop.now)
    assert model_of(feed, shop) == ""
    shop.now += 31_000
    until(lambda: model_of(feed, shop) == version.id)


def test_the_last_three_models_stay_on_the_disk(shop: ModelsWorld) -> None:
    feed = shop.process()
    for _ in range(5):
        newest = put_in_force(shop)
        until(lambda newest=newest: model_of(feed, shop) == newest)  # type: ignore[misc]
    kept = sorted(path.name for path in shop.folder.iterdir())
    assert len(kept) == KEPT
    assert "neighbours-5" in kept


class Fetched:
    """A model of an arm, as it comes from the disk."""

    def __init__(self, id: str) -> None:
        self.id = id

    def tie(self, index: object) -> None:
        """There is nothing to tie."""


def test_all_models_that_experiments_may_name_are_held_and_one_fetched_again_pushes_none_out(
    shop: ModelsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = shop.process()._queries.models
    assert models is not None
    monkeypatch.setattr(shop.stores.models, "find_one", Fetched)
    monkeypatch.setattr(models._cache, "get", lambda version: version)
    monkeypatch.setattr(models.arrivals, "begin", lambda model, now: None)
    names = [f"m{number}" for number in range(MOST_MODELS)]
    for name in [*names, names[-1], names[-1]]:
        models._fetch(name, shop.now)
    assert [models.named(name, now=shop.now) is not None for name in names] == [True] * MOST_MODELS
    models._fetch("newer", shop.now)
    assert list(models._named) == [*names[1:], "newer"]


def test_a_folder_that_cannot_be_written_leaves_pages_without_a_model(shop: ModelsWorld, tmp_path: Path) -> None:
    put_in_force(shop)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    page = shop.process(blocked).page("v", now=shop.now)
    assert (page.model, len(page.slots)) == ("", 20)
    shutil.rmtree(shop.folder, ignore_errors=True)
