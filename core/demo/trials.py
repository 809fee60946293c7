"""The demo world's experiments: a clear win, a breached guardrail, a wrong split, and too little data; effects are planted.

Viewers of these are light and anonymous (`trial-…`). Their arms come from the same hashes that assign real viewers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.bootstrap import Services
from core.demo import tastes
from core.demo.posts import Fate
from core.demo.posts import Plan as DemoPost
from core.domain.events import EventKind, ViewerEvent
from core.domain.experiment import Arm, Experiment, ExperimentState, Metric, MetricKind, MetricRole, Phase, Plan, Step
from core.domain.ids import DAY, HOUR, Millis
from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.feed.default_policy import DEFAULT_POLICY
from core.services.assignments import HOLDOUT
from core.statistics.assignment import Assigner, in_holdout

Act = tuple[EventKind, Millis, dict[str, object]]
METRICS = (
    Metric(name="Product clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks", unit="per viewer"),
    Metric(
        name="Watch time", kind=MetricKind.MEAN, role=MetricRole.GUARDRAIL, numerator="watch_seconds", margin=0.15,
        unit="s per viewer",
    ),
    Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.SECONDARY, numerator="likes", unit="per viewer"),
    Metric(
        name="Clicks per impression", kind=MetricKind.RATIO, role=MetricRole.SECONDARY, numerator="product_clicks",
        denominator="impressions", unit="per impression",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """A planted story: relative lifts of the treatment, how many viewers, how long, the share of treatment that is lost;
    and, for one that is over, how many days ago that was and what was decided."""

    key: str
    name: str
    hypothesis: str
    policy: str
    lower: float
    upper: float
    viewers: int
    days: int
    clicks: float = 0.0
    watch: float = 0.0
    lost: float = 0.0
    ago: int = 0
    decision: str = ""


TRIALS = (
    Trial("win", "More clips with products", "Viewers click more when two more slots of a page show a product.",
          "demo-shoppable", 0.0, 0.2, 700, 9, clicks=0.6),
    Trial("breach", "Promotions up to 40%", "Twice the promotional share brings clicks at no cost of watch time.",
          "demo-promotional", 0.2, 0.4, 600, 6, clicks=0.1, watch=-0.45),
    Trial("split", "Educational clips first", "A how-to at the top makes the first session longer.",
          "demo-educational", 0.4, 0.6, 600, 5, lost=0.35),
    Trial("young", "Wider gap between promotions", "Three slots between promotions instead of two are hardly felt.",
          "demo-gap", 0.6, 0.8, 60, 2),
    Trial("past", "Shorter first page", "Viewers who find a product in the first five clips come back sooner.",
          "demo-shoppable", 0.8, 1.0, 500, 8, clicks=0.02, ago=6, decision="Keep control: no effect that would pay for itself"),
)  # fmt: skip


def policies(now: Millis) -> list[MixPolicy]:
    """The mixes that the treatments stand for, each a change of the default."""
    shares = DEFAULT_POLICY.shares

    def changed(id: str, name: str, note: str, **fields: object) -> MixPolicy:
        base = replace(DEFAULT_POLICY, id=id, name=name, note=note, created_by="demo", created_at=now, updated_at=now)
        return replace(base, **fields)  # type: ignore[arg-type]  # names of fields, given a few lines from here

    return [
        changed("demo-shoppable", "Shoppable", "At least 20% product posts",
                shares=shares | {PostKind.PRODUCT: Share(least=0.2, most=0.4)}),
        changed("demo-promotional", "Promotional", "Up to 40% promotional posts",
                shares=shares | {PostKind.PROMOTIONAL: Share(least=0.0, most=0.4)}),
        changed("demo-educational", "Educational", "At least 20% educational posts",
                shares=shares | {PostKind.EDUCATIONAL: Share(least=0.2, most=0.4)}),
        changed("demo-gap", "Wide gap", "Three slots between promotional posts",
                gap=DEFAULT_POLICY.gap | {PostKind.PROMOTIONAL: 3}),
    ]  # fmt: skip


def fill(services: Services, now: Millis, *, seed: int) -> list[ViewerEvent]:
    """Store policies and experiments; return the events of their viewers."""
    stores = services.stores
    for policy in policies(now):
        if stores.policies.find_one(policy.id) is None:
            stores.policies.insert(policy)
    events: list[ViewerEvent] = []
    for number, trial in enumerate(TRIALS):
        experiment = _experiment(trial, now)
        stores.experiments.upsert_many([_ended(trial, experiment, now) if trial.decision else experiment])
        events += _events(trial, experiment, now, np.random.default_rng((seed, 2, number)))
    return events


def _experiment(trial: Trial, now: Millis) -> Experiment:
    begun = now - (trial.days + trial.ago) * DAY
    ramp = trial.key == "young"
    return Experiment(
        id=f"demo-{trial.key}",
        name=trial.name,
        hypothesis=trial.hypothesis,
        owner="demo-manager",
        state=ExperimentState.RAMPING if ramp else ExperimentState.RUNNING,
        salt=f"demo-{trial.key}",
        lower=trial.lower,
        upper=trial.upper,
        arms=(Arm(name="control"), Arm(name="treatment", policy=trial.policy)),
        metrics=METRICS,
        steps=(Step(exposure=0.5, hours=96), Step(exposure=1.0, hours=24)) if ramp else (Step(exposure=1.0),),
        phases=(Phase(number=1, exposure=0.5 if ramp else 1.0, started_at=begun),),
        plan=Plan(metric="Product clicks", baseline=2.0, deviation=2.2, effect=0.25, per_arm=400, days=14),
        generated=True,
        created_at=begun - DAY,
        updated_at=now,
        launched_at=begun,
    )


def _ended(trial: Trial, experiment: Experiment, now: Millis) -> Experiment:
    at = now - trial.ago * DAY
    return replace(
        experiment, state=ExperimentState.DECIDED, decision=trial.decision, decided_by="demo-manager", updated_at=at,
        phases=(replace(experiment.phases[0], ended_at=at),),
    )  # fmt: skip


def _events(trial: Trial, experiment: Experiment, now: Millis, rng: np.random.Generator) -> list[ViewerEvent]:
    """A light life for each viewer: two days before, then the exposure, then a session on some of the days after."""
    assign = Assigner(experiment)
    orders = _orders(now)
    begun, held = experiment.phases[0].started_at, np.random.default_rng((7, trial.viewers, trial.days))
    events: list[ViewerEvent] = []
    found, number = 0, 0
    while found < trial.viewers:
        number += 1
        viewer = f"trial-{trial.key}-{number}"
        arm = assign(viewer)
        if arm is not None and in_holdout(viewer, HOLDOUT):
            events += _held_out(viewer, begun, trial.days, shown=orders[number % len(orders)], now=now, rng=held)
            continue
        if arm is None or (arm.arm == 1 and rng.random() < trial.lost):
            continue
        found += 1
        clicks, watch = (1 + trial.clicks, 1 + trial.watch) if arm.arm == 1 else (1.0, 1.0)
        taste = float(rng.gamma(3, 0.35))
        shown = orders[number % len(orders)]
        joined = begun + int(rng.integers(0, DAY))
        lived: list[Act] = []
        for day in (3, 2):
            lived += _session(begun - day * DAY + int(rng.integers(0, 12 * HOUR)), taste, 1.0, shown, rng)
        lived.append((EventKind.EXPOSURE, joined, {"experiment": experiment.id, "arm": arm.name, "text": "demo"}))
        for day in range(trial.days):
            at = joined + day * DAY + HOUR
            if at < now - HOUR and (day == 0 or rng.random() < 0.4):
                lived += _session(at, taste * clicks, watch, shown, rng)
        events += [
            ViewerEvent(id=f"{viewer}-{n}", kind=kind, viewer=viewer, at=at, **fields)  # type: ignore[arg-type]  # names of fields, given a few lines from here
            for n, (kind, at, fields) in enumerate(lived)
            if at < now
        ]
    return events


def _held_out(
    viewer: str, begun: Millis, days: int, *, shown: list[DemoPost], now: Millis, rng: np.random.Generator
) -> list[ViewerEvent]:
    """The same life without any experiment, for viewers whom the hashes keep out of all."""
    taste = float(rng.gamma(3, 0.35))
    lived: list[Act] = []
    for day in (-3, -2, *range(days)):
        if day < 1 or rng.random() < 0.4:
            lived += _session(begun + day * DAY + int(rng.integers(0, 12 * HOUR)), taste, 1.0, shown, rng)
    return [
        ViewerEvent(id=f"{viewer}-{n}", kind=kind, viewer=viewer, at=at, **fields)  # type: ignore[arg-type]  # names of fields, given a few lines from here
        for n, (kind, at, fields) in enumerate(lived)
        if at < now
    ]


def _orders(now: Millis) -> list[list[DemoPost]]:
    """Posts with products that were live all the time, ordered by the taste of each sample viewer, dearest first."""
    world = tastes.build(now, guests=0)
    usable = [
        place
        for place, plan in enumerate(world.shown.plans)
        if plan.fate is Fate.LIVE and plan.products and plan.days > 20
    ]
    return [
        [world.shown.plans[place] for place in sorted(usable, key=lambda place: -liking[place])]
        for liking in world.liking
    ]


def _session(at: Millis, clicks: float, longer: float, shown: list[DemoPost], rng: np.random.Generator) -> list[Act]:
    """One post met, rather one of the first of `shown`: seen, watched, perhaps clicked (`clicks` is the mean) and liked."""
    place = int(rng.integers(len(shown)))
    post = shown[place * place // len(shown)]
    seconds = round(float(rng.gamma(5, 3) * longer), 2)
    clicked: dict[str, object] = {"post": post.id, "product": post.products[0]}
    acts: list[Act] = [
        (EventKind.IMPRESSION, at, {"post": post.id}),
        (EventKind.WATCH, at + 9_000, {"post": post.id, "seconds": seconds, "completion": 0.7}),
        *((EventKind.PRODUCT_CLICK, at + 12_000 + n, dict(clicked)) for n in range(int(rng.poisson(clicks)))),
    ]
    if rng.random() < 0.2:
        acts.append((EventKind.LIKE, at + 8_000, {"post": post.id}))
    return acts
