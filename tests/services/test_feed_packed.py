"""Pages written from pieces say, byte by byte, what pages say that are put into JSON whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from core.domain.feed import FeedPage, PackedPage
from core.domain.ids import DAY, HOUR, MINUTE
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.feed_packed import CHECKED_FOR, Pieces, json_of
from core.services.feed_pages import packed_page_of, page_of
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, World, make_product, world


@pytest.fixture
def small() -> World:
    return world()


def both(small: World, pieces: Pieces, *, now: int, size: int = 20, **more: Any) -> tuple[bytes, bytes]:
    """One outcome as JSON of a whole page and of a packed one."""
    _, outcome, query = small.feed.look(PageRequest(viewer="v", size=size, **more), now=now)
    names, cards = small.feed.pipeline.source_names, small.feed.cards
    known: Any = {"request": "r", "cursor": "next", "problem": ""}
    whole = page_of(query, outcome, names, cards, reasons=False, **known)
    return msgspec.json.encode(whole), json_of(packed_page_of(query, outcome, names, cards, pieces, **known))


def offers(json: bytes) -> dict[str, int]:
    """Prices on a page, by product."""
    page = msgspec.json.decode(json, type=FeedPage)
    return {card.id: card.price_minor for slot in page.slots for card in slot.products}


def test_a_packed_page_is_byte_by_byte_the_page_without_reasons(small: World) -> None:
    pieces = Pieces(small.feed.cards)
    for now in (NOW, NOW + MINUTE // 2, NOW + 2 * MINUTE, NOW + 2 * HOUR):
        whole, packed = both(small, pieces, now=now)
        assert packed == whole
    assert len(offers(packed)) == 1


def test_words_that_need_care_in_json_are_written_alike(small: World) -> None:
    small.change("post-0000", title='"quoted" \\ \n साड़ी %d %b', caption="\x7f</script>\u2028")
    whole, packed = both(small, Pieces(small.feed.cards), now=NOW, size=50)
    assert packed == whole
    assert "साड़ी %d %b" in packed.decode()


def test_an_empty_page_says_why_in_both(small: World) -> None:
    empty = world(posts=0)
    whole, packed = both(empty, Pieces(empty.feed.cards), now=NOW)
    assert packed == whole
    assert "There is nothing to show" in packed.decode()


def test_a_price_that_changed_and_was_heard_of_is_on_the_next_page(small: World) -> None:
    pieces = Pieces(small.feed.cards)
    _, before = both(small, pieces, now=NOW)
    dearer = replace(make_product("prod-0"), price_minor=77_700, updated_at=NOW)
    small.feed.cards.products.put([dearer], now=NOW)
    whole, after = both(small, pieces, now=NOW)
    assert after == whole
    assert offers(before)["prod-0"] != offers(after)["prod-0"] == 77_700


def test_a_change_that_nobody_told_of_is_on_pages_when_pieces_are_looked_at_again(small: World) -> None:
    pieces = Pieces(small.feed.cards)
    both(small, pieces, now=NOW)
    for publisher in small.stores.publishers.find({}, limit=100).items:
        small.stores.publishers.upsert_many([replace(publisher, name="Renamed")])
    later = NOW + MINUTE + CHECKED_FOR + 1
    whole, packed = both(small, pieces, now=later)
    assert packed == whole
    page = msgspec.json.decode(packed, type=FeedPage)
    assert {slot.publisher_name for slot in page.slots} == {"Renamed"}


def test_an_edited_post_is_written_anew(small: World) -> None:
    pieces = Pieces(small.feed.cards)
    both(small, pieces, now=NOW, size=50)
    small.change("post-0001", title="Edited")
    whole, packed = both(small, pieces, now=NOW, size=50)
    assert packed == whole
    assert '"Edited"' in packed.decode()


def test_a_packed_page_is_marked_and_logged_like_any_other(small: World) -> None:
    (page,) = small.feed.pages([("v", {"size": 8, "reasons": False, "packed": True})], now=NOW)
    assert isinstance(page, PackedPage)
    posts = [slot.post for slot in page.slots]
    assert list(small.stores.live.viewers.read("v").viewer.seen) == posts
    small.feed.flush()
    (kept,) = [read_served(event.payload) for event in small.stores.log.replay(SERVED_TOPIC)]
    assert [slot.post for slot in kept.slots] == posts
    assert {product for slot in kept.slots for product in slot.products} <= {"prod-0"}
    sent = msgspec.json.decode(json_of(page), type=FeedPage)
    assert [slot.propensity for slot in sent.slots] == [slot.propensity for slot in kept.slots]
    assert [[card.id for card in slot.products] for slot in sent.slots] == [list(slot.products) for slot in kept.slots]


def test_a_page_with_reasons_is_never_packed(small: World) -> None:
    (page,) = small.feed.pages([("v", {"size": 5, "packed": True})], now=NOW)
    assert isinstance(page, FeedPage)
    assert all(slot.reason.sentence for slot in page.slots)


def test_what_was_put_in_and_is_new_is_told_by_a_count(small: World) -> None:
    products = small.feed.cards.products
    before = products.heard
    products.put([], now=NOW)
    assert products.heard == before
    products.put([make_product("prod-0")], now=NOW)
    assert products.heard == before + 1
    held = products.get("prod-0", now=NOW)
    products.put([make_product("prod-0")], now=NOW + DAY)
    assert products.heard == before + 1
    assert products.get("prod-0", now=NOW + DAY) is held, "pieces that were made of it stay good"
    products.put([make_product("prod-0", stock=0)], now=NOW + DAY)
    assert products.heard == before + 2
