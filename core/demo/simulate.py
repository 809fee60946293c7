"""Rehearsals: simulated viewers live under the arms of an experiment, with an effect planted, and the readout must find it.

`python -m core.demo.simulate --policy A --policy B --lift 0.3 --viewers 400`, or the button on a draft. They are served by the
real feed from the real catalogue, but in a world of their own: events, live state, totals and counters are in stores that are
thrown away, so nothing that people measure is touched. What is kept is the rehearsal, an archived experiment with its sums and
its readout.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import structs

from core.bootstrap import Services, clock, open_services, open_stores
from core.demo import live_traffic
from core.demo.live_traffic import Traffic
from core.domain.account import Account, Role
from core.domain.errors import CallerError, FeedroomError, InvalidInput
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase, Plan
from core.domain.ids import DAY, Millis, new_id
from core.domain.job import Job, JobKind
from core.domain.ports.media import Progress
from core.services.stores import Stores
from core.settings import Settings, SettingsError
from core.statistics.day_cube import DayCube
from core.statistics.report import Report, report

MOST: Final = 5_000
NO_DRAFT: Final = "nothing"
"""What a simulation from the command line rehearses."""
DAYS: Final = 8
"""Days over which a rehearsal is spread: a full week and the day that is not over."""
_KINDS: Final = {
    "likes": EventKind.LIKE, "comments": EventKind.COMMENT, "shares": EventKind.SHARE, "follows": EventKind.FOLLOW,
    "not_interested": EventKind.NOT_INTERESTED, "product_clicks": EventKind.PRODUCT_CLICK, "carts": EventKind.ADD_TO_CART,
}  # fmt: skip
GOAL: Final = Metric(
    name="Watch time", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="watch_seconds", unit="s per viewer"
)
Sandbox = Callable[[], AbstractContextManager[Stores]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`lift` is the relative effect planted in the goal of every treatment: 0.3 is 30% more, 0 nothing at all."""

    viewers: int = 400
    pages: int = 4
    lift: float = 0.3
    seed: int = 11

    def __post_init__(self) -> None:
        if not 10 <= self.viewers <= MOST:
            raise InvalidInput("viewers", self.viewers, f"10 to {MOST} simulated viewers")
        if not -0.9 <= self.lift <= 5:
            raise InvalidInput("lift", self.lift, "a planted effect lies between -90% and +500%")


@contextmanager
def throwaway() -> Iterator[Stores]:
    """Empty stores in a folder of their own, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fr-", ignore_cleanup_errors=True) as folder:
        stores = open_stores(Settings(data=Path(folder), secret="rehearsal" * 5))
        try:
            yield stores
        finally:
            stores.live.close()


def rehearse(
    services: Services,
    experiment: Experiment,
    asked: Rehearsal,
    *,
    now: Millis,
    progress: Progress = lambda done, step: None,
    sandbox: Sandbox = throwaway,
) -> tuple[Experiment, Report]:
    """Run it and keep it beside the experiment; returns the kept rehearsal and its readout. Raises InvalidInput for a goal that
    no effect can be planted in."""
    goal = next(metric for metric in experiment.metrics if metric.role is MetricRole.GOAL)
    if asked.lift and goal.numerator not in (*_KINDS, "watch_seconds"):
        raise InvalidInput(
            "metric", goal.name, "simulated viewers do nothing that counts there, so no effect can be planted"
        )
    with sandbox() as own:
        world = Services(services.settings, _world(services.stores, own))
        began = now - DAYS * DAY
        # Named, so that the feed itself says who met which arm; flags of the app alone would be for the app to report.
        in_force, _ = services.mix.in_force_now()
        arms = tuple(replace(arm, policy=arm.policy or in_force.id) for arm in experiment.arms)
        id = new_id(now)
        copy = replace(
            experiment, id=id, version=1, name=f"Rehearsal of {experiment.name}", state=ExperimentState.RUNNING,
            salt=id, arms=arms,
            lower=0.0, upper=1.0, targeting=type(experiment.targeting)(), overrides={}, holdout=False, halted="", generated=True,
            rehearses=experiment.id if services.stores.experiments.find_one(experiment.id) else NO_DRAFT,
            phases=(Phase(number=1, exposure=1.0, started_at=began),), launched_at=began,
            plan=replace(
                experiment.plan or Plan(metric=goal.name, baseline=0, deviation=0, effect=asked.lift or 0.1),
                per_arm=asked.viewers / len(experiment.arms),
            ),
            created_at=now, updated_at=now,
        )  # fmt: skip
        own.experiments.insert(copy)
        traffic = Traffic(
            viewers=asked.viewers, pages=asked.pages, days=DAYS - 1, seed=asked.seed, prefix="rehearsal", experiment=id,
            plant=planted(world, goal, asked.lift, began),
        )  # fmt: skip
        live_traffic.run(world, traffic, now=now, progress=lambda done, step: progress(0.9 * done, step))
        progress(0.92, "Counting what they did")
        while world.experiment_metrics.consume("rehearsal", now=now):
            pass
        cells = world.experiment_metrics.cells(id)
    found = report(copy, DayCube.of(copy, cells), now=now)
    sums = found.arms[0].verdict.sentence
    said = f"{asked.viewers} simulated viewers, planted effect {asked.lift:+.0%} on {goal.name}. {sums}"
    kept = replace(copy, state=ExperimentState.ARCHIVED, decision=said, phases=(replace(copy.phases[0], ended_at=now),))
    if cells:
        services.stores.day_sums.upsert_many(cells)
    services.stores.experiments.insert(kept)
    return kept, found


def planted(
    world: Services, goal: Metric, lift: float, began: Millis
) -> Callable[[ViewerEvent, np.random.Generator], list[ViewerEvent]]:
    """What is sent for an event: in treatments the goal's events happen `1 + lift` times as often in the mean, watching takes that
    much longer; everything else stays as it was."""
    kind = _KINDS.get(goal.numerator)

    def sent(event: ViewerEvent, rng: np.random.Generator) -> list[ViewerEvent]:
        arms = world.assignments.of(event.viewer, now=began)
        if not lift or not arms or arms[0][1].arm == 0:
            return [event]
        if goal.numerator == "watch_seconds" and event.kind is EventKind.WATCH:
            return [structs.replace(event, seconds=event.seconds * (1 + lift))]
        if event.kind is not kind:
            return [event]
        times = int(1 + lift) + (rng.random() < (1 + lift) % 1)
        return [structs.replace(event, id=event.id if n == 0 else f"{event.id}+{n}") for n in range(times)]

    return sent


def ask(services: Services, actor: Account, id: str, asked: Rehearsal, *, now: Millis) -> Job:
    """Have the worker rehearse a draft; the one that waits or runs already, if there is one."""
    actor.require(Role.PRODUCT_MANAGER)
    services.experiments.get(actor, id)
    subject = f"{id}|{asked.viewers}|{asked.lift}"
    latest = under_way(services, actor, id)
    if latest is not None:
        return latest
    job = services.jobs.enqueue(JobKind.REHEARSE, subject, now=now, asked_by=actor.id)
    services.audit.record(
        actor, "experiment.rehearse", id, now=now, viewers=str(asked.viewers), lift=f"{asked.lift:+.0%}"
    )
    return job


def under_way(services: Services, actor: Account, id: str) -> Job | None:
    """The rehearsal of a draft that waits or runs."""
    actor.require(Role.PRODUCT_MANAGER)
    open_ = services.stores.jobs.each({"kind": JobKind.REHEARSE, "state": {"in": ["queued", "running"]}})
    return next((job for job in open_ if job.subject.partition("|")[0] == id), None)


def run_job(services: Services, job: Job, progress: Progress) -> None:
    """What the worker does."""
    id, viewers, lift = job.subject.split("|")
    experiment = services.stores.experiments.get(id)
    rehearse(services, experiment, Rehearsal(viewers=int(viewers), lift=float(lift)), now=clock(), progress=progress)


def _world(real: Stores, own: Stores) -> Stores:
    """The real catalogue, mix and models; everything that is written goes into `own`."""
    return replace(
        own, objects=real.objects, posts=real.posts, post_totals=real.post_totals, products=real.products, tags=real.tags,
        publishers=real.publishers, reputations=real.reputations, policies=real.policies, mix_publishes=real.mix_publishes,
        models=real.models, model_publishes=real.model_publishes, calibrations=real.calibrations,
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m core.demo.simulate",
        description="Let simulated viewers live under two policies, with an effect planted.",
    )
    parser.add_argument("--policy", action="append", default=[], help="a version of the mix; the first is the control")
    parser.add_argument(
        "--lift", type=float, default=0.3, help="relative effect planted in watch time, 0.3 is 30%% more"
    )
    parser.add_argument("--viewers", type=int, default=400)
    parser.add_argument("--pages", type=int, default=4, help="pages that each asks for at most")
    asked = parser.parse_args(arguments)
    try:
        services = open_services()
    except (SettingsError, FeedroomError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        policies = (asked.policy * 2 if len(asked.policy) == 1 else asked.policy) or [None, None]
        arms = tuple(Arm(name="control" if n == 0 else f"treatment {n}", policy=id) for n, id in enumerate(policies))
        for id in filter(None, policies):
            services.feed.preview(_machine(), "rehearsal-check", size=1, policy=id, now=clock())
        draft = Experiment(
            id="simulation",
            name=" against ".join(id or "the mix in force" for id in policies),
            salt="simulation",
            arms=arms,
            metrics=(GOAL,),
        )
        kept, found = rehearse(
            services, draft, Rehearsal(viewers=asked.viewers, pages=asked.pages, lift=asked.lift), now=clock(),
            progress=lambda done, step: None,
        )  # fmt: skip
    except CallerError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    finally:
        services.stores.live.close()
    sys.stdout.write(f"{kept.decision}\n")
    for arm in found.arms:
        reading = arm.readings[GOAL.name]
        interval = reading.anytime.interval
        effect = f"{reading.used.relative:+.1%} ({interval.lower:+.1%} to {interval.upper:+.1%})"
        sys.stdout.write(f"{arm.name}: {effect}, planted {asked.lift:+.0%}\n")
    sys.stdout.write(f"Readout: /readout?id={kept.id}\n")
    return 0


def _machine() -> Account:
    return Account(id="simulate", email="simulate@localhost.invalid", name="Simulator", role=Role.PRODUCT_MANAGER)


if __name__ == "__main__":
    sys.exit(main())
