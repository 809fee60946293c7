"""Shoppers and sums of attribution, made anew from the event log to the numbers that the worker came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from core.domain.attribution import AttributedOrder, AttributionDay, Shopper, Statement
from core.domain.ids import Millis
from core.domain.ports.event_log import EventLog, Record
from core.feed.attribution_sums import added, day_ids, paths_of
from core.feed.served_record import SERVED_TOPIC
from core.services.attribution import STATEMENTS, Attribution, Happened, event_of, page_of, place_of
from core.services.engagement import TOPIC as EVENT_TOPIC
from core.services.stores import Stores

BATCH = 5_000
T = TypeVar("T")


def rebuild_attribution(stores: Stores, attribution: Attribution, *, now: Millis) -> int:
    """Read the log from the start and replace shoppers, sums and paths; returns how many statements that made.

    With the worker stopped. Holds one state per shopper in memory.
    """
    shoppers: dict[str, Shopper] = {}
    days: dict[str, AttributionDay] = {}
    orders: dict[str, AttributedOrder] = {}
    count = 0
    for record, item in _by_time(
        _replayed(stores.log, SERVED_TOPIC, page_of), _replayed(stores.log, EVENT_TOPIC, event_of)
    ):
        before = shoppers.get(record.key) or Shopper(id=record.key)
        after = attribution.after(before, [(record, item)], attribution.origins([item], now))
        shoppers[record.key] = msgspec.structs.replace(after, outbox=())
        for statement in after.outbox:
            count += 1
            for id in day_ids(statement):
                days[id] = added(days.get(id), id, statement, {})
            gone, kept = paths_of(statement)
            for id in gone:
                orders.pop(id, None)
            orders |= {one.id: one for one in kept}
    offsets: dict[str, int] = {}
    said: dict[str, int] = {}
    for record, statement in _replayed(stores.log, STATEMENTS, _statement):
        offsets[place_of(record)] = record.offset
        said[statement.order] = max(said.get(statement.order, 0), statement.revision)
    _replace(
        stores,
        {id: _counted_on(shopper, said) for id, shopper in shoppers.items()},
        {id: replace(day, offsets=offsets) for id, day in days.items()},
        {id: replace(one, revision=max(one.revision, said.get(one.order, 0))) for id, one in orders.items()},
    )
    return count


def _counted_on(shopper: Shopper, said: Mapping[str, int]) -> Shopper:
    """The shopper whose orders are numbered on from what the log holds: the log drops a statement whose number it knows."""
    orders = tuple(
        msgspec.structs.replace(order, revision=max(order.revision, said.get(order.id, 0))) for order in shopper.orders
    )
    return msgspec.structs.replace(shopper, orders=orders)


def _replace(
    stores: Stores,
    shoppers: Mapping[str, Shopper],
    days: Mapping[str, AttributionDay],
    orders: Mapping[str, AttributedOrder],
) -> None:
    for shopper in list(stores.shoppers.each()):
        stores.shoppers.delete(shopper.id)
    for day in list(stores.attribution_days.each()):
        stores.attribution_days.delete(day.id)
    for order in list(stores.attributed_orders.each()):
        stores.attributed_orders.delete(order.id)
    stores.shoppers.upsert_many(shoppers.values())
    stores.attribution_days.upsert_many(days.values())
    stores.attributed_orders.upsert_many(orders.values())


def _statement(payload: bytes) -> Statement:
    return msgspec.json.decode(payload, type=Statement)


def _replayed(log: EventLog, topic: str, read: Callable[[bytes], T | None]) -> Iterator[tuple[Record, T]]:
    after = 0
    while records := log.replay(topic, after=after, limit=BATCH):
        for record in records:
            try:
                item = read(record.payload)
            except (msgspec.DecodeError, ValueError):
                continue
            if item is not None:
                yield record, item
        after = records[-1].offset


def _by_time(
    pages: Iterator[tuple[Record, Happened]], events: Iterator[tuple[Record, Happened]]
) -> Iterator[tuple[Record, Happened]]:
    """Both streams merged by time; each keeps its own order."""
    page, event = next(pages, None), next(events, None)
    while page is not None or event is not None:
        if event is None or (page is not None and page[1].at <= event[1].at):
            assert page is not None  # noqa: S101 - one of the two is there
            yield page
            page = next(pages, None)
        else:
            yield event
            event = next(events, None)
