"""What attribution found: orders and revenue per post, kind, policy, publisher, campaign or day, and the way to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from core.domain.account import PUBLISHING_ROLES, Account, Role
from core.domain.anonymous import Anonymous
from core.domain.attribution import (
    AttributedOrder,
    AttributionDay,
    AttributionReport,
    AttributionRow,
    Basis,
    Grouping,
    OrderPath,
    PostAttribution,
    Sums,
)
from core.domain.collection import place_in
from core.domain.errors import InvalidInput, NotFound
from core.domain.ids import DAY, Millis
from core.domain.post import Post
from core.feed.attribution_sums import EVER, dimensions
from core.services.stores import Stores

MOST_DAYS: Final = 366
MOST_ROWS: Final = 10_000
USUAL_ROWS: Final = 1_000
USUAL_DAYS: Final = 28
LATEST: Final = 20
FUNNEL: Final = ("impression", "watch", "product_click", "add_to_cart")
READERS: Final = (Role.BRAND, Role.CREATOR, Role.MODERATOR, Role.PRODUCT_MANAGER)
FIRST: Final = date(2020, 1, 1)


class AttributionResults:
    """Read only. Methods with an `actor` are for people: brand members and creators see what their own posts brought."""

    def __init__(self, stores: Stores, anonymous: Anonymous) -> None:
        self._stores, self._anonymous = stores, anonymous

    def report(
        self,
        *,
        by: Grouping,
        now: Millis,
        from_day: str | None = None,
        to_day: str | None = None,
        publisher: str | None = None,
        daily: bool = True,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AttributionReport:
        """Rows per key and day (or per key, if not `daily`), most revenue first within a day; by default of the last 28 days.

        Days are UTC and both ends are included. Without a `limit` all rows come at once. Raises InvalidInput naming `from`, `to`,
        `limit` or `cursor`.
        """
        if limit is not None and not 1 <= limit <= MOST_ROWS:
            raise InvalidInput("limit", limit, f"1 to {MOST_ROWS:,}")
        start = place_in(cursor) if cursor is not None else 0
        first, last = _range(from_day, to_day, now)
        where: dict[str, object] = {"day": {"gte": _number(first), "lte": _number(last)}}
        where |= {"publisher": publisher} if publisher is not None else {}
        rows: dict[tuple[str, str], Sums] = {}
        attributed = unattributed = Sums()
        for one in self._stores.attribution_days.each(where, order="day"):
            day = _iso(one.day)
            for cell, sums in one.cells.items():
                named = dimensions(cell)
                if named["basis"] == Basis.NONE:
                    unattributed = unattributed.plus(sums)
                    continue
                attributed = attributed.plus(sums)
                key = day if by is Grouping.DAY else _key(one, named, by)
                place = (key, day if daily else "")
                rows[place] = rows.get(place, Sums()).plus(sums)
        kept = (item for item in rows.items() if item[1] != Sums())
        ordered = sorted(kept, key=lambda item: (item[0][1], -item[1].revenue_minor, item[0][0]))
        end = len(ordered) if limit is None else start + limit
        return AttributionReport(
            by=by,
            from_day=first.isoformat(),
            to_day=last.isoformat(),
            rows=tuple(_row(key, day, sums) for (key, day), sums in ordered[start:end]),
            attributed=attributed,
            unattributed=unattributed,
            cursor=str(end) if end < len(ordered) else None,
        )

    def report_for(
        self,
        actor: Account,
        *,
        by: Grouping,
        now: Millis,
        from_day: str | None = None,
        to_day: str | None = None,
        daily: bool = True,
    ) -> AttributionReport:
        """The report as this account may see it."""
        actor.require(*READERS)
        own = actor.publisher if actor.role in PUBLISHING_ROLES else None
        return self.report(by=by, now=now, from_day=from_day, to_day=to_day, publisher=own, daily=daily)

    def post(self, id: str) -> PostAttribution:
        """What one post brought since it was made. Raises NotFound."""
        self._stores.posts.get(id)
        ever = self._stores.attribution_days.find_one(f"{EVER}.{id}")
        by_basis: dict[str, Sums] = {}
        total = Sums()
        for cell, sums in (ever.cells if ever else {}).items():
            basis = dimensions(cell)["basis"]
            by_basis[basis] = by_basis.get(basis, Sums()).plus(sums)
            total = total.plus(sums)
        days = self._stores.attribution_days.each({"post": id, "day": {"gt": EVER}}, order="day")
        latest = self._stores.attributed_orders.find({"post": id}, order="at", descending=True, limit=LATEST).items
        return PostAttribution(
            post=id,
            funnel=self._funnel(id, total),
            total=total,
            days=tuple(_row(id, _iso(day.day), _total(day)) for day in days if day.cells),
            by_basis=by_basis,
            latest=tuple(_path(order, self._anonymous(order.viewer)) for order in latest),
        )

    def post_for(self, actor: Account, id: str) -> PostAttribution:
        """The same for a person. Raises NotFound also for another publisher's post."""
        actor.require(*READERS)
        self._own(actor, self._stores.posts.get(id))
        return self.post(id)

    def totals_of(self, actor: Account, ids: Sequence[str]) -> dict[str, Sums]:
        """What each of these posts brought since it was made; posts without orders are left out, and others' posts."""
        actor.require(*READERS)
        found = self._stores.attribution_days.get_many([f"{EVER}.{id}" for id in ids])
        own = actor.publisher if actor.role in PUBLISHING_ROLES else None
        return {one.post: _total(one) for one in found.values() if own in (None, one.publisher)}

    def publisher_total(self, actor: Account, publisher: str | None = None) -> Sums:
        """What all posts of a publisher brought since they were made; a brand member or creator always gets their own."""
        actor.require(*READERS)
        owner = actor.publisher if actor.role in PUBLISHING_ROLES else publisher
        where: dict[str, object] = {"day": EVER} | ({} if owner is None else {"publisher": owner})
        return _added(_total(one) for one in self._stores.attribution_days.each(where) if one.post)

    @staticmethod
    def _own(actor: Account, post: Post) -> None:
        if actor.role in PUBLISHING_ROLES and post.publisher != actor.publisher:
            raise NotFound(f"no post {post.id!r}", field="id", value=post.id)

    def _funnel(self, id: str, total: Sums) -> dict[str, int]:
        totals = self._stores.post_totals.find_one(id)
        counts = totals.counts if totals else {}
        return {name: counts.get(name, 0) for name in FUNNEL} | {"order": total.orders}


def _key(one: AttributionDay, named: dict[str, str], by: Grouping) -> str:
    if by is Grouping.POST:
        return one.post
    return one.publisher if by is Grouping.PUBLISHER else named[by.value]


def _row(key: str, day: str, sums: Sums) -> AttributionRow:
    return AttributionRow(key=key, day=day, orders=sums.orders, items=sums.items, revenue_minor=sums.revenue_minor)


def _total(one: AttributionDay) -> Sums:
    return _added(one.cells.values())


def _added(parts: Iterable[Sums]) -> Sums:
    total = Sums()
    for part in parts:
        total = total.plus(part)
    return total


def _path(order: AttributedOrder, who: str) -> OrderPath:
    credit = order.credit
    return OrderPath(
        who=who,
        products=order.products,
        quantity=order.quantity,
        value_minor=order.value_minor,
        basis=credit.basis,
        policy=credit.place.policy,
        campaign=credit.place.campaign,
        request=credit.place.request,
        slot=credit.place.slot if credit.place.slot >= 0 else None,
        seen_at=credit.seen_at or None,
        clicked_at=credit.clicked_at or None,
        carted_at=credit.carted_at or None,
        ordered_at=order.at,
    )


def _range(from_day: str | None, to_day: str | None, now: Millis) -> tuple[date, date]:
    last = _day("to", to_day) or datetime.fromtimestamp(now / 1_000, UTC).date()
    first = _day("from", from_day) or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        raise InvalidInput("from", from_day, f"a day not after {last.isoformat()}")
    if (last - first).days >= MOST_DAYS:
        raise InvalidInput("from", first.isoformat(), f"at most {MOST_DAYS} days at once")
    return first, last


def _day(field: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, text, "a day such as 2026-11-20 is needed") from None
    if not FIRST <= day <= date(9998, 1, 1):
        raise InvalidInput(field, text, f"a day from {FIRST.isoformat()} on")
    return day


def _number(day: date) -> int:
    """Days since 1970, as sums are kept."""
    return (day - date(1970, 1, 1)).days


def _iso(number: int) -> str:
    return datetime.fromtimestamp(number * DAY / 1_000, UTC).date().isoformat()
