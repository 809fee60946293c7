"""Simulated viewers use the real feed: `python -m core.demo.live_traffic [--viewers N] [--pages M]`.

Each asks `Feed.page` as the shopping app would, acts by their latent taste on what they were shown, and the app's events go through
`Engagement.accept`, tied to request and slot. So a fresh install has served pages with outcomes: propensities, calibration, and
experiments whose arms the feed itself has served. Viewers are called `guest-live-0001` and so on: nobody takes them for people.

After the demo world is filled it runs in the background in small parts, each a job that may be done again: a viewer whom the live
store knows already has had their turn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.bootstrap import Services, clock, open_services
from core.demo import tastes
from core.demo.behaviour import Life, Random
from core.demo.tastes import World
from core.demo.visitors import openings, watch
from core.domain.account import Account, Role
from core.domain.errors import FeedroomError
from core.domain.events import ViewerEvent
from core.domain.ids import SECOND, Millis
from core.domain.job import Job, JobKind
from core.domain.ports.media import Progress
from core.settings import SettingsError

PARTS: Final = 20
SUBJECT: Final = "live-traffic"
PAGES_A_SESSION: Final = 3
MOST_TRIED: Final = 400
"""Names tried per viewer wanted, until one is in the experiment that was asked for, or in none."""


def _nothing(viewer: str) -> float:
    return 0.0


def _as_it_was(event: ViewerEvent, rng: np.random.Generator) -> list[ViewerEvent]:
    return [event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Who comes and what they ask for.

    `viewers` ask for up to `pages` pages of `size` slots over the `days` before now. `lift` is added to a viewer's liking of all
    they are shown, in log odds: an effect to be planted by arm, found through `Services.assignments`. With `experiment` only
    viewers come whom it assigns to an arm; without, only those who are in no experiment, so that none is disturbed. `plant` gives
    what is sent for each event, so that an effect of known size can be planted in what is measured.
    """

    viewers: int = 340
    pages: int = 8
    size: int = 8
    days: int = 5
    seed: int = 11
    prefix: str = "guest-live"
    experiment: str = ""
    lift: Callable[[str], float] = _nothing
    plant: Callable[[ViewerEvent, np.random.Generator], list[ViewerEvent]] = _as_it_was


@dataclass(frozen=True, slots=True)
class Served:
    """What came of it."""

    viewers: int = 0
    pages: int = 0
    impressions: int = 0
    events: int = 0

    def __add__(self, other: Served) -> Served:
        return Served(
            self.viewers + other.viewers,
            self.pages + other.pages,
            self.impressions + other.impressions,
            self.events + other.events,
        )


@dataclass(frozen=True, slots=True)
class Lifted(Random):
    """A behaviour in which each viewer enjoys everything by their own lift."""

    of: Callable[[str], float] = _nothing

    def lift(self, world: World, viewer: int) -> float:
        return self.of(world.viewers[viewer])


def run(
    services: Services,
    traffic: Traffic,
    *,
    now: Millis,
    part: int = 0,
    parts: int = 1,
    progress: Progress = lambda done, step: None,
) -> Served:
    """Let every `parts`-th viewer from `part` on use the feed; returns when all of it is in the event log.

    The same traffic gives the same viewers and tastes, whatever the part. Raises ServiceError if a store is down.
    """
    names = viewers_of(services, traffic, now=now)
    world = tastes.build(now, guests=len(names))
    world = replace(world, viewers=(*world.viewers[: world.sample], *names))
    done = Served()
    own = range(part, len(names), parts)
    for number, place in enumerate(own):
        share = number / max(1, len(own))

        def beat(share: float = share) -> None:
            progress(share, "Simulated viewers use the feed")

        beat()
        if not _had_their_turn(services, names[place]):
            done += _live(services, traffic, world, world.sample + place, now, beat)
    services.feed.flush()
    return done


def viewers_of(services: Services, traffic: Traffic, *, now: Millis) -> list[str]:
    """The names of the viewers who come."""
    names: list[str] = []
    for number in range(1, MOST_TRIED * traffic.viewers + 1):
        if len(names) == traffic.viewers:
            break
        name = f"{traffic.prefix}-{number:04}"
        arms = services.assignments.of(name, now=now)
        fits = any(one.id == traffic.experiment for one, _ in arms) if traffic.experiment else not arms
        if fits:
            names.append(name)
    return names


def ensure(services: Services, *, now: Millis) -> int:
    """Queue the traffic of a demo world, once; returns how many jobs were added. They wait until all clips are drawn."""
    added = 0
    for part in range(PARTS):
        subject = f"{SUBJECT}-{part}"
        if services.jobs.latest(subject, kind=JobKind.LIVE_TRAFFIC) is None:
            services.jobs.enqueue(JobKind.LIVE_TRAFFIC, subject, now=now + part)
            added += 1
    return added


def ask(services: Services, actor: Account, *, now: Millis) -> int:
    """Queue the traffic because a product manager wants it now; parts under way are left alone. Returns how many were added."""
    actor.require(Role.PRODUCT_MANAGER)
    idle = [
        subject
        for subject in (f"{SUBJECT}-{part}" for part in range(PARTS))
        if not services.jobs.unfinished(subject, JobKind.LIVE_TRAFFIC)
    ]
    for place, subject in enumerate(idle):
        services.jobs.enqueue(JobKind.LIVE_TRAFFIC, subject, now=now + place, asked_by=actor.id)
    services.audit.record(actor, "demo.live_traffic", SUBJECT, now=now)
    return len(idle)


def run_job(services: Services, job: Job, progress: Progress) -> None:
    """One part of the traffic of the demo world."""
    part = int(job.subject.rpartition("-")[2])
    run(services, Traffic(), now=clock(), part=part, parts=PARTS, progress=progress)


def _had_their_turn(services: Services, viewer: str) -> bool:
    return bool(services.stores.live.viewers.read(viewer, trending=0).viewer.seen)


def _live(
    services: Services, traffic: Traffic, world: World, viewer: int, now: Millis, beat: Callable[[], None]
) -> Served:
    """One viewer's visits, in order of time."""
    rng = np.random.default_rng((traffic.seed, 5, viewer))
    life = Life(world, viewer, traffic.days, traffic.seed, Lifted(of=traffic.lift))
    done = Served(viewers=1)
    sessions = -(-traffic.pages // PAGES_A_SESSION)
    for opened in openings(world, viewer, traffic.days, sessions, now, rng):
        at, tired, mood = opened, 0.0, float(rng.normal(0, 0.25))
        cursor: str | None = None
        for _ in range(min(PAGES_A_SESSION, traffic.pages - done.pages)):
            beat()
            page = services.feed.page(world.viewers[viewer], size=traffic.size, cursor=cursor, now=at)
            cursor = page.cursor
            if traffic.experiment:
                services.feed.flush()  # that they met the arm comes before what they did: here no seconds lie between
            events, at, tired, on = watch(world, life, page, at, mood, tired)
            events = [sent for event in events for sent in traffic.plant(event, rng)]
            if events:
                services.engagement.accept(events, now)
            seen = sum(event.kind == "impression" for event in events)
            done += Served(pages=1, impressions=seen, events=len(events))
            at, tired = at + int(rng.uniform(1, 6) * SECOND), tired + 0.1
            if not on or cursor is None:
                break
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    usual = Traffic()
    parser = argparse.ArgumentParser(
        prog="python -m core.demo.live_traffic", description="Let simulated viewers use the feed of a demo world."
    )
    parser.add_argument("--viewers", type=int, default=usual.viewers, help="how many viewers come")
    parser.add_argument("--pages", type=int, default=usual.pages, help="how many pages each asks for at most")
    parser.add_argument("--days", type=int, default=usual.days, help="over how many days before now")
    parser.add_argument(
        "--prefix", default=usual.prefix, help="what the viewers are called; a new name brings new viewers"
    )
    parser.add_argument("--experiment", default="", help="id of the experiment that they all take part in")
    asked = parser.parse_args(arguments)
    try:
        services = open_services()
    except (SettingsError, FeedroomError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        traffic = Traffic(
            viewers=asked.viewers, pages=asked.pages, days=asked.days, prefix=asked.prefix, experiment=asked.experiment
        )
        done = run(services, traffic, now=clock())
    except FeedroomError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    finally:
        services.stores.live.close()
    sys.stdout.write(
        f"{done.viewers} viewers were served {done.pages} pages, saw {done.impressions} posts and sent {done.events} "
        "events.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
