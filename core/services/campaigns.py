"""Campaigns: drafted, started, paused, resumed, ended, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.domain.account import Account, Role
from core.domain.campaign import Campaign, CampaignState, Pacing
from core.domain.collection import Page
from core.domain.errors import Conflict, InvalidInput, NotFound
from core.domain.ids import DAY, HOUR, Millis, new_id
from core.domain.post import Post, PostStatus
from core.services.audit import Audit
from core.services.campaign_board import Boards
from core.services.campaign_progress import Curve, Progress, curve_of, progress_of
from core.services.stores import Stores

EDITABLE = frozenset({"name", "posts", "goal", "starts_at", "ends_at", "daily_cap", "value", "max_share", "pacing"})
PLAN = frozenset({"goal", "starts_at", "ends_at", "pacing"})
"""A change of these spreads what is left anew."""

WEEK: Millis = 7 * DAY


class Campaigns:
    """The product manager's verbs; a brand may read how its own campaigns do."""

    def __init__(self, stores: Stores, audit: Audit, boards: Boards) -> None:
        self._stores, self._audit, self._boards = stores, audit, boards

    def create(
        self,
        actor: Account,
        *,
        name: str,
        publisher: str,
        posts: Sequence[str],
        goal: int,
        starts_at: Millis,
        ends_at: Millis,
        daily_cap: int | None = None,
        value: float = 1.0,
        max_share: float = 0.1,
        pacing: Pacing = Pacing.EVEN,
        now: Millis,
    ) -> Campaign:
        """A draft. Raises InvalidInput naming the field that does not fit, `posts` also for one that is not a live post of the
        publisher."""
        actor.require(Role.PRODUCT_MANAGER)
        if self._stores.publishers.find_one(publisher) is None:
            raise InvalidInput("publisher", publisher, "there is no such publisher")
        campaign = Campaign(
            id=new_id(now),
            name=name.strip(),
            publisher=publisher,
            posts=tuple(posts),
            goal=goal,
            starts_at=starts_at,
            ends_at=ends_at,
            daily_cap=daily_cap,
            value=value,
            max_share=max_share,
            pacing=pacing,
            created_by=actor.id,
            created_at=now,
            updated_at=now,
        )
        self._check(campaign, campaign.posts, now)
        self._stores.campaigns.insert(campaign)
        self._audit.record(actor, "campaign.create", campaign.id, now=now, name=campaign.name, goal=str(goal))
        return campaign

    def get(self, actor: Account, id: str) -> Campaign:
        """One campaign. Raises NotFound, for a brand also when it is another publisher's."""
        actor.require(Role.PRODUCT_MANAGER, Role.BRAND)
        campaign = self._stores.campaigns.get(id)
        if actor.role is Role.BRAND and campaign.publisher != actor.publisher:
            raise NotFound(f"no campaign {id!r}", field="id", value=id)
        return campaign

    def find(
        self, actor: Account, *, state: CampaignState | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Campaign]:
        """Campaigns, last changed first; a brand's own."""
        actor.require(Role.PRODUCT_MANAGER, Role.BRAND)
        where: dict[str, object] = {"state": state} if state else {}
        if actor.role is Role.BRAND:
            where["publisher"] = actor.publisher
        return self._stores.campaigns.find(
            where or None, order="updated_at", descending=True, limit=limit, cursor=cursor
        )

    def save(
        self, actor: Account, id: str, changes: Mapping[str, object], *, expected_version: int, now: Millis
    ) -> Campaign:
        """Edit it; while it runs, what is left is spread anew when goal, times or pacing change.

        `expected_version` is that of the campaign the person saw. Raises InvalidInput naming the field, Conflict for one that has
        ended, or was changed since: it says by whom.
        """
        actor.require(Role.PRODUCT_MANAGER)
        campaign = self.get(actor, id)
        if unknown := set(changes) - EDITABLE:
            raise InvalidInput("changes", sorted(unknown), "these fields cannot be edited")
        if campaign.state is CampaignState.ENDED:
            raise Conflict("a campaign that has ended cannot be edited; let it go on first, or start a new one")
        if campaign.version != expected_version:
            raise self._overtaken(campaign)
        edited = replace(campaign, **changes)  # type: ignore[arg-type]  # validates before anything is stored
        self._check(edited, [post for post in edited.posts if post not in campaign.posts], now)
        if campaign.state is not CampaignState.DRAFT:
            delivered = self._delivered(id)
            if edited.goal < delivered:
                raise InvalidInput("goal", edited.goal, f"{delivered:,} were delivered already")
            if campaign.starts_at <= now and edited.starts_at != campaign.starts_at:
                raise InvalidInput("starts_at", edited.starts_at, "it has begun; its start stays")
            if any(getattr(edited, name) != getattr(campaign, name) for name in PLAN):
                changes = dict(changes) | {"plan_from": now, "plan_base": delivered}
        fields = {name: value for name, value in changes.items() if value != getattr(campaign, name)}
        return self._patch(actor, campaign, fields, "campaign.save", now, fields=", ".join(sorted(fields)))

    def start(self, actor: Account, id: str, *, now: Millis) -> Campaign:
        """Let a draft run, from its start time on. Raises InvalidInput if its time is over or none of its posts is live."""
        actor.require(Role.PRODUCT_MANAGER)
        campaign = self.get(actor, id)
        if campaign.state is not CampaignState.DRAFT:
            raise Conflict(f"a campaign that is {campaign.state.label.lower()} cannot be started", field="state")
        self._check(campaign, (), now)
        if not any(post.status is PostStatus.LIVE for post in self._stores.posts.get_many(campaign.posts).values()):
            raise InvalidInput("posts", campaign.posts, "none of them is live")
        return self._run(actor, campaign, "campaign.start", now)

    def pause(self, actor: Account, id: str, *, now: Millis) -> Campaign:
        """Take its posts out of the campaign's slots from the very next page on; what was delivered stays."""
        actor.require(Role.PRODUCT_MANAGER)
        campaign = self.get(actor, id)
        return self._patch(actor, campaign, campaign.moved(CampaignState.PAUSED), "campaign.pause", now)

    def resume(self, actor: Account, id: str, *, now: Millis) -> Campaign:
        """Let a paused campaign, or one that was ended too early, go on; what is left is spread over the time that is left.

        Raises Conflict if there is nothing left to deliver or no time to do it in.
        """
        actor.require(Role.PRODUCT_MANAGER)
        campaign = self.get(actor, id)
        if campaign.state is CampaignState.DRAFT:
            raise Conflict("a draft is started, not resumed")
        if now >= campaign.ends_at:
            raise Conflict("its time is over; move the end, or start a new campaign")
        if self._delivered(id) >= campaign.goal:
            raise Conflict("the goal is reached; there is nothing left to deliver")
        return self._run(actor, campaign, "campaign.resume", now)

    def end(self, actor: Account, id: str, *, now: Millis) -> Campaign:
        """End it before its time. It can be resumed while its time is not over."""
        actor.require(Role.PRODUCT_MANAGER)
        campaign = self.get(actor, id)
        changes = campaign.moved(CampaignState.ENDED) | {"note": f"Ended by {actor.name}."}
        return self._patch(actor, campaign, changes, "campaign.end", now)

    def progress(self, actor: Account, campaigns: Sequence[Campaign], *, now: Millis) -> list[Progress]:
        """How far each has come, in the given order. Campaigns are those that `get` and `find` gave this actor."""
        actor.require(Role.PRODUCT_MANAGER, Role.BRAND)
        own = [one for one in campaigns if actor.role is not Role.BRAND or one.publisher == actor.publisher]
        totals = self._stores.campaign_totals.get_many([one.id for one in own])
        board = self._boards.current()
        return [progress_of(one, totals.get(one.id), board, now=now) for one in own]

    def curve(self, actor: Account, campaign: Campaign, *, now: Millis) -> Curve:
        """Delivered and planned over time, for a chart. Raises NotFound for another publisher's."""
        campaign = self.get(actor, campaign.id)
        return curve_of(campaign, self._stores.campaign_totals.find_one(campaign.id), self._boards.current(), now=now)

    def posts(self, actor: Account, campaign: Campaign) -> list[Post]:
        """Its posts as they are now, in its order; those that are gone are left out. Raises NotFound for another publisher's."""
        campaign = self.get(actor, campaign.id)
        found = self._stores.posts.get_many(campaign.posts)
        return [found[id] for id in campaign.posts if id in found]

    def slots_a_day(self, actor: Account, *, now: Millis) -> float:
        """Slots that the feed served a day, mean over the last week: what any goal is a part of. 0 if none was served."""
        actor.require(Role.PRODUCT_MANAGER)
        since = now // HOUR * HOUR - WEEK
        hours = self._stores.feed_hours.each({"hour": {"gte": since}}, order="hour")
        return sum(sum(one.slots.values()) for one in hours) * DAY / WEEK

    def _run(self, actor: Account, campaign: Campaign, action: str, now: Millis) -> Campaign:
        changes = campaign.moved(CampaignState.RUNNING) | {
            "plan_from": now, "plan_base": self._delivered(campaign.id), "note": "",
        }  # fmt: skip
        return self._patch(actor, campaign, changes, action, now)

    def _delivered(self, id: str) -> int:
        total = self._stores.campaign_totals.find_one(id)
        return total.delivered if total else 0

    def _check(self, campaign: Campaign, posts: Sequence[str], now: Millis) -> None:
        if campaign.ends_at <= now:
            raise InvalidInput("ends_at", campaign.ends_at, "it lies in the past")
        found = self._stores.posts.get_many(list(posts))
        for id in posts:
            post = found.get(id)
            if post is None or post.publisher != campaign.publisher or post.status is not PostStatus.LIVE:
                raise InvalidInput("posts", id, "only live posts of this publisher can be in its campaign")

    def _overtaken(self, campaign: Campaign) -> Conflict:
        """Who changed it last, if it was not the machine."""
        last = self._stores.audit.find({"subject": campaign.id}, order="at", descending=True, limit=1).items
        by = last[0].actor_name if last and last[0].at == campaign.updated_at else "somebody else"
        return Conflict(f"{by} has changed this campaign in the meantime; nothing was saved", field="version")

    def _patch(
        self,
        actor: Account,
        campaign: Campaign,
        changes: Mapping[str, object],
        action: str,
        now: Millis,
        **detail: str,
    ) -> Campaign:
        stored = self._stores.campaigns.patch(
            campaign.id, dict(changes) | {"updated_at": now}, expected_version=campaign.version
        )
        self._audit.record(actor, action, campaign.id, now=now, name=stored.name, **detail)
        if CampaignState.RUNNING in (campaign.state, stored.state):
            self._boards.publish(now=now)
        return stored
