"""Fills an empty store with the demo world, in seconds; clips are drawn afterwards by the worker."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from core.bootstrap import Services
from core.demo import trials
from core.demo.art import product as drawing
from core.demo.behaviour import simulate
from core.demo.people import PASSWORD, accounts, publishers, viewers
from core.demo.posts import Fate, Plan, plans
from core.demo.products import items
from core.demo.taxonomy import ensure_taxonomy
from core.domain.events import ViewerEvent
from core.domain.ids import Millis
from core.domain.job import JobKind
from core.domain.ports.event_log import NewEvent
from core.domain.post import Post, PostStatus, StatusChange
from core.services.audit import MACHINE

__all__ = ["PASSWORD", "ensure"]
TOPIC = "viewer-events"
BATCH = 5_000
SEED = 7


def ensure(services: Services, now: Millis) -> bool:
    """Fill the store if it has no accounts yet; True if it did. The same seed gives the same world.

    Accounts come last: a start that was interrupted begins again and overwrites what it had made. The tag tree is looked
    after at every start.
    """
    stores = services.stores
    ensure_taxonomy(stores, now)
    if not services.accounts.is_empty():
        return False
    stores.publishers.upsert_many(publishers(now))
    for item in items(now).values():
        looks = item.looks
        stores.objects.put_bytes(item.product.image, drawing.card(looks.shape, looks.main, looks.accent), "image/jpeg")
    stores.products.upsert_many(item.product for item in items(now).values())
    stores.sample_viewers.upsert_many(viewers(now))
    planned = list(plans().values())
    stores.posts.upsert_many(first_state(plan, now) for plan in planned)
    for plan in planned:
        services.jobs.enqueue(JobKind.RENDER_DEMO, plan.id, now=now)
    append(services, simulate(now, seed=SEED))
    append(services, trials.fill(services, now, seed=SEED))
    hashed = services.accounts.hash_password(PASSWORD)
    for account in accounts(now, hashed):
        stores.accounts.insert(account)
    services.audit.record(None, "demo.fill", "demo", now=now, posts=str(len(planned)))
    return True


def first_state(plan: Plan, now: Millis) -> Post:
    """A post before its clip is drawn: live ones are live already, and enter the feed with their clip."""
    post = plan.post(now)
    if plan.fate is not Fate.LIVE:
        return post
    at = plan.published_at(now)
    line = StatusChange(status=PostStatus.LIVE, at=at, by=MACHINE, note="Published with the demo world.")
    return replace(post, status=PostStatus.LIVE, history=(*post.history, line))


def append(services: Services, events: list[ViewerEvent]) -> None:
    """Append events to the log in the order of time, as a shopping app would have sent them."""
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    for start in range(0, len(ordered), BATCH):
        chunk = ordered[start : start + BATCH]
        services.stores.log.append(TOPIC, [NewEvent(e.id, e.viewer, msgspec.json.encode(e)) for e in chunk])
