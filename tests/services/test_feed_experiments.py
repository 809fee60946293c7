"""The feed serves viewers under the policy of their arm, and writes down that they met it."""

from __future__ import annotations

import msgspec
import pytest

from core.bootstrap import Services
from core.domain.account import Account, Role
from core.domain.errors import Unavailable
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase, Step
from core.domain.mix import MixPolicy
from core.feed.default_policy import DEFAULT_POLICY
from core.services.assignments import Assignments
from core.services.experiment_metrics import TOPIC
from core.services.feed_arms import FeedArms
from core.services.feed_policies import Policies
from core.services.feed_request import PageRequest
from core.services.served_log import ServedLog
from core.settings import Settings
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000
MANAGER = Account(id="m", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)
GOAL = Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes")
VIEWERS = [f"viewer-{number}" for number in range(60)]


@pytest.fixture
def services(tmp_path: object) -> Services:
    services = Services(Settings(data=tmp_path, secret="s" * 40), memory_stores())  # type: ignore[arg-type]
    services.stores.policies.insert(MixPolicy(id="other", name="Other", weights=dict(DEFAULT_POLICY.weights)))
    draft = services.experiments.create(
        MANAGER,
        name="Another mix",
        arms=(Arm(name="control"), Arm(name="treatment", policy="other")),
        metrics=(GOAL,),
        steps=(Step(exposure=1.0),),
        now=NOW,
    )
    services.experiments.launch(MANAGER, draft.id, now=NOW)
    return services


def test_each_viewer_is_served_by_the_policy_of_their_arm(services: Services) -> None:
    for viewer in VIEWERS:
        arms = services.assignments.of(viewer, now=NOW + 2_000)
        page = services.feed.page(viewer, now=NOW + 2_000)
        treated = any(arm.name == "treatment" for _, arm in arms)
        assert page.policy == ("other" if treated else DEFAULT_POLICY.id)


class Unasked:
    """Signals that nobody may ask."""

    def version(self, topic: str) -> int:
        raise AssertionError(f"{topic} was asked for besides the read of live state")


def test_a_change_of_an_experiment_counts_on_the_very_next_page_and_costs_no_call_of_its_own(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def policies() -> set[str]:
        with monkeypatch.context() as patch:
            patch.setattr(services.stores.live, "signals", Unasked())
            return {services.feed.page(viewer, size=1, now=NOW + 2_000).policy for viewer in VIEWERS}

    assert policies() == {"other", DEFAULT_POLICY.id}
    (running,) = services.experiments.launched(MANAGER)
    services.experiments.pause(MANAGER, running.id, now=NOW + 2_000)
    assert policies() == {DEFAULT_POLICY.id}
    services.experiments.resume(MANAGER, running.id, now=NOW + 2_000)
    assert policies() == {"other", DEFAULT_POLICY.id}


def test_a_change_that_cannot_be_read_is_read_a_second_later(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {viewer: services.feed.page(viewer, size=1, now=NOW + 2_000).policy for viewer in VIEWERS}
    (running,) = services.experiments.launched(MANAGER)
    services.experiments.pause(MANAGER, running.id, now=NOW + 3_000)
    asked: list[object] = []

    def down(*query: object) -> object:
        asked.append(query)
        raise Unavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(services.stores.experiments, "each", down)
        after = {viewer: services.feed.page(viewer, size=1, now=NOW + 3_000).policy for viewer in VIEWERS}
    assert after == before
    assert len(asked) == 1
    assert {services.feed.page(viewer, size=1, now=NOW + 4_000).policy for viewer in VIEWERS} == {DEFAULT_POLICY.id}


def test_a_policy_that_was_asked_for_beats_the_arm_and_exposes_nobody(services: Services) -> None:
    pages = {services.feed.page(viewer, policy=DEFAULT_POLICY.id, now=NOW + 2_000).policy for viewer in VIEWERS}
    assert pages == {DEFAULT_POLICY.id}
    assert not _exposures(services)


def test_looking_without_recording_exposes_nobody(services: Services) -> None:
    services.feed.preview(MANAGER, "viewer-1", now=NOW + 2_000)
    assert not _exposures(services)


def test_an_exposure_that_the_app_reports_twice_counts_once(services: Services) -> None:
    found = services.assignments.of("viewer-1", now=NOW + 2_000)
    first = services.assignments.expose("viewer-1", found, segment="", now=NOW)
    services.assignments._written.clear()
    again = services.assignments.expose("viewer-1", found, segment="", now=NOW + 5)
    assert (first, again) == (len(found), 0)
    assert len(_exposures(services)) == len(found)


def test_an_exposure_that_found_no_room_is_given_again_with_the_next_page(services: Services) -> None:
    log, policies = ServedLog(services.stores.log), Policies(services.stores)
    own = FeedArms(services.assignments, policies, log)
    asked = own.applied(PageRequest(viewer="viewer-1", size=5), None, now=NOW + 2_000)
    assert asked.arms
    log._later._most = 0
    own.expose(asked, now=NOW)
    log._later._most = 10
    own.expose(asked, now=NOW + 1_000)
    log.flush()
    assert [event.at for event in _exposures(services)] == [NOW + 1_000]


def test_an_exposure_that_the_app_reports_is_durable_though_the_feed_has_promised_it(services: Services) -> None:
    found = services.assignments.of("viewer-1", now=NOW + 2_000)
    assert services.assignments.exposures(
        "viewer-1", found, segment="", now=NOW
    )  # a process that is killed now writes none
    assert (
        services.assignments.expose("viewer-1", found, segment="", now=NOW) == len(found) == len(_exposures(services))
    )


def test_an_exposure_is_remembered_only_once_the_log_has_it(services: Services) -> None:
    found, log = services.assignments.of("viewer-1", now=NOW + 2_000), services.stores.log
    append = log.append
    for error in (Unavailable("down"), RuntimeError("can't start new thread")):

        def broken(*given: object, error: Exception = error) -> list[bool]:
            raise error

        log.append = broken  # type: ignore[method-assign]
        with pytest.raises(type(error)):
            services.assignments.expose("viewer-1", found, segment="", now=NOW)
    log.append = append  # type: ignore[method-assign]
    assert services.assignments.expose("viewer-1", found, segment="", now=NOW) == len(found)


def test_exposures_that_were_written_make_room_one_for_one(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.assignments.REMEMBERED", 3)
    assignments = Assignments(services.stores)
    exposed = [viewer for viewer in VIEWERS if assignments.of(viewer, now=NOW + 2_000)][:5]

    def given(viewer: str) -> int:
        found = assignments.of(viewer, now=NOW + 2_000)
        return len(assignments.exposures(viewer, found, segment="", now=NOW))

    assert [given(viewer) for viewer in exposed] == [1] * 5
    assert [given(viewer) for viewer in exposed[2:]] == [0] * 3


class Fetching:
    """Models of which one is there and one is still being fetched."""

    def __init__(self, *held: str) -> None:
        self.held, self.asked = held, list[str]()

    def named(self, id: str, *, now: int) -> object | None:
        self.asked.append(id)
        return id if id in self.held else None


@pytest.mark.parametrize("held", [(), ("neighbours-1",), ("neighbours-1", "neighbours-2")])
def test_arms_with_models_count_only_once_all_of_their_models_are_there(
    services: Services, held: tuple[str, ...]
) -> None:
    (running,) = services.experiments.launched(MANAGER)
    services.experiments.decide(MANAGER, running.id, "over", now=NOW)
    arms = (Arm(name="old", model="neighbours-1"), Arm(name="new", model="neighbours-2"))
    experiment = Experiment(
        id="models", name="Models", salt="models", arms=arms, metrics=(GOAL,), holdout=False, launched_at=NOW,
        state=ExperimentState.RUNNING, phases=(Phase(number=1, exposure=1.0, started_at=NOW),),
    )  # fmt: skip
    services.stores.experiments.insert(experiment)
    models = Fetching(*held)
    policies = Policies(services.stores)
    own = FeedArms(services.assignments, policies, ServedLog(services.stores.log), models)  # type: ignore[arg-type]
    asked = own.applied(PageRequest(viewer="viewer-1", size=5), None, now=NOW + 9_000)
    assert set(models.asked) == {"neighbours-1", "neighbours-2"}
    if len(held) == 2:
        ((_, arm),) = asked.arms
        assert asked.model == {"old": "neighbours-1", "new": "neighbours-2"}[arm.name]
    else:
        assert (asked.arms, asked.model) == ((), None)


def _exposures(services: Services) -> list[ViewerEvent]:
    records = services.stores.log.replay(TOPIC)
    events = [msgspec.json.decode(record.payload, type=ViewerEvent) for record in records]
    return [event for event in events if event.kind is EventKind.EXPOSURE]
