"""A page from what is left: each stage and each store fails in turn, before the start and midway, and is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.adapters import redis
from core.adapters.breaker import REST
from core.bootstrap import Services
from core.domain.account import Account, Role, Scope
from core.domain.errors import Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Arm, Metric, MetricKind, MetricRole, Step
from core.domain.feed import FeedPage
from core.domain.mix import MixPolicy
from core.domain.post import PostStatus
from core.feed.default_policy import DEFAULT_POLICY
from core.feed.for_you import for_you
from core.feed.served_record import SERVED_TOPIC
from core.pipeline.trace import name_of
from core.services.assignments import TOPIC as EXPOSURES
from core.services.event_intake import EventStatus
from core.services.feed_metrics import REGISTRY
from core.services.stores import Stores
from core.settings import Settings
from tests.fakes.silent import SilentServer
from tests.fakes.stores import memory_stores
from tests.feed.world import NOW, world

PIPELINE = for_you(lambda ids, _: set(ids))
OPEN = [
    (kind, place)
    for kind in ("sources", "fallbacks", "hydrators", "scorers")
    for place in range(len(getattr(PIPELINE, kind)))
]
CLOSED = [(kind, place) for kind in ("filters", "late_filters") for place in range(len(getattr(PIPELINE, kind)))]
MANAGER = Account(id="m", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)


class Broken:
    """Every verb of every stage raises what no store of ours would."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def fail(*_: object) -> object:
            raise KeyError(f"{self.name} is broken")

        return fail


@contextmanager
def down(store: object, name: str) -> Iterator[None]:
    """Every method of a store raises Unavailable."""
    methods = [verb for verb in dir(store) if not verb.startswith("_") and callable(getattr(store, verb))]

    def fail(*_: object, **__: object) -> object:
        raise Unavailable(f"{name} does not answer")

    for verb in methods:
        setattr(store, verb, fail)
    try:
        yield
    finally:
        for verb in methods:
            delattr(store, verb)


@contextmanager
def without(services: Services, name: str) -> Iterator[None]:
    """One of the four stores is down."""
    live = services.stores.live
    parts: dict[str, list[object]] = {
        "live state": [live.viewers, live.trending, live.signals, live.limits, live.sessions],
        "documents": [services.stores.documents],
        "event log": [services.stores.log],
        "media": [services.stores.objects],
    }
    if not parts[name]:
        raise KeyError(name)
    first, *others = parts[name]
    with down(first, name):
        if not others:
            yield
            return
        with down(others[0], name), down(others[1], name), down(others[2], name), down(others[3], name):
            yield


STORES = ("live state", "documents", "event log", "media")


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """120 posts, an experiment on the mix, every page kept for replay."""
    made = Services(Settings(data=tmp_path, secret="s" * 40, trace_share=1.0), memory_stores())
    world(stores=made.stores)
    made.stores.policies.insert(MixPolicy(id="other", name="Other", weights=dict(DEFAULT_POLICY.weights)))
    draft = made.experiments.create(
        MANAGER,
        name="Another mix",
        arms=(Arm(name="control"), Arm(name="treatment", policy="other")),
        metrics=(Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes"),),
        steps=(Step(exposure=1.0),),
        now=NOW,
    )
    made.experiments.launch(MANAGER, draft.id, now=NOW)
    return made


def page(services: Services, viewer: str = "v", now: int = NOW + 2_000, **more: Any) -> FeedPage:
    return services.feed.page(viewer, now=now, **more)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"feedroom_{name}_total", labels) or 0.0


def break_stage(services: Services, kind: str, place: int) -> str:
    stages = list(getattr(services.feed.pipeline, kind))
    name = name_of(stages[place])
    stages[place] = Broken(name)
    services.feed.making.pipeline = replace(services.feed.pipeline, **{kind: tuple(stages)})
    return name


@pytest.mark.parametrize(("kind", "place"), OPEN)
def test_any_source_hydrator_or_scorer_may_fail(services: Services, kind: str, place: int) -> None:
    name = break_stage(services, kind, place)
    before = counted("stage_failures", stage=name)
    made = page(services, size=20 if kind != "fallbacks" else 50)
    assert len(made.slots) >= 20
    asked = [stage for stage in made.stages if stage.stage == name]
    assert all("is broken" in stage.failed for stage in asked)
    assert counted("stage_failures", stage=name) - before == len(asked)
    assert asked or kind == "fallbacks"


def test_all_sources_may_fail_together_and_the_fallback_makes_the_page(services: Services) -> None:
    for place in range(len(PIPELINE.sources)):
        break_stage(services, "sources", place)
    made = page(services)
    assert len(made.slots) == 20
    assert {slot.reason.sources for slot in made.slots} == {("everything",)}


def test_without_scores_the_page_is_what_is_good_for_anybody(services: Services) -> None:
    for place in range(len(PIPELINE.scorers)):
        break_stage(services, "scorers", place)
    made = page(services, staff=True)
    assert len(made.slots) == 20
    assert any(stage.kind == "spare scorer" for stage in made.stages)
    scores = [slot.reason.scores["score"] for slot in made.slots if slot.reason.rule == "best score"]
    assert max(scores) > 0


def test_without_the_mix_the_page_holds_the_best_scores_and_says_so(services: Services) -> None:
    services.feed.making.pipeline = replace(services.feed.pipeline, selector=Broken("slotting"))
    made = page(services)
    assert len(made.slots) == 20
    assert any("mix could not be applied" in note for note in made.notes)


@pytest.mark.parametrize(("kind", "place"), CLOSED)
def test_what_cannot_be_checked_is_not_shown(services: Services, kind: str, place: int) -> None:
    name = break_stage(services, kind, place)
    before = counted("stage_failures", stage=name)
    made = page(services)
    assert made.slots == ()
    assert "nothing to show" in made.notes[-1]
    assert counted("stage_failures", stage=name) > before


@pytest.mark.parametrize("store", STORES)
def test_a_store_that_goes_down_midway_leaves_full_pages(services: Services, store: str) -> None:
    first = page(services)
    for _ in range(3):
        page(services, "w", size=50)
    with without(services, store):
        for turn in range(3):
            made = page(services, now=NOW + 2_000 + turn * 1_100)
            assert len(made.slots) >= 10, made.notes
    assert len(first.slots) == 20
    after = page(services, now=NOW + 20_000)
    assert len(after.slots) == 20


@pytest.mark.parametrize("store", ["live state", "event log", "media"])
def test_a_store_that_is_down_from_the_start_leaves_full_pages(services: Services, store: str) -> None:
    with without(services, store):
        made = page(services)
        assert len(made.slots) == 20
        assert len(services.feed.look(asked("w"), now=NOW + 2_000)[0].slots) == 20


def test_without_documents_from_the_start_nothing_is_shown_until_they_are_back(services: Services) -> None:
    with without(services, "documents"):
        made = page(services)
        assert made.slots == ()
        assert any("does not answer" in note for note in made.notes)
    assert len(page(services, now=NOW + 5_000).slots) == 20


def test_what_was_served_without_live_state_does_not_come_again_when_it_is_back(services: Services) -> None:
    shown = [slot.post for slot in page(services).slots]
    with without(services, "live state"):
        before = counted("degraded", store="live state")
        shown += [slot.post for slot in page(services, "x").slots]
        shown_alone = [slot.post for slot in page(services, "x").slots]
        assert counted("degraded", store="live state") > before
    after = page(services, "x")
    again = {slot.post for slot in after.slots} & {*shown[20:], *shown_alone}
    assert again == set()
    assert set(shown_alone) <= set(services.stores.live.viewers.read("x").viewer.seen)


def test_without_signals_a_verdict_still_counts_within_a_second(services: Services) -> None:
    banned = page(services, "w", record=False).slots[0].post
    with without(services, "live state"):
        page(services)
        services.stores.posts.patch(banned, {"status": PostStatus.HELD, "updated_at": NOW + 3_000})
        later = page(services, "w", now=NOW + 4_100)
        assert banned not in [slot.post for slot in later.slots]


def test_nobody_changes_arms_because_a_store_is_down(services: Services) -> None:
    viewers = [f"viewer-{number}" for number in range(30)]
    arms = {viewer: page(services, viewer).policy for viewer in viewers}
    assert set(arms.values()) == {"other", DEFAULT_POLICY.id}
    for store in STORES:
        with without(services, store):
            assert {viewer: page(services, viewer, now=NOW + 9_000).policy for viewer in viewers} == arms


def test_pages_and_exposures_wait_for_the_log_and_lose_nothing(services: Services) -> None:
    with without(services, "event log"):
        served = [page(services, f"viewer-{number}").request for number in range(10)]
    services.feed.flush()
    assert [record.id for record in services.stores.log.replay(SERVED_TOPIC)] == served
    events = [msgspec.json.decode(record.payload, type=ViewerEvent) for record in services.stores.log.replay(EXPOSURES)]
    assert {event.viewer for event in events if event.kind is EventKind.EXPOSURE} <= {f"viewer-{n}" for n in range(10)}
    assert any(event.kind is EventKind.EXPOSURE for event in events)


def asked(viewer: str) -> Any:
    from core.services.feed_request import PageRequest

    return PageRequest(viewer=viewer, size=20)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[SilentServer]:
    server = SilentServer(tmp_path / "silent.sock")
    yield server
    server.close()


def test_pages_events_and_keys_wait_once_for_a_live_store_that_hangs(
    services: Services, silent: SilentServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("core.adapters.breaker.time.monotonic", lambda: clock[0])
    administrator = Account(id="a", email="a@x.example", name="Asha", role=Role.ADMINISTRATOR)
    secret = services.api_keys.create(administrator, "App", [Scope.FEED_READ], now=NOW).secret
    held = services.stores
    stores = Stores.over(held.documents, held.objects, held.log, redis.open_live(silent.url, tmp_path))
    hung = Services(services.settings, stores)
    shown = [slot.post for turn in range(3) for slot in page(hung, now=NOW + turn * 5_000).slots]
    assert len(set(shown)) == 60
    like = {"id": "e1", "kind": "like", "viewer": "v", "at": NOW, "post": shown[0]}
    assert [one.status for one in hung.engagement.accept([like], NOW + 1_000)] == [EventStatus.ACCEPTED]
    assert hung.api_keys.authenticate(secret, Scope.FEED_READ, now=NOW).name == "App"
    assert hung.assignments.of("v", now=NOW + 20_000) == []
    assert silent.connections == 1
    clock[0] += REST
    page(hung, now=NOW + 30_000)
    hung.engagement.accept([like | {"id": "e2"}], NOW + 31_000)
    assert silent.connections == 2
    stores.live.close()


def test_a_document_store_that_hangs_is_asked_once_a_second(services: Services) -> None:
    page(services, "w", size=50)
    services.feed.cards.posts._held.clear()  # as in a process that has no room for them
    calls: list[str] = []
    with without(services, "documents"):
        fail = services.stores.documents.get_many

        def counted_fail(collection: str, ids: list[str]) -> object:
            calls.append(collection)
            return fail(collection, ids)

        services.stores.documents.get_many = counted_fail  # type: ignore[method-assign]
        for viewer in ("x", "y", "z"):
            page(services, viewer, size=50)
    assert calls
    assert len(calls) == len(set(calls)), "a collection was asked again within the second"
