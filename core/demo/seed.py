"""Fill an empty store with the demo world: quickly, and the same each time for one seed.

Accounts come last and all at once: as long as there is none, an interrupted fill is done again over what it left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from core.bootstrap import Services
from core.demo import behaviour, campaigns, community, live_traffic, people, posts, products, tastes, trials
from core.demo.art.product import card
from core.demo.material import read
from core.demo.people import PASSWORD
from core.demo.taxonomy import ensure_taxonomy
from core.domain.comment import Comment
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import Millis
from core.domain.job import JobKind
from core.domain.ports.event_log import NewEvent
from core.feed.served_record import SERVED_TOPIC, ServedPage, ServedSlot, served_event
from core.services.engagement import TOPIC
from core.services.lifecycle import CATALOGUE
from core.services.stores import Stores

SEED = 7
GUESTS = 300
DAYS = 28
Say = Callable[[str], None]

__all__ = ["PASSWORD", "SEED", "ensure", "ensure_taxonomy", "fill"]


def ensure(services: Services, now: Millis, say: Say = lambda line: None) -> bool:
    """Fill the store if nobody has an account in it yet and the settings want the demo world; True if it was filled.

    A store in use only gets the tags that it lacks.
    """
    if not services.accounts.is_empty() or not services.settings.demo:
        ensure_taxonomy(services.stores, now)
        return False
    fill(services, now, say)
    return True


def fill(
    services: Services, now: Millis, say: Say = lambda line: None, *, guests: int = GUESTS, seed: int = SEED
) -> None:
    """Put the demo world in, over whatever an earlier fill has left. Posts are drafts until their clips are drawn."""
    stores = services.stores
    say(f"{ensure_taxonomy(stores, now)} tags")
    stores.publishers.upsert_many(people.publishers(now))
    stores.sample_viewers.upsert_many(people.viewers(now))
    say(f"{_fill_products(stores, now)} products")
    say(f"{_fill_posts(services, now)} posts, whose clips are drawn in the background")
    say(f"{_fill_behaviour(stores, now, guests=guests, seed=seed)} viewer events of {DAYS} days")
    say(f"{_fill_trials(services, now, seed)} experiments")
    hashed = services.accounts.hash_password(PASSWORD)
    live_traffic.ensure(services, now=now)
    stores.accounts.upsert_many(people.accounts(now, hashed))
    stores.live.signals.bump(CATALOGUE)


def _fill_products(stores: Stores, now: Millis) -> int:
    shop = products.items(now)
    for item in shop.values():
        if stores.objects.stat(item.product.image) is None:
            picture = card(item.looks.shape, item.looks.main, item.looks.accent)
            stores.objects.put_bytes(item.product.image, picture, "image/jpeg")
    return stores.products.upsert_many(item.product for item in shop.values())


def _fill_posts(services: Services, now: Millis) -> int:
    """New drafts only, each with a job for its clip; the jobs keep the order of the plans."""
    stores, ordered = services.stores, list(posts.plans().values())
    held = stores.posts.get_many([plan.id for plan in ordered])
    missing = [plan for plan in ordered if plan.id not in held]
    stores.posts.upsert_many(plan.post(now) for plan in missing)
    for place, plan in enumerate(ordered):
        if (plan.id not in held or held[plan.id].media is None) and not services.jobs.unfinished(
            plan.id, JobKind.RENDER_DEMO
        ):
            services.jobs.enqueue(JobKind.RENDER_DEMO, plan.id, now=now + place)
    return len(ordered)


def _fill_behaviour(stores: Stores, now: Millis, *, guests: int, seed: int) -> int:
    world = tastes.build(now, seed=seed, guests=guests)
    visits = list(behaviour.visits(world, DAYS, seed))
    events = sorted((event for visit in visits for event in visit.events), key=lambda event: (event.at, event.id))
    encode = msgspec.json.Encoder().encode
    _append(stores, TOPIC, (NewEvent(event.id, event.viewer, encode(event)) for event in events))
    _append(
        stores,
        SERVED_TOPIC,
        (_served(visit, now) for visit in sorted(visits, key=lambda visit: (visit.at, visit.request))),
    )
    stores.comments.upsert_many(_comments(events))
    community.fill(stores, [plan.id for plan in posts.plans().values()], world.viewers, now)
    held = stores.campaigns.get_many([f"demo-{story.key}" for story in campaigns.STORIES])
    stores.campaigns.upsert_many(one for one in campaigns.campaigns(visits, now) if one.id not in held)
    return len(events)


def _fill_trials(services: Services, now: Millis, seed: int) -> int:
    """Experiments with planted effects, and the events of the viewers who took part."""
    events = sorted(trials.fill(services, now, seed=seed), key=lambda event: (event.at, event.id))
    encode = msgspec.json.Encoder().encode
    _append(services.stores, TOPIC, (NewEvent(event.id, event.viewer, encode(event)) for event in events))
    return len(trials.TRIALS)


def _append(stores: Stores, topic: str, events: Iterable[NewEvent], batch: int = 10_000) -> None:
    waiting = iter(events)
    while some := list(islice(waiting, batch)):
        stores.log.append(topic, some)


def _served(visit: behaviour.Visit, now: Millis) -> NewEvent:
    slots = tuple(
        ServedSlot(
            post=post, kind=kind, propensity=propensity, score=0.0, sources=0, rule="simulated",
            campaign=campaigns.sponsor(post, visit.at, now),
        )
        for post, kind, propensity in zip(visit.posts, visit.kinds, visit.propensities, strict=True)
    )  # fmt: skip
    page = ServedPage(
        request=visit.request, viewer=visit.viewer, policy=visit.policy, at=visit.at, index=0, slots=slots
    )
    return served_event(page)


def _comments(events: list[ViewerEvent]) -> list[Comment]:
    """A comment for each comment event, in the language of its post."""
    phrases, plans = read("comments"), posts.plans()
    made: list[Comment] = []
    for event in events:
        if event.kind is EventKind.COMMENT:
            said = phrases[plans[event.post].language]
            text = said[len(made) * 5 % len(said)]
            made.append(
                Comment(
                    id=event.id,
                    post=event.post,
                    viewer=event.viewer,
                    text=text,
                    created_at=event.at,
                    updated_at=event.at,
                )
            )
    return made
