"""From statements of credit to sums per post and day, and to the paths of orders. Pure; adding is all there is to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from core.domain.attribution import AttributedOrder, AttributionDay, Basis, Credit, Share, Statement, Sums
from core.domain.ids import DAY

SEPARATOR = "\x1f"
EVER = 0
"""The day under which a post's sums since the beginning are kept."""


def day_ids(statement: Statement) -> list[str]:
    """Ids of the documents that a statement changes: its posts on the day of the order, and since the beginning."""
    day = statement.at // DAY
    posts = sorted({share.credit.place.post for share in (*statement.before, *statement.after)})
    return [f"{when}.{post}" for post in posts for when in (day, EVER)]


def added(held: AttributionDay | None, id: str, statement: Statement, offsets: Mapping[str, int]) -> AttributionDay:
    """The document with what a statement says of its post."""
    day, _, post = id.partition(".")
    after = held or AttributionDay(id=id, day=int(day), post=post)
    cells = dict(after.cells)
    publisher = after.publisher
    for shares, times in ((statement.before, -1), (statement.after, 1)):
        for cell, sums in _sums(shares, post).items():
            cells[cell] = cells.get(cell, Sums()).plus(sums, times)
        publisher = next((s.credit.place.publisher for s in shares if s.credit.place.post == post), "") or publisher
    kept = {cell: sums for cell, sums in cells.items() if sums != Sums()}
    return replace(after, cells=kept, publisher=publisher, offsets=after.offsets | dict(offsets))


def cell_of(credit: Credit) -> str:
    """The cell that a credit counts in: kind, policy, campaign and basis."""
    return SEPARATOR.join((credit.place.kind, credit.place.policy, credit.place.campaign, credit.basis.value))


def dimensions(cell: str) -> dict[str, str]:
    """The cell's kind, policy, campaign and basis by name."""
    return dict(zip(("kind", "policy", "campaign", "basis"), cell.split(SEPARATOR), strict=True))


def paths_of(statement: Statement) -> tuple[list[str], list[AttributedOrder]]:
    """Ids of the order's paths that are taken back, and the paths that hold now. Orders of no post have none."""
    kept: dict[str, AttributedOrder] = {}
    for share in statement.after:
        place = share.credit.place
        if share.credit.basis is Basis.NONE:
            continue
        id = f"{statement.order}#{place.post}"
        held = kept.get(id)
        kept[id] = AttributedOrder(
            id=id,
            order=statement.order,
            revision=statement.revision,
            viewer=statement.viewer,
            at=statement.at,
            post=place.post,
            publisher=place.publisher,
            products=(*(held.products if held else ()), *share.products),
            quantity=(held.quantity if held else 0) + share.quantity,
            value_minor=(held.value_minor if held else 0) + share.value_minor,
            credit=held.credit if held else share.credit,
        )
    before = {f"{statement.order}#{share.credit.place.post}" for share in statement.before}
    return sorted(before - set(kept)), list(kept.values())


def _sums(shares: Iterable[Share], post: str) -> dict[str, Sums]:
    """Per cell; an order of several credits in one cell is one order."""
    found: dict[str, Sums] = {}
    for share in shares:
        if share.credit.place.post != post:
            continue
        cell = cell_of(share.credit)
        held = found.get(cell, Sums(orders=1))
        found[cell] = held.plus(Sums(items=share.quantity, revenue_minor=share.value_minor))
    return found
