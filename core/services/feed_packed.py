"""Pages written from pieces: what a slot says of its post is put into JSON once, not for each page.

A page of ten slots says some five hundred things that lie all over the memory, and fetching them took longer than anything else
about writing it. A piece is one thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from core.domain.bounded import Bounded
from core.domain.feed import COUNTS, MAX_PAGE, FeedPage, PackedPage, PackedSlot, Slot, SlotReason
from core.domain.ids import HOUR, MINUTE, Millis
from core.domain.post import Post, PostKind
from core.domain.product import Product
from core.domain.publisher import Publisher
from core.services.feed_cards import Cards

MOST = 12_000
"""Pieces that are kept, of some 1.5 kB each."""
CHECKED_FOR: Millis = 5 * MINUTE
"""How long a piece is taken for true without looking at the publisher and the products again; changes that are heard of come at
once."""
UNTOLD = SlotReason(sources=(), scores={}, rule="", sentence="")
"""The reason of a slot on a page that was asked for without reasons."""
_json = msgspec.json.Encoder().encode
_BEFORE = b'{"position":0,'
_AFTER = b',"propensity":1.0,"reason":' + _json(UNTOLD) + b',"counts":{},"campaign":""}'
"""What surrounds a post's part of a slot that was put into JSON with these values."""
_TALLIES = b",".join(b'"' + name.encode() + b'":%d' for name in COUNTS)


class Piece(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A post's part of a slot, and what it was made from. `heard` and `checked` say when that was last known to be so."""

    json: bytes
    kind: PostKind
    offered: tuple[str, ...]
    post: Post
    publisher: Publisher | None
    products: tuple[Product, ...]
    hour: int
    heard: int
    checked: Millis


class Pieces:
    """Posts as pieces of JSON. Thread safe."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._held: Bounded[str, Piece] = Bounded(MOST)

    def of(self, posts: Sequence[Post], *, now: Millis) -> list[Piece]:
        """One for each post, as the store has it."""
        heard, hour, held = self._cards.products.heard, now // HOUR, self._held
        found: list[Piece] = []
        for post in posts:
            piece = held.get(post.id)
            if (
                piece is None
                or piece.post is not post
                or piece.hour != hour
                or piece.heard != heard
                or not 0 <= now - piece.checked < CHECKED_FOR
            ):
                piece = self._checked(piece, post, heard, now)
            found.append(piece)
        return found

    def _checked(self, piece: Piece | None, post: Post, heard: int, now: Millis) -> Piece:
        cards, hour = self._cards, now // HOUR
        publisher = cards.publishers.get(post.publisher, now=now)
        known = cards.products.get_many(post.products, now=now)
        products = tuple([known[id] for id in post.products if id in known])
        if (
            piece is None
            or piece.post is not post
            or piece.hour != hour
            or piece.publisher is not publisher
            or len(piece.products) != len(products)
            or any(one is not other for one, other in zip(piece.products, products, strict=True))
        ):
            json = self._written(post, publisher, products, now)
            offered = tuple([product.id for product in products])
            piece = Piece(json, post.kind, offered, post, publisher, products, hour, heard, now)
        else:
            piece = msgspec.structs.replace(piece, heard=heard, checked=now)
        self._held.put(post.id, piece)
        return piece

    def _written(self, post: Post, publisher: Publisher | None, products: Sequence[Product], now: Millis) -> bytes:
        slot = Slot(
            position=0,
            post=post.id,
            kind=post.kind,
            title=post.title,
            caption=post.caption,
            publisher=post.publisher,
            publisher_name=publisher.name if publisher is not None else post.publisher,
            tags=post.tags,
            ai_generated=post.ai_generated,
            media=self._cards.links(post, now=now),
            products=tuple([self._cards.card(product, now=now) for product in products]),
            propensity=1.0,
            reason=UNTOLD,
        )
        return _json(slot).removeprefix(_BEFORE).removesuffix(_AFTER)


def packed_slot(
    position: int, post: str, piece: Piece, propensity: float, tallies: Sequence[int], campaign: str
) -> PackedSlot:
    """The slot with the post's piece; `tallies` are COUNTS."""
    json = b"".join((_before(position), piece.json, _after(propensity, tuple(tallies), campaign)))
    return PackedSlot(
        position=position,
        post=post,
        kind=piece.kind,
        propensity=propensity,
        offered=piece.offered,
        campaign=campaign,
        json=json,
    )


@lru_cache(maxsize=MAX_PAGE)
def _before(position: int) -> bytes:
    return b'{"position":%d,' % position


@lru_cache(maxsize=MOST)
def _after(propensity: float, tallies: tuple[int, ...], campaign: str) -> bytes:
    """What follows a piece: the same for most posts without acts on pages without exploration."""
    told = _json(propensity), _json(UNTOLD), _TALLIES % tallies, _json(campaign)
    return b',"propensity":%b,"reason":%b,"counts":{%b},"campaign":%b}' % told


def json_of(page: PackedPage) -> bytes:
    """The page as it is sent: the same as the JSON of a FeedPage without reasons."""
    slots = msgspec.Raw(b"[" + b",".join([slot.json for slot in page.slots]) + b"]")
    fields = {name: getattr(page, name) for name in PackedPage.__struct_fields__}
    return _json(FeedPage(**{**fields, "slots": slots}))
