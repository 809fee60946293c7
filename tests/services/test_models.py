"""Models as product managers meet them: trained, measured, published with a reason, rolled back; and what the machine does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import Conflict, Forbidden, InvalidInput, NotEnough, NotFound
from core.domain.ids import DAY, HOUR
from core.domain.job import Job, JobKind, JobState
from core.domain.model import ModelQuality, ModelVersion, Rate
from core.services.models import PAUSE, SUBJECT
from tests.services.models_world import BRAND, MANAGER, ModelsWorld, quiet


@pytest.fixture
def shop(tmp_path: Path) -> ModelsWorld:
    made = ModelsWorld(tmp_path)
    made.fill_posts()
    made.live_through()
    return made


def trained(shop: ModelsWorld) -> ModelVersion:
    return shop.models.train(MANAGER, quiet, now=shop.now)


def test_a_training_says_what_it_learned_from_and_how_good_it_is(shop: ModelsWorld) -> None:
    steps: list[tuple[float, str]] = []
    version = shop.models.train(MANAGER, lambda done, step: steps.append((done, step)), now=shop.now)
    assert (version.id, version.created_by, version.method) == ("neighbours-1", "m", "item neighbours (shrink 10)")
    assert (version.events, version.viewers, version.posts) == (800, 40, 60)
    assert version.data_through < shop.now
    assert version.quality.model is not None
    assert version.quality.popularity is not None
    assert version.quality.model.value > 2 * version.quality.popularity.value
    assert version.quality.good_enough
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (1.0, "neighbours-1 is there")
    keys = shop.stores.objects.list("models/neighbours-1/")
    assert sum(shop.stores.objects.stat(key).size for key in keys) == version.bytes  # type: ignore[union-attr]
    assert shop.models.versions(MANAGER).items == [version]
    assert shop.models.in_force(MANAGER) is None
    assert not [path for path in shop.folder.iterdir() if path.name.startswith(".")]


def test_the_same_log_makes_the_same_files(shop: ModelsWorld) -> None:
    assert trained(shop).sha256 == trained(shop).sha256
    assert [version.id for version in shop.models.versions(MANAGER).items] == ["neighbours-2", "neighbours-1"]


def test_too_little_to_learn_from_is_said_in_words(tmp_path: Path) -> None:
    empty = ModelsWorld(tmp_path)
    with pytest.raises(NotEnough, match="0 acts are too few to learn from; it takes 50"):
        trained(empty)
    assert empty.models.versions(MANAGER).items == []


def test_publishing_and_rolling_back_walk_the_history(shop: ModelsWorld) -> None:
    for number in (1, 2, 3):
        trained(shop)
        line = shop.models.publish(MANAGER, f"neighbours-{number}", f"reason {number}", now=shop.now + number)
        assert (line.model, line.why, line.by_name) == (f"neighbours-{number}", f"reason {number}", "Meera")
    assert shop.stores.live.signals.version("models") >= 3
    back = [shop.models.roll_back(MANAGER, "worse", now=shop.now + 9).model for _ in range(3)]
    assert back == ["neighbours-2", "neighbours-1", ""]
    with pytest.raises(Conflict, match="nothing to roll back"):
        shop.models.roll_back(MANAGER, "worse", now=shop.now)
    shop.models.publish(MANAGER, "neighbours-2", "again", now=shop.now)
    assert shop.models.roll_back(MANAGER, "no", now=shop.now).model == ""
    history = shop.models.history(MANAGER)
    assert [line.rolled_back for line in history[:2]] == ["neighbours-2", ""]
    actions = [line.action for line in shop.stores.audit.find(order="id").items]
    assert actions.count("model.publish") == 4
    assert actions.count("model.roll_back") == 4


def test_a_model_that_was_never_seen_is_not_taken_back(shop: ModelsWorld) -> None:
    for _ in range(3):
        trained(shop)
    seen = shop.models.publish(MANAGER, "neighbours-1", "first", seen="", now=shop.now)
    shop.models.publish(None, "neighbours-2", "measured", now=shop.now)
    told = r"Feedroom has published neighbours-2 in the meantime \(measured\); nothing was changed"
    with pytest.raises(Conflict, match=told):
        shop.models.roll_back(MANAGER, "worse", seen=seen.id, now=shop.now)
    with pytest.raises(Conflict, match=told):
        shop.models.publish(MANAGER, "neighbours-3", "better", seen=seen.id, now=shop.now)
    present = shop.models.in_force(MANAGER)
    assert present is not None
    assert present.model == "neighbours-2"
    shop.models.roll_back(MANAGER, "worse", seen=present.id, now=shop.now)
    with pytest.raises(Conflict, match="Meera has rolled neighbours-2 back"):
        shop.models.roll_back(MANAGER, "worse", seen=present.id, now=shop.now)


def test_what_rolling_back_returns_to_is_known_before(shop: ModelsWorld) -> None:
    assert shop.models.previous(MANAGER) is None
    for number in (1, 2):
        trained(shop)
        shop.models.publish(MANAGER, f"neighbours-{number}", "new", now=shop.now)
    previous = shop.models.previous(MANAGER)
    assert previous is not None
    assert previous.model == shop.models.roll_back(MANAGER, "worse", now=shop.now).model == "neighbours-1"
    assert shop.models.previous(MANAGER) is None
    shop.models.roll_back(MANAGER, "worse", now=shop.now)
    shop.models.publish(MANAGER, "neighbours-2", "again", now=shop.now)
    assert shop.models.previous(MANAGER) is None


def test_of_two_who_publish_at_once_one_hears_of_it(shop: ModelsWorld) -> None:
    for _ in range(8):
        trained(shop)

    def publish(number: int) -> str:
        try:
            return shop.models.publish(MANAGER, f"neighbours-{number}", "mine", now=shop.now).model
        except Conflict:
            return ""

    with ThreadPoolExecutor(8) as pool:
        done = [model for model in pool.map(publish, range(1, 9)) if model]
    lines = shop.models.history(MANAGER)
    assert len(lines) == len(done) >= 1
    assert [line.parent for line in lines] == [*[line.id for line in lines[1:]], ""]


def test_a_reason_and_a_role_are_needed(shop: ModelsWorld) -> None:
    trained(shop)
    with pytest.raises(InvalidInput, match="say in a few words why"):
        shop.models.publish(MANAGER, "neighbours-1", "  ", now=shop.now)
    with pytest.raises(NotFound):
        shop.models.publish(MANAGER, "neighbours-9", "why not", now=shop.now)
    for forbidden in (
        lambda: shop.models.versions(BRAND),
        lambda: shop.models.train(BRAND, quiet, now=shop.now),
        lambda: shop.models.start_training(BRAND, now=shop.now),
        lambda: shop.models.publish(BRAND, "neighbours-1", "x", now=shop.now),
        lambda: shop.models.roll_back(BRAND, "x", now=shop.now),
        lambda: shop.models.history(BRAND),
        lambda: shop.models.previous(BRAND),
        lambda: shop.models.get(BRAND, "neighbours-1"),
        lambda: shop.models.names(BRAND, ["m"]),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    shop.models.publish(MANAGER, "neighbours-1", "first", now=shop.now)
    with pytest.raises(Conflict, match="in force already"):
        shop.models.publish(MANAGER, "neighbours-1", "again", now=shop.now)


def test_asking_twice_starts_one_training(shop: ModelsWorld) -> None:
    job = shop.models.start_training(MANAGER, now=shop.now)
    assert shop.models.start_training(MANAGER, now=shop.now).id == job.id
    claimed = shop.jobs.claim("w", now=shop.now, kinds=[JobKind.TRAIN_MODEL])
    assert claimed is not None
    assert claimed.asked_by == "m"
    shop.models.run(claimed, quiet, now=shop.now)
    assert shop.models.versions(MANAGER).items[0].created_by == "m"
    # What a person has trained goes out when a person says so.
    assert shop.models.in_force(MANAGER) is None


def run_one(shop: ModelsWorld) -> Job | None:
    job = shop.jobs.claim("w", now=shop.now, kinds=[JobKind.TRAIN_MODEL])
    if job is not None:
        shop.models.run(job, quiet, now=shop.now)
        shop.jobs.finish(job, now=shop.now)
    return job


def test_the_machine_trains_when_the_log_has_grown_and_publishes_what_is_good_enough(shop: ModelsWorld) -> None:
    assert shop.models.sweep(now=shop.now) is not None
    assert shop.models.sweep(now=shop.now) is None
    assert run_one(shop) is not None
    published = shop.models.in_force(MANAGER)
    assert published is not None
    assert (published.model, published.by_name) == ("neighbours-1", "Feedroom")
    assert "Among its first 10 it named" in published.why
    shop.now += PAUSE + HOUR
    assert shop.models.sweep(now=shop.now) is None
    shop.now += DAY
    assert shop.models.sweep(now=shop.now) is None
    shop.live_through(begin=12, viewers=6, seed=5)
    assert shop.models.sweep(now=shop.now) is not None


def test_a_model_is_measured_against_the_one_in_force_only_on_what_neither_has_seen(shop: ModelsWorld) -> None:
    shop.models.sweep(now=shop.now)
    run_one(shop)
    second = trained(shop)
    assert second.quality.in_force is None
    assert "so a person decides" in second.quality.sentence
    assert not second.quality.good_enough
    shop.live_through(begin=12, seed=11)
    third = trained(shop)
    assert third.quality.compared_with == "neighbours-1"
    assert third.quality.in_force is not None
    assert third.quality.since > second.data_through
    assert "neighbours-1" in third.quality.sentence


def test_a_failed_training_is_not_tried_again_at_once(shop: ModelsWorld) -> None:
    shop.models.sweep(now=shop.now)
    job = shop.jobs.claim("w", now=shop.now, kinds=[JobKind.TRAIN_MODEL])
    assert job is not None
    shop.jobs.fail(job, "broken", now=shop.now, final=True)
    assert shop.models.sweep(now=shop.now + 1) is None
    assert shop.models.sweep(now=shop.now + PAUSE) is not None
    assert shop.jobs.latest(SUBJECT, kind=JobKind.TRAIN_MODEL).state is JobState.QUEUED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("low", "other", "good"), [(0.01, 0.2, True), (-0.009, 0.2, True), (-0.02, 0.2, False), (None, 0.2, False)]
)
def test_a_model_goes_out_by_itself_only_if_it_is_surely_not_worse(low: float | None, other: float, good: bool) -> None:
    difference = None if low is None else Rate(value=0.0, low=low, high=1.0)
    rate = Rate(value=other, low=0.0, high=1.0)
    assert ModelQuality(popularity=rate, over_popularity=difference).good_enough is good
    both = ModelQuality(
        popularity=rate,
        over_popularity=Rate(value=0.1, low=0.05, high=0.2),
        compared_with="neighbours-1",
        in_force=rate,
        over_in_force=difference,
    )
    assert both.good_enough is good
    assert np.isfinite(other)
