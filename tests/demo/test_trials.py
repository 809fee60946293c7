"""The demo world's experiments tell the stories that were planted in them."""

from __future__ import annotations

import msgspec
import pytest

from core.bootstrap import Services
from core.demo import trials
from core.domain.account import Account, Role
from core.domain.experiment import ExperimentState
from core.domain.ports.event_log import NewEvent
from core.services.experiment_metrics import TOPIC
from core.settings import Settings
from core.statistics.verdict import Action
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000
MANAGER = Account(id="m", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    filled = Services(Settings(data=tmp_path_factory.mktemp("demo"), secret="s" * 40), memory_stores())
    events = trials.fill(filled, NOW, seed=7)
    filled.stores.log.append(TOPIC, [NewEvent(e.id, e.viewer, msgspec.json.encode(e)) for e in events])
    while filled.experiment_metrics.consume("worker", now=NOW):
        pass
    return filled


def test_a_win_a_breach_a_wrong_split_and_too_little_data_are_each_told_as_such(services: Services) -> None:
    said = {
        trial.key: services.readouts.report(MANAGER, f"demo-{trial.key}", now=NOW).arms[0].verdict.action
        for trial in trials.TRIALS
    }
    assert said == {
        "win": Action.SHIP,
        "breach": Action.ROLL_BACK,
        "split": Action.BLOCKED,
        "young": Action.CANNOT_SAY,
        "past": said["past"],
    }
    assert said["past"] in (Action.KEEP_RUNNING, Action.NO_EFFECT)


def test_the_planted_lift_lies_within_the_interval_that_is_shown(services: Services) -> None:
    (arm,) = services.readouts.report(MANAGER, "demo-win", now=NOW).arms
    interval = arm.readings["Product clicks"].anytime.interval
    assert interval.lower < trials.TRIALS[0].clicks < interval.upper


def test_the_watch_holds_the_two_that_do_harm_and_leaves_the_others(services: Services) -> None:
    services.rollout.watch(now=NOW)
    states = {trial.key: services.experiments.get(MANAGER, f"demo-{trial.key}").state for trial in trials.TRIALS}
    assert states["breach"] is states["split"] is ExperimentState.PAUSED
    assert states["win"] is ExperimentState.RUNNING
    assert states["young"] is ExperimentState.RAMPING
    assert states["past"] is ExperimentState.DECIDED
    told = {notice.query["id"]: notice.title for notice in services.notices.unread(MANAGER, now=NOW)}
    assert set(told) == {"demo-breach", "demo-split", "demo-win"}
    assert told["demo-breach"].startswith("Stopped")


def test_the_same_seed_gives_the_same_events() -> None:
    def events() -> list[object]:
        one = Services(Settings(data=None, secret="s" * 40), memory_stores())  # type: ignore[arg-type]
        return list(trials.fill(one, NOW, seed=3))

    assert events() == events()
