"""The board: every few seconds, and after each change, how hard each running campaign is pushed and how much it may deliver."""

from __future__ import annotations

from typing import Final

import msgspec

from core.domain.campaign import Campaign, CampaignState, shop_day
from core.domain.campaign_data import BOARD, CampaignBoard, CampaignTotals, Running
from core.domain.errors import Conflict, Duplicate, Unavailable
from core.domain.ids import DAY, HOUR, MINUTE, SECOND, Millis
from core.feed.pacing import Effort, ceiling, paced, traffic_of
from core.services.audit import Audit
from core.services.stores import Stores

SIGNAL: Final = "campaigns"
RENEW: Millis = 4 * SECOND
"""Workers that find the board younger than this leave it to the one that has just made it."""

ACTIVE: Millis = 10 * MINUTE
TRAFFIC_DAYS: Final = 7
_TRIES: Final = 8


class Boards:
    """`publish` makes the board anew; `sweep` ends what is over, then publishes. Any number of workers may sweep."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores, self._audit = stores, audit

    def sweep(self, *, now: Millis) -> int:
        """End campaigns that are over and publish; returns how many are running."""
        running = self._running()
        totals = self._stores.campaign_totals.get_many([one.id for one in running])
        ended = 0
        for campaign in running:
            delivered = totals[campaign.id].delivered if campaign.id in totals else 0
            if delivered >= campaign.goal:
                ended += self._end(campaign, "The goal is reached.", now)
            elif now >= campaign.ends_at:
                ended += self._end(
                    campaign, f"Its time is over; {delivered:,} of {campaign.goal:,} were delivered.", now
                )
        board = self.current()
        if ended or ((running or board.running) and now - board.at >= RENEW):
            return len(self.publish(now=now).running)
        return len(board.running)

    def current(self) -> CampaignBoard:
        """The board as it is stored; an empty one before the first."""
        return self._stores.campaign_boards.find_one(BOARD) or CampaignBoard(version=0)

    def publish(self, *, now: Millis) -> CampaignBoard:
        """Move every controller on to `now`, store the board, and tell all feed processes. Raises Unavailable."""
        for _ in range(_TRIES):
            held = self.current()
            board = self._made(held, now)
            try:
                if held.version == 0:
                    board = self._stores.campaign_boards.insert(board)
                else:
                    fields = {
                        name: value
                        for name, value in msgspec.to_builtins(board).items()
                        if name not in ("id", "version")
                    }
                    board = self._stores.campaign_boards.patch(BOARD, fields, expected_version=held.version)
            except (Conflict, Duplicate):
                continue
            self._stores.live.signals.bump(SIGNAL)
            return board
        raise Unavailable("the board of campaigns is changing too fast")

    def _made(self, held: CampaignBoard, now: Millis) -> CampaignBoard:
        running = self._running()
        totals = self._stores.campaign_totals.get_many([one.id for one in running])
        fresh = now - held.traffic_at < HOUR and held.version > 0
        traffic = held.traffic if fresh else self._traffic(now)
        before = {one.id: one for one in held.running}
        entries, processes = [], set()
        for campaign in running:
            total = totals.get(campaign.id) or CampaignTotals(id=campaign.id)
            processes |= {process for process, at in total.active.items() if at >= now - ACTIVE}
            entries.append(_entry(campaign, total, before.get(campaign.id), now, now - held.at, traffic))
        return CampaignBoard(
            at=now,
            running=tuple(entries),
            processes=len(processes),
            traffic=traffic,
            traffic_at=held.traffic_at if fresh else now,
            updated_at=now,
        )

    def _running(self) -> list[Campaign]:
        return list(self._stores.campaigns.each({"state": CampaignState.RUNNING}))

    def _traffic(self, now: Millis) -> tuple[float, ...]:
        """Pages by hour of the day over the last days, whole days only, so that each hour is met equally often."""
        last = now // HOUR * HOUR
        hours = self._stores.feed_hours.each({"hour": {"gte": last - TRAFFIC_DAYS * DAY, "lt": last}}, order="hour")
        return traffic_of((one.hour, one.pages) for one in hours)

    def _end(self, campaign: Campaign, note: str, now: Millis) -> bool:
        changes = campaign.moved(CampaignState.ENDED) | {"note": note, "updated_at": now}
        try:
            self._stores.campaigns.patch(campaign.id, changes, expected_version=campaign.version)
        except Conflict:
            return False  # a person was quicker; the next sweep looks again
        self._audit.record(None, "campaign.end", campaign.id, now=now, name=campaign.name, note=note)
        return True


def _entry(
    campaign: Campaign,
    total: CampaignTotals,
    before: Running | None,
    now: Millis,
    elapsed: Millis,
    traffic: tuple[float, ...],
) -> Running:
    effort = Effort(before.multiplier, before.integral, before.target) if before else Effort()
    effort = paced(campaign, effort, total.delivered, now=now, elapsed=elapsed if before else 0, traffic=traffic)
    today = total.days.get(str(shop_day(now)), 0)
    return Running(
        id=campaign.id,
        name=campaign.name,
        posts=campaign.posts,
        value=campaign.value,
        max_share=campaign.max_share,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        multiplier=round(effort.multiplier, 6),
        integral=round(effort.integral, 6),
        target=effort.target,
        delivered=total.delivered,
        ceiling=ceiling(campaign, effort.target or 0.0, now, before_today=total.delivered - today, traffic=traffic),
        processes=total.processes,
    )
