"""The holdout keeps a mix while others get what is shipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.errors import Conflict, Forbidden
from core.domain.ids import DAY, SECOND
from core.domain.mix_life import MixPublish, publish_id
from core.feed.default_policy import DEFAULT_POLICY
from core.services.assignments import HOLDOUT
from core.services.audit import Audit
from core.services.feed_arms import FeedArms
from core.services.feed_policies import Policies
from core.services.feed_request import checked
from core.services.holdouts import Holdouts
from core.services.served_log import ServedLog
from core.statistics.assignment import in_holdout
from tests.services.test_experiments import BRAND, MANAGER, T0, World

HELD = next(f"v{i}" for i in range(1_000) if in_holdout(f"v{i}", HOLDOUT))
FREE = next(f"v{i}" for i in range(1_000) if not in_holdout(f"v{i}", HOLDOUT))


def publish(world: World, policy: str) -> None:
    if world.stores.policies.find_one(policy) is None:
        world.stores.policies.insert(replace(DEFAULT_POLICY, id=policy, name=policy))
    id = publish_id(1 + world.stores.mix_publishes.count())
    world.stores.mix_publishes.insert(
        MixPublish(id=id, policy=policy, came_from="", by="m", by_name="Mira", why="", at=T0)
    )


def holdouts(world: World) -> Holdouts:
    return Holdouts(world.stores, Audit(world.stores))


def served_by(world: World, viewer: str, now: int) -> str | None:
    """The mix that is set for a viewer; None is the one in force."""
    arms = FeedArms(world.assignments, Policies(world.stores), ServedLog(world.stores.log))
    found = arms.applied(checked(viewer, 20), None, now=now).policy
    return None if found is None else found.id


def test_the_holdout_keeps_the_mix_of_the_day_the_period_began_and_others_do_not() -> None:
    world = World()
    publish(world, "spring")
    period = holdouts(world).begin(MANAGER, now=T0)
    publish(world, "summer")
    assert (period.policy, holdouts(world).current(MANAGER)) == ("spring", period)
    assert served_by(world, HELD, T0 + DAY) == "spring"
    assert served_by(world, FREE, T0 + DAY) is None


def test_a_new_period_and_the_end_of_one_are_felt_within_a_second() -> None:
    world = World()
    publish(world, "spring")
    holdouts(world).begin(MANAGER, now=T0)
    assert served_by(world, HELD, T0 + DAY) == "spring"
    publish(world, "summer")
    holdouts(world).begin(MANAGER, now=T0 + DAY)
    assert served_by(world, HELD, T0 + DAY + SECOND) == "summer"
    holdouts(world).end(MANAGER, now=T0 + DAY)
    assert served_by(world, HELD, T0 + DAY + 2 * SECOND) is None
    assert holdouts(world).current(MANAGER) is None


def test_nothing_can_be_ended_that_does_not_run_and_brands_have_no_say() -> None:
    world = World()
    with pytest.raises(Conflict, match="no holdout period runs"):
        holdouts(world).end(MANAGER, now=T0)
    with pytest.raises(Forbidden):
        holdouts(world).begin(BRAND, now=T0)
    assert world.stores.holdout_periods.count() == 0


def test_who_began_a_period_is_written_down() -> None:
    world = World()
    holdouts(world).begin(MANAGER, now=T0)
    (line,) = world.stores.audit.find({"action": "holdout.begin"}).items
    assert (line.actor, line.at) == (MANAGER.id, T0)
