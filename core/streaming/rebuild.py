"""`python -m core.streaming.rebuild`: viewers, trends and what the worker counts, made anew from the event log.

Totals of posts, likes, follows, sums of experiments, attribution of orders and counts of campaigns are replaced whole: stop the
worker first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from core.bootstrap import clock, open_services
from core.domain.errors import FeedroomError, Unavailable
from core.domain.events import ViewerEvent
from core.domain.ids import DAY, Millis
from core.domain.ports.event_log import Record
from core.domain.viewer import ViewerState
from core.feed.served_record import SERVED_TOPIC, ServedPage, read_served
from core.feed.totals import trend_scores
from core.feed.viewer_update import PostFacts, served, update
from core.services.attribution_rebuild import rebuild_attribution
from core.services.engagement import TOPIC
from core.services.stores import Stores
from core.services.totals_rebuild import rebuild_totals

BATCH = 5_000
TREND_WINDOW: Millis = 3 * DAY
"""Events older than this have faded from the trends."""

_event = msgspec.json.Decoder(ViewerEvent)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How much was read, and how many viewers' states were written."""

    events: int
    pages: int
    viewers: int


def rebuild(stores: Stores, *, now: Millis) -> Rebuilt:
    """Read both topics from the start, in the order of their times, and write every viewer's state anew.

    Meant for a live store that was lost: states that are there are replaced. Events that arrive meanwhile are applied as always;
    a state that keeps changing is retried. Holds one state per viewer in memory. Raises Unavailable.
    """
    states: dict[str, ViewerState] = {}
    facts: dict[str, PostFacts | None] = {}
    live = stores.live
    live.trending.clear()
    events = pages = 0
    for item in _by_time(_pages(stores), _events(stores)):
        if isinstance(item, ServedPage):
            pages += 1
            state = states.get(item.viewer) or ViewerState(viewer=item.viewer)
            posts, kinds = [slot.post for slot in item.slots], [slot.kind for slot in item.slots]
            states[item.viewer] = served(state, posts, kinds, session=item.session or item.request, at=item.at)
            continue
        events += 1
        if item.post and item.post not in facts:
            post = stores.posts.find_one(item.post)
            facts[item.post] = PostFacts.of(post) if post else None
        state = states.get(item.viewer) or ViewerState(viewer=item.viewer)
        states[item.viewer] = update(state, item, facts.get(item.post))
        if item.at >= now - TREND_WINDOW:
            trends, as_of = trend_scores([item], now=now)
            if trends:
                live.trending.bump(trends, now=as_of)
    for state in states.values():
        _replace(stores, state)
    return Rebuilt(events, pages, len(states))


def _replace(stores: Stores, state: ViewerState) -> None:
    for _ in range(64):
        held = stores.live.viewers.read(state.viewer, trending=0).viewer
        if stores.live.viewers.write(replace(state, version=held.version), expected_version=held.version):
            return
    raise Unavailable(f"the state of viewer {state.viewer} is changing too fast; stop the feed or try again")


def _by_time(pages: Iterator[ServedPage], events: Iterator[ViewerEvent]) -> Iterator[ServedPage | ViewerEvent]:
    """Both streams merged by time; each is nearly in order already, and updates bear lateness."""
    page, event = next(pages, None), next(events, None)
    while page is not None or event is not None:
        if event is None or (page is not None and page.at <= event.at):
            assert page is not None  # noqa: S101 - one of the two is there
            yield page
            page = next(pages, None)
        else:
            yield event
            event = next(events, None)


def _pages(stores: Stores) -> Iterator[ServedPage]:
    for record in _records(stores, SERVED_TOPIC):
        yield read_served(record.payload)


def _events(stores: Stores) -> Iterator[ViewerEvent]:
    for record in _records(stores, TOPIC):
        try:
            yield _event.decode(record.payload)
        except msgspec.DecodeError:
            continue


def _records(stores: Stores, topic: str) -> Iterator[Record]:
    after = 0
    while records := stores.log.replay(topic, after=after, limit=BATCH):
        yield from records
        after = records[-1].offset


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    argparse.ArgumentParser(prog="python -m core.streaming.rebuild", description=__doc__).parse_args(argv)
    try:
        services = open_services()
        done = rebuild(services.stores, now=clock())
        rebuild_totals(services.stores, services.engagement, services.social, now=clock())
        services.experiment_metrics.rebuild()
        statements = rebuild_attribution(services.stores, services.attribution, now=clock())
        services.campaign_counts.recount()
    except FeedroomError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    sys.stdout.write(f"{done.events:,} events and {done.pages:,} pages read, {done.viewers:,} viewers rebuilt, ")
    sys.stdout.write(f"credit of orders said {statements:,} times\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
