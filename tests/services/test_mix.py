"""Versions of the mix: immutable, numbered without collision, published one after the other, rolled back exactly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from core.adapters.sqlite import SqliteDocuments
from core.domain.account import Account, Role
from core.domain.errors import Conflict, Duplicate, Forbidden, InvalidInput, NotFound, Unavailable
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase
from core.domain.mix import MixPolicy, Share
from core.domain.mix_life import publish_id
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.services.audit import Audit
from core.services.feed_policies import SIGNAL
from core.services.mix import Mix
from core.services.stores import Stores
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.live import MemoryLive
from tests.fakes.objects import MemoryObjects
from tests.fakes.stores import memory_stores
from tests.feed.world import world as feed_world

NOW = 1_795_000_000_000
MIRA = Account(id="mira", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)
ARJUN = Account(id="arjun", email="a@x.example", name="Arjun", role=Role.ADMINISTRATOR)
BELA = Account(id="bela", email="b@x.example", name="Bela", role=Role.BRAND, publisher="p")


class World:
    def __init__(self, stores: Stores | None = None) -> None:
        self.stores = stores or memory_stores()
        self.mix = Mix(self.stores, Audit(self.stores))
        self.now = NOW

    def saved(self, share: float, actor: Account = MIRA, base: str = "for_you-1") -> MixPolicy:
        self.now += 1_000
        values = {"shares.promotional.most": share}
        return self.mix.save(actor, values, base=base, name=f"Promotional {share:.0%}", now=self.now)

    def published(self, id: str, why: str = "because", actor: Account = MIRA) -> None:
        self.now += 1_000
        self.mix.publish(actor, id, why, now=self.now)

    @property
    def in_force(self) -> str:
        return self.mix.current(MIRA).policy.id


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_mix_is_in_force_before_anything_was_published(world: World) -> None:
    assert world.in_force == DEFAULT_POLICY.id
    assert world.mix.current(MIRA).number == 0
    assert world.mix.previous(MIRA) is None
    assert world.mix.history(MIRA).items == []


def test_a_version_says_who_made_it_from_what(world: World) -> None:
    made = world.mix.save(
        MIRA,
        {"shares.promotional.most": 0.1, "gap.promotional": 4.0},
        base="for_you-1",
        name=" Calm ",
        note="less",
        now=NOW,
    )
    assert (made.id, made.name, made.note, made.base, made.family) == (
        "for_you-2",
        "Calm",
        "less",
        "for_you-1",
        "for_you",
    )
    assert (made.created_by, made.created_at) == ("mira", NOW)
    assert made.shares == DEFAULT_POLICY.shares | {PostKind.PROMOTIONAL: Share(least=0.0, most=0.1)}
    assert made.gap == {PostKind.PROMOTIONAL: 4, PostKind.PRODUCT: 1}
    assert (made.weights, made.per_publisher) == (DEFAULT_POLICY.weights, DEFAULT_POLICY.per_publisher)
    assert world.mix.get(MIRA, "for_you-2") == made


def test_a_version_can_never_be_changed(world: World) -> None:
    made = world.saved(0.1)
    with pytest.raises(Forbidden):
        world.stores.policies.patch(made.id, {"note": "changed"})
    with pytest.raises(Duplicate):
        world.stores.policies.upsert_many([replace(made, note="changed")])
    with pytest.raises(Forbidden):
        world.stores.policies.delete(made.id)
    assert world.stores.policies.get(made.id) == made


def test_versions_saved_at_once_get_a_number_each(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "feedroom.sqlite")
    documents.migrate()
    stores = Stores.over(documents, MemoryObjects(), MemoryEventLog(), MemoryLive())
    worlds = [World(stores) for _ in range(8)]
    worlds[0].mix.current(MIRA)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda place: worlds[place].saved(0.01 * (place + 1)).id, range(8)))
    assert sorted(ids) == [f"for_you-{number}" for number in range(2, 10)]


def test_the_next_page_of_history_follows_the_numbers(world: World) -> None:
    for share in (0.1, 0.11, 0.12):
        world.published(world.saved(share).id, f"why {share}")
    lines = world.mix.history(MIRA).items
    assert [(line.number, line.came_from, line.policy) for line in lines] == [
        (3, "for_you-3", "for_you-4"),
        (2, "for_you-2", "for_you-3"),
        (1, "for_you-1", "for_you-2"),
    ]
    assert {(line.by, line.by_name) for line in lines} == {("mira", "Mira")}
    assert lines[0].why == "why 0.12"


def test_rolling_back_restores_exactly_and_again_goes_further_back(world: World) -> None:
    calm, loud = world.saved(0.05), world.saved(0.2 - 0.01)
    world.published(calm.id)
    world.published(loud.id)
    assert world.mix.previous(MIRA) == calm
    line = world.mix.roll_back(ARJUN, "watch time fell", now=world.now)
    assert line.rolled_back
    assert (line.came_from, line.policy, line.by_name) == (loud.id, calm.id, "Arjun")
    assert world.mix.current(MIRA).policy == calm
    world.mix.roll_back(ARJUN, "still falling", now=world.now)
    assert world.in_force == DEFAULT_POLICY.id
    assert world.mix.previous(MIRA) is None
    with pytest.raises(Conflict, match="nothing to go back to"):
        world.mix.roll_back(ARJUN, "more", now=world.now)
    world.published(loud.id)
    world.mix.roll_back(ARJUN, "no", now=world.now)
    assert world.in_force == DEFAULT_POLICY.id


def test_of_two_who_publish_what_they_have_seen_one_is_told_who_was_quicker(world: World) -> None:
    calm, loud = world.saved(0.05), world.saved(0.15)
    seen = world.mix.current(MIRA).number
    world.mix.publish(ARJUN, calm.id, "fewer complaints", seen=seen, now=NOW)
    with pytest.raises(Conflict, match=r"Arjun has published for_you-2 in the meantime \(fewer complaints\)"):
        world.mix.publish(MIRA, loud.id, "more clicks", seen=seen, now=NOW)
    with pytest.raises(Conflict, match="Arjun"):
        world.mix.roll_back(MIRA, "no", seen=seen, now=NOW)
    assert world.in_force == calm.id


def test_publishes_at_the_same_moment_follow_each_other_or_conflict(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "feedroom.sqlite")
    documents.migrate()
    stores = Stores.over(documents, MemoryObjects(), MemoryEventLog(), MemoryLive())
    world = World(stores)
    ids = [world.saved(0.01 * number).id for number in range(1, 9)]

    def publish(id: str) -> bool:
        try:
            World(stores).mix.publish(MIRA, id, "at once", seen=0, now=NOW)
        except Conflict as error:
            return "Mira has published" not in error.detail
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(publish, ids))
    assert sum(done) == 1
    (line,) = world.mix.history(MIRA).items
    assert line.policy == ids[done.index(True)]


def test_every_act_leaves_an_audit_line(world: World) -> None:
    world.published(world.saved(0.1).id, "fewer complaints")
    world.mix.roll_back(ARJUN, "no", now=world.now)
    lines = {line.action: line for line in world.stores.audit.find(order="at").items}
    assert lines["mix.save"].detail["changes"] == "Promotional: at most 10% instead of 20% of a page."
    assert lines["mix.publish"].detail == {"came_from": "for_you-1", "why": "fewer complaints"}
    assert (lines["mix.roll_back"].actor_name, lines["mix.roll_back"].subject) == ("Arjun", "for_you-1")


def test_publishing_tells_every_process_and_stands_if_that_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calm, loud = world.saved(0.05), world.saved(0.15)
    before = world.stores.live.signals.version(SIGNAL)
    world.published(calm.id)
    assert world.stores.live.signals.version(SIGNAL) > before

    def down(topic: str) -> int:
        raise Unavailable("the live store does not answer")

    monkeypatch.setattr(world.stores.live.signals, "bump", down)
    world.published(loud.id)
    assert world.in_force == loud.id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"shares.ugc.least": 0.8}, "shares.ugc.least"),
        ({"shares.ugc.most": 0.1}, "shares.ugc.least"),
        ({"shares.product.least": 0.6, "shares.product.most": 0.9}, "shares.product.least"),
        ({"shares.promotional.most": 1.4}, "shares.promotional.most"),
        ({"shares.promotional.most": float("nan")}, "shares.promotional.most"),
        ({"session_shares.ugc.least": 0.7, "session_shares.product.least": 0.7}, "session_shares.ugc.least"),
        ({"gap.ugc": 1.5}, "gap.ugc"),
        ({"gap.ugc": 99.0}, "gap.ugc"),
        ({"per_publisher": 0.0}, "per_publisher"),
        ({"per_publisher": None}, "per_publisher"),
        ({"per_publisher": 51.0}, "per_publisher"),
        ({"per_publisher": 1e19}, "per_publisher"),
        ({"per_publisher": float("inf")}, "per_publisher"),
        ({"per_brand": -1.0}, "per_brand"),
        ({"per_topic": 1e19}, "per_topic"),
        ({"gap.ugc": float("nan")}, "gap.ugc"),
        ({"explore": 0.7}, "explore"),
        ({"weights.like": -3.0}, "weights.like"),
        ({"weights.like": float("inf")}, "weights.like"),
        ({"weights.like": float("nan")}, "weights.like"),
        ({"weights.like": 1e308}, "weights.like"),
        ({"weights.report": -101.0}, "weights.report"),
        ({"weights.likes": 2.0}, "weights.likes"),
        ({"weights.": 2.0}, "weights."),
        ({"pins": [(0, "a"), (0, "b")]}, "pins"),
        ({"pins": [(25, "a")]}, "pins"),
        ({"pins": [(0, "nobody")]}, "pins"),
        ({"colour": 3.0}, "colour"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_field_and_nothing_is_saved(
    world: World, values: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.mix.save(MIRA, values, base="for_you-1", name="Wrong", now=NOW)  # type: ignore[arg-type]
    assert refused.value.field == field
    if field in values and field != "pins":
        assert refused.value.value == pytest.approx(values[field], nan_ok=True)
    assert [one.id for one in world.mix.versions(MIRA)] == ["for_you-1"]


def test_a_version_of_before_with_what_nobody_may_type_any_more_is_served_and_can_be_mended(world: World) -> None:
    shop = feed_world(stores=world.stores)
    old = replace(
        DEFAULT_POLICY, id="old-1", family="old", per_publisher=10**19, per_topic=3, explore=0.0, weights={"likes": 3.0}
    )
    world.stores.policies.insert(old)
    page = shop.feed.page("v", policy="old-1", now=NOW)
    assert len(page.slots) == 20
    assert not any(stage.failed for stage in page.stages)
    assert not any("mix could not be applied" in note for note in page.notes)
    with pytest.raises(InvalidInput) as refused:
        world.mix.save(MIRA, {"explore": 0.2}, base="old-1", name="New", now=NOW)
    assert (refused.value.field, refused.value.value) == ("per_publisher", 1e19)
    mended = world.mix.save(MIRA, {"per_publisher": 4.0, "weights.order": 30.0}, base="old-1", name="New", now=NOW)
    assert (mended.per_publisher, mended.weights) == (4, {"order": 30.0})


def test_a_version_needs_a_name_and_a_difference_and_a_publish_needs_a_reason(world: World) -> None:
    made = world.saved(0.1)
    for field, act in (
        ("name", lambda: world.mix.save(MIRA, {"explore": 0.2}, base="for_you-1", name="  ", now=NOW)),
        ("values", lambda: world.mix.save(MIRA, {"explore": 0.1}, base="for_you-1", name="Same", now=NOW)),
        ("why", lambda: world.mix.publish(MIRA, made.id, " ", now=NOW)),
        ("why", lambda: world.mix.publish(MIRA, made.id, "x" * 501, now=NOW)),
        ("id", lambda: world.mix.publish(MIRA, "for_you-1", "again", now=NOW)),
    ):
        with pytest.raises(InvalidInput) as refused:
            act()
        assert refused.value.field == field
    with pytest.raises(NotFound):
        world.mix.publish(MIRA, "for_you-99", "unknown", now=NOW)
    assert world.in_force == "for_you-1"


def test_only_product_managers_and_administrators_have_a_say(world: World) -> None:
    for act in (
        lambda: world.mix.versions(BELA),
        lambda: world.mix.current(BELA),
        lambda: world.mix.history(BELA),
        lambda: world.mix.serving(BELA),
        lambda: world.mix.save(BELA, {"explore": 0.2}, base="for_you-1", name="Mine", now=NOW),
        lambda: world.mix.publish(BELA, "for_you-1", "mine", now=NOW),
        lambda: world.mix.roll_back(BELA, "mine", now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()


def test_running_experiments_say_which_versions_they_serve_to_how_many(world: World) -> None:
    made = world.saved(0.1)
    goal = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")
    experiment = Experiment(
        id="e", name="Fewer promotions", salt="e", lower=0.0, upper=0.5, metrics=(goal,),
        arms=(Arm(name="control"), Arm(name="treatment", policy=made.id)), state=ExperimentState.RUNNING,
        phases=(Phase(number=1, exposure=0.4, started_at=NOW),),
    )  # fmt: skip
    world.stores.experiments.insert(experiment)
    world.stores.experiments.insert(replace(experiment, id="x", salt="x", state=ExperimentState.PAUSED))
    (found,) = world.mix.serving(MIRA)
    assert (found.name, found.policies, found.targeted) == ("Fewer promotions", (made.id,), False)
    assert found.share == found.other == pytest.approx(0.4 * 0.5 * 0.5 * 0.95)


def test_an_arm_that_names_the_version_in_force_serves_no_other_one(world: World) -> None:
    made = world.saved(0.1)
    goal = Metric(name="Clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks")
    world.stores.experiments.insert(
        Experiment(
            id="e", name="Fewer promotions", salt="e", metrics=(goal,), state=ExperimentState.RUNNING,
            arms=(Arm(name="control", policy="for_you-1"), Arm(name="treatment", policy=made.id)),
            phases=(Phase(number=1, exposure=1.0, started_at=NOW),),
        )
    )  # fmt: skip
    (found,) = world.mix.serving(MIRA)
    assert (found.share, found.other) == pytest.approx((0.95, 0.475))
    world.mix.publish(MIRA, made.id, "It won", now=NOW)
    (found,) = world.mix.serving(MIRA)
    assert found.other == pytest.approx(0.475)


def test_line_numbers_sort_as_text() -> None:
    assert sorted(publish_id(number) for number in (10, 9, 100)) == [publish_id(9), publish_id(10), publish_id(100)]
