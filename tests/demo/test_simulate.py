"""Rehearsals: simulated viewers under the arms of a draft, an effect planted, a readout that must find it, apart from the world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.bootstrap import Services
from core.demo import simulate
from core.demo.simulate import Rehearsal
from core.domain.account import Account, Role
from core.domain.errors import Conflict, Forbidden, InvalidInput
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole
from core.domain.job import JobKind
from core.services.stores import Stores
from tests.demo.test_live_traffic import demo
from tests.demo.world import NOW
from tests.fakes.stores import memory_stores

MANAGER = Account(id="manager", email="m@x.example", name="Mira", role=Role.PRODUCT_MANAGER)
BRAND = Account(id="brand", email="b@x.example", name="Bela", role=Role.BRAND, publisher="p")
LIFT = 1.5


@contextmanager
def in_memory() -> Iterator[Stores]:
    yield memory_stores()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return demo(tmp_path_factory.mktemp("rehearsal"))


@pytest.fixture(scope="module")
def draft(world: Services) -> Experiment:
    return world.experiments.create(
        MANAGER,
        name="More products",
        arms=(Arm(name="control"), Arm(name="treatment")),
        metrics=(simulate.GOAL,),
        now=NOW,
    )


def rehearsed(world: Services, draft: Experiment, lift: float) -> tuple[Experiment, float, float, float]:
    asked = Rehearsal(viewers=300, pages=2, lift=lift)
    kept, _ = simulate.rehearse(world, draft, asked, now=NOW, sandbox=in_memory)
    (arm,) = world.readouts.report(MANAGER, kept.id, now=NOW).arms
    reading = arm.readings["Watch time"]
    interval = reading.anytime.interval
    return kept, interval.lower, interval.upper, reading.used.relative


def test_a_planted_effect_is_found_with_its_sign_and_size(world: Services, draft: Experiment) -> None:
    events, sums = len(world.stores.log.replay("viewer-events", limit=1_000_000)), world.stores.viewer_totals.count()
    kept, lower, upper, found = rehearsed(world, draft, LIFT)
    assert lower < LIFT < upper
    assert 0 < lower <= found
    assert (kept.rehearses, kept.generated, kept.state) == (draft.id, True, ExperimentState.ARCHIVED)
    assert [one.id for one in world.experiments.rehearsals(MANAGER, draft.id)] == [kept.id]
    assert kept.id not in {one.id for one in world.experiments.find(MANAGER, limit=100).items}
    assert len(world.stores.log.replay("viewer-events", limit=1_000_000)) == events
    assert world.stores.viewer_totals.count() == sums
    with pytest.raises(Conflict):
        world.experiments.launch(MANAGER, kept.id, now=NOW)


def test_where_nothing_is_planted_nothing_is_found(world: Services, draft: Experiment) -> None:
    # Arms are drawn anew each time: one rehearsal in a hundred may find something by chance, two in a row do not.
    assert any(lower < 0 < upper for _, lower, upper, _ in (rehearsed(world, draft, 0.0) for _ in range(2)))


def test_one_rehearsal_of_a_draft_at_a_time_and_only_for_managers(world: Services, draft: Experiment) -> None:
    first = simulate.ask(world, MANAGER, draft.id, Rehearsal(viewers=20), now=NOW)
    assert first.kind is JobKind.REHEARSE
    assert simulate.ask(world, MANAGER, draft.id, Rehearsal(viewers=30), now=NOW).id == first.id
    with pytest.raises(Forbidden):
        simulate.ask(world, BRAND, draft.id, Rehearsal(), now=NOW)


@pytest.mark.parametrize(("field", "value"), [("viewers", 3), ("viewers", 10**6), ("lift", -1.0), ("lift", 50.0)])
def test_what_cannot_be_rehearsed_is_refused_by_field(field: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        Rehearsal(**{field: value})
    assert refused.value.field == field


def test_a_goal_that_nobody_simulated_can_reach_is_refused(world: Services, draft: Experiment) -> None:
    revenue = Metric(name="Revenue", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="revenue")
    made = world.experiments.create(MANAGER, name="Richer", arms=draft.arms, metrics=(revenue,), now=NOW)
    with pytest.raises(InvalidInput, match="Revenue"):
        simulate.rehearse(world, made, Rehearsal(viewers=10), now=NOW, sandbox=in_memory)
