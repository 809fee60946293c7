"""Deliveries of campaigns, counted by the worker from the log of served pages, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from core.domain.campaign import shop_day
from core.domain.campaign_data import CampaignTotals
from core.domain.errors import Conflict, Duplicate, Unavailable
from core.domain.ids import DAY, HOUR, Millis
from core.domain.ports.event_log import Record
from core.feed.served_record import SERVED_TOPIC, ServedPage, read_served
from core.services.stores import Stores

GROUP: Final = "campaigns"
FORGET: Millis = 2 * DAY
"""A feed process that has delivered nothing of a campaign for so long is forgotten; by then it has forgotten its own count, too."""

_TRIES: Final = 16
_MARK: Final = b'"campaign":'
"""Only pages with a sponsored slot hold this: the others, nearly all, need not be read."""

Counted = tuple[Record, ServedPage, int]


class CampaignCounts:
    """`consume` counts what is new; `recount` counts everything anew and comes to the same totals."""

    def __init__(self, stores: Stores) -> None:
        self._log, self._totals = stores.log, stores.campaign_totals

    def consume(self, member: str, *, now: Millis, limit: int = 500) -> int:
        """Count the next served pages; returns how many there were. Raises Conflict if a lease was lost: nothing is lost by it."""
        records = self._log.poll(SERVED_TOPIC, GROUP, member, limit=limit, now=now)
        if not records:
            return 0
        for campaign, own in self._by_campaign(records).items():
            self._add(campaign, own)
        self._log.commit(SERVED_TOPIC, GROUP, member, records)
        return len(records)

    def recount(self, *, batch: int = 5_000) -> dict[str, CampaignTotals]:
        """Totals by campaign from all that the log still holds, written over what is stored.

        What is stored stays where it holds more: the log has been trimmed since.
        """
        made: dict[str, CampaignTotals] = {}
        after = 0
        while records := self._log.replay(SERVED_TOPIC, after=after, limit=batch):
            for campaign, own in self._by_campaign(records).items():
                made[campaign] = added(made.get(campaign) or CampaignTotals(id=campaign), own)
            after = records[-1].offset
        held = self._totals.get_many(list(made))
        for id, one in held.items():
            made[id] = replace(made[id], version=one.version + 1) if made[id].delivered >= one.delivered else one
        self._totals.upsert_many(made.values())
        return made

    def _by_campaign(self, records: Iterable[Record]) -> dict[str, list[Counted]]:
        found: dict[str, list[Counted]] = {}
        for record in records:
            if _MARK not in record.payload:
                continue
            try:
                page = read_served(record.payload)
            except (msgspec.DecodeError, ValueError) as error:
                self._log.dead_letter(record, GROUP, str(error)[:500])
                continue
            for campaign, count in deliveries(page).items():
                found.setdefault(campaign, []).append((record, page, count))
        return found

    def _add(self, campaign: str, own: list[Counted]) -> None:
        for _ in range(_TRIES):
            held = self._totals.find_one(campaign)
            total = added(held or CampaignTotals(id=campaign), own)
            try:
                if held is None:
                    self._totals.insert(total)
                elif total.offsets != held.offsets:
                    changes = {
                        name: getattr(total, name)
                        for name in ("delivered", "hours", "days", "processes", "active", "offsets", "updated_at")
                    }
                    self._totals.patch(campaign, changes, expected_version=held.version)
            except (Duplicate, Conflict):
                continue
            return
        raise Unavailable(f"the totals of campaign {campaign} are changing too fast")


def deliveries(page: ServedPage) -> dict[str, int]:
    """Slots of a page by campaign."""
    counts: dict[str, int] = {}
    for slot in page.slots:
        if slot.campaign:
            counts[slot.campaign] = counts.get(slot.campaign, 0) + 1
    return counts


def added(total: CampaignTotals, own: Iterable[Counted]) -> CampaignTotals:
    """The totals with those pages added that they do not hold yet."""
    hours, days, offsets = dict(total.hours), dict(total.days), dict(total.offsets)
    processes, active = dict(total.processes), dict(total.active)
    delivered, latest = total.delivered, total.updated_at
    for record, page, count in own:
        partition = str(record.partition)
        if record.offset <= offsets.get(partition, -1):
            continue
        offsets[partition] = record.offset
        delivered += count
        latest = max(latest, page.at)
        for sums, key in ((hours, str(page.at // HOUR * HOUR)), (days, str(shop_day(page.at)))):
            sums[key] = sums.get(key, 0) + count
        if page.process:
            processes[page.process] = processes.get(page.process, 0) + count
            active[page.process] = max(active.get(page.process, 0), page.at)
    gone = {process for process, at in active.items() if at < latest - FORGET}
    return replace(
        total,
        delivered=delivered,
        hours=hours,
        days=days,
        offsets=offsets,
        processes=_without(processes, gone),
        active=_without(active, gone),
        updated_at=latest,
    )


def _without(held: Mapping[str, int], gone: set[str]) -> dict[str, int]:
    return {name: value for name, value in held.items() if name not in gone}
