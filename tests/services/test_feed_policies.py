"""Which mix feed processes use: the one in force from the very next page, the last known one while a store is down."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.bootstrap import Services, clock, open_services
from core.domain.account import Account, Role
from core.domain.errors import InvalidInput, Unavailable
from core.domain.ids import SECOND
from core.feed.default_policy import DEFAULT_POLICY
from core.services import feed_metrics as metrics
from core.services.audit import Audit
from core.services.delivery import Delivery
from core.services.feed import Feed
from core.services.feed_policies import RETRY, SIGNAL, Policies
from core.services.mix import Mix
from core.services.stores import Stores
from core.settings import Settings
from tests.feed.world import NOW, World, world

MIRA = Account(id="mira", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)


def another_process(stores: Stores) -> Feed:
    return Feed(stores, Delivery("s" * 40))


def mix_of(stores: Stores) -> Mix:
    return Mix(stores, Audit(stores))


def save(mix: Mix, share: float = 0.1, now: int = NOW) -> str:
    return mix.save(MIRA, {"shares.promotional.most": share}, base="for_you-1", name="Calm", now=now).id


@contextmanager
def down(monkeypatch: pytest.MonkeyPatch, stores: Stores) -> Iterator[None]:
    """The document store does not answer."""

    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("the store does not answer")

    with monkeypatch.context() as broken:
        for verb in ("find", "get", "get_many", "count", "insert"):
            broken.setattr(stores.documents, verb, refuse)
        yield


@pytest.fixture
def shop() -> World:
    return world()


def test_the_very_next_page_of_every_process_follows_a_publish_and_a_roll_back(shop: World) -> None:
    feeds, mix = [shop.feed, another_process(shop.stores)], mix_of(shop.stores)

    def policies() -> set[str]:
        return {feed.page(f"viewer-{place}", now=NOW).policy for place, feed in enumerate(feeds)}

    assert policies() == {"for_you-1"}
    calm = save(mix)
    assert policies() == {"for_you-1"}
    mix.publish(MIRA, calm, "calmer", now=NOW)
    assert policies() == {calm}
    mix.publish(MIRA, save(mix, 0.15), "a little more", now=NOW)
    assert policies() == {"for_you-3"}
    mix.roll_back(MIRA, "back", now=NOW)
    assert policies() == {calm}


def test_a_page_under_a_new_policy_keeps_its_rules(shop: World) -> None:
    mix = mix_of(shop.stores)
    none = mix.save(
        MIRA, {"shares.promotional.most": 0.0, "shares.ugc.most": 1.0}, base="for_you-1", name="None", now=NOW
    )
    mix.publish(MIRA, none.id, "no promotions", now=NOW)
    assert "promotional" not in {slot.kind for slot in shop.feed.page("v", now=NOW).slots}


def test_no_store_is_read_for_a_page_while_nothing_was_published(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = Policies(shop.stores)
    first = policies.current(0, now=NOW)
    with down(monkeypatch, shop.stores):
        before = metrics.DEGRADED.labels("policies")._value.get()
        assert policies.current(0, now=NOW) is first
        assert metrics.DEGRADED.labels("policies")._value.get() == before


def test_a_store_that_is_down_leaves_the_last_known_policy_and_is_looked_at_again(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix, policies = mix_of(shop.stores), Policies(shop.stores)
    calm, loud = save(mix), save(mix, 0.15)
    mix.publish(MIRA, calm, "calmer", now=NOW)
    version = shop.stores.live.signals.version(SIGNAL)
    assert policies.current(version, now=NOW).id == calm
    mix.publish(MIRA, loud, "louder", now=NOW)
    before = metrics.DEGRADED.labels("policies")._value.get()
    with down(monkeypatch, shop.stores):
        assert policies.current(version + 1, now=NOW).id == calm
        assert policies.current(version + 1, now=NOW + 1).id == calm
    assert metrics.DEGRADED.labels("policies")._value.get() == before + 1
    assert policies.current(version + 1, now=NOW + RETRY).id == loud


def test_a_process_that_starts_without_a_store_serves_the_mix_that_feedroom_started_with(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix_of(shop.stores).publish(MIRA, save(mix_of(shop.stores)), "calmer", now=NOW)
    policies = Policies(shop.stores)
    with down(monkeypatch, shop.stores):
        assert policies.current(1, now=NOW) == DEFAULT_POLICY
    assert policies.current(1, now=NOW + SECOND).id == "for_you-2"


def test_a_publish_whose_signal_was_lost_is_found_by_looking_now_and_then(shop: World) -> None:
    mix, policies = mix_of(shop.stores), Policies(shop.stores)
    calm = save(mix)
    assert policies.current(0, now=NOW).id == "for_you-1"
    mix.publish(MIRA, calm, "calmer", now=NOW)
    policies.refresh(now=NOW + SECOND)
    assert policies.current(0, now=NOW + SECOND).id == "for_you-1"
    policies.refresh(now=NOW + 10 * SECOND)
    assert policies.current(0, now=NOW + 10 * SECOND).id == calm


def test_a_policy_that_is_asked_for_is_looked_up_once(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = save(mix_of(shop.stores))
    assert shop.feed.page("v", policy=calm, now=NOW).policy == calm
    with down(monkeypatch, shop.stores):
        assert shop.feed.page("w", policy=calm, now=NOW).policy == calm
        assert shop.feed.page("w", policy="for_you-77", now=NOW).policy == "for_you-1"
    with pytest.raises(InvalidInput) as refused:
        shop.feed.page("v", policy="for_you-77", now=NOW)
    assert (refused.value.field, refused.value.value) == ("policy", "for_you-77")


@pytest.mark.server
def test_two_real_processes_follow_a_publish_with_their_next_page(
    record_property: Callable[[str, object], None],
) -> None:
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        services = open_services(Settings.from_environment({"FEEDROOM_DATA": folder}))
        world(posts=40, stores=services.stores)
        processes = [_started(folder) for _ in range(2)]
        try:
            for process in processes:
                assert _line(process) == "ready for_you-1"
            assert {_page(process, "before") for process in processes} == {"for_you-1"}
            made = save(services.mix, now=clock())
            started = time.perf_counter()
            services.mix.publish(MIRA, made, "calmer", now=clock())
            assert [_page(process, f"viewer-{process.pid}") for process in processes] == [made, made]
            record_property("milliseconds", round((time.perf_counter() - started) * 1_000, 1))
            services.mix.roll_back(MIRA, "back", now=clock())
            assert [_page(process, f"viewer-{process.pid}") for process in processes] == ["for_you-1", "for_you-1"]
        finally:
            for process in processes:
                process.kill()
                process.wait()
            _closed(services)


def _started(folder: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.services.policy_process", folder],
        cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _page(process: subprocess.Popen[str], viewer: str) -> str:
    assert process.stdin is not None
    process.stdin.write(f"{viewer}\n")
    process.stdin.flush()
    return _line(process)


def _closed(services: Services) -> None:
    services.stores.live.close()
    services.stores.documents.close()
