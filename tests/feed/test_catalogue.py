"""The index follows the store."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Unavailable
from core.domain.ids import DAY, MINUTE
from core.domain.post import Post, PostKind, PostStatus, PostTotals
from core.domain.product import Product
from core.feed.catalogue import LEAST_WORN, REFRESH, RETRY, Catalogue
from core.feed.columnar import ColumnWriter
from core.feed.entry import Entry, entry_of
from core.feed.follower import OVERLAP
from core.feed.gate import Gate
from core.feed.index import Index
from core.feed.shelving import Shelving
from tests.fakes.stores import memory_stores
from tests.feed.world import KINDS, NOW, TAGS, make_post, make_product, world


def live_ids(index: Index) -> set[str]:
    return {index.ids[row] for row in np.flatnonzero(index.live)}


def gate(index: Index) -> Gate:
    """A viewer who has seen nothing."""
    return Gate(index, np.zeros(len(index.row_of), np.uint8), np.empty(0))


def catalogue_over(stores: object) -> Catalogue:
    return Catalogue(stores.posts, stores.products, stores.post_totals)  # type: ignore[attr-defined]


def test_an_edit_a_verdict_and_a_new_post_are_in_the_next_version() -> None:
    stores = memory_stores()
    for id in ("a", "b"):
        stores.posts.insert(make_post(id, tags=("saree",)))
    catalogue = catalogue_over(stores)
    before = catalogue.at_least(0, now=NOW)
    stores.posts.patch("a", {"tags": ("shoes",), "updated_at": NOW})
    stores.posts.patch("b", {"status": PostStatus.HELD, "updated_at": NOW})
    stores.posts.insert(make_post("c", updated_at=NOW))
    after = catalogue.at_least(1, now=NOW)
    assert live_ids(after) == {"a", "c"}
    assert after.tags_of(after.row("a")) == ["shoes"]
    assert live_ids(before) == {"a", "b"}
    assert before.tags_of(before.row("a")) == ["saree"]


def test_a_post_keeps_its_number_when_it_is_edited() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    before = catalogue.at_least(0, now=NOW)
    stores.posts.patch("a", {"title": "Other", "kind": PostKind.PRODUCT, "updated_at": NOW})
    after = catalogue.at_least(1, now=NOW)
    assert before.numbers_of(["a"]).tolist() == after.numbers_of(["a"]).tolist()
    assert before.row("a") != after.row("a")


def test_a_post_without_media_is_not_shown_until_it_has_some() -> None:
    stores = memory_stores()
    ready = make_post("a")
    stores.posts.insert(make_post("a", media=None))
    catalogue = catalogue_over(stores)
    assert catalogue.at_least(0, now=NOW).count == 0
    stores.posts.patch("a", {"media": ready.media, "updated_at": NOW})
    assert catalogue.at_least(1, now=NOW).count == 1


def test_a_product_post_follows_the_stock_of_its_products() -> None:
    stores = memory_stores()
    stores.products.insert(make_product("x"))
    stores.posts.insert(make_post("a", kind=PostKind.PRODUCT, products=("x",)))
    stores.posts.insert(make_post("b", kind=PostKind.UGC, products=("x",)))
    catalogue = catalogue_over(stores)
    before = catalogue.at_least(0, now=NOW)
    assert before.sellable[before.rows_of(["a", "b"])].tolist() == [True, True]
    stores.products.patch("x", {"stock": 0, "updated_at": NOW})
    after = catalogue.at_least(1, now=NOW)
    assert after.sellable[after.rows_of(["a", "b"])].tolist() == [False, True]
    assert after.value[after.row("b")] == 0


def test_the_price_of_a_post_is_that_of_its_cheapest_product_in_stock() -> None:
    stores = memory_stores()
    stores.products.insert(make_product("x", price_minor=149_950))
    stores.products.insert(make_product("y", price_minor=99_900))
    stores.posts.insert(make_post("a", products=("x", "y", "unheard-of")))
    stores.posts.insert(make_post("b", products=("x",)))
    stores.posts.insert(make_post("c"))
    catalogue = catalogue_over(stores)

    def prices(version: int) -> list[float]:
        index = catalogue.at_least(version, now=NOW)
        return [float(price) for price in index.price[index.rows_of(["a", "b", "c"])]]

    assert prices(0) == [999.0, 1499.5, 0.0]
    assert catalogue.at_least(0, now=NOW).price.dtype == np.float32
    stores.products.patch("y", {"stock": 0, "updated_at": NOW})
    assert prices(1) == [1499.5, 1499.5, 0.0]
    stores.products.patch("x", {"price_minor": 49_900, "updated_at": NOW})
    assert prices(2) == [499.0, 499.0, 0.0]
    stores.products.patch("x", {"stock": 0, "updated_at": NOW})
    assert prices(3) == [0.0, 0.0, 0.0]
    stores.posts.patch("c", {"products": ("y",), "updated_at": NOW})
    stores.products.patch("y", {"stock": 2, "updated_at": NOW})
    assert prices(4) == [999.0, 0.0, 999.0]


def down(*_: object, **__: object) -> Any:
    raise Unavailable("the document store does not answer")


def test_a_store_that_is_down_leaves_the_last_good_index() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    before = catalogue.at_least(0, now=NOW)
    works = stores.documents.find
    stores.documents.find = down  # type: ignore[method-assign]
    assert catalogue.at_least(1, now=NOW) is before
    assert "does not answer" in catalogue.problem
    stores.documents.find = works  # type: ignore[method-assign]
    assert catalogue.at_least(1, now=NOW + 2_000).version == 1
    assert catalogue.problem == ""


def test_a_post_written_with_an_old_date_is_found_by_the_refresh() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    catalogue.at_least(0, now=NOW)
    stores.posts.insert(make_post("late", updated_at=NOW - 90 * 86_400_000))
    assert catalogue.refresh_due(NOW + REFRESH)
    catalogue.refresh(now=NOW + REFRESH)
    assert live_ids(catalogue.at_least(0, now=NOW + REFRESH)) == {"a", "late"}


def test_a_post_published_while_the_index_is_refreshed_is_caught_up_with_and_nothing_is_built_anew() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    before = catalogue.at_least(0, now=NOW)
    stores.posts.insert(make_post("b", updated_at=NOW))
    catalogue.refresh(now=NOW + REFRESH)
    after = catalogue.at_least(0, now=NOW + REFRESH)
    assert live_ids(after) == {"a", "b"}
    assert after.known is before.known, "an index that is built anew numbers its posts anew"


def test_requests_do_not_wait_for_an_index_that_is_built_anew_and_miss_nothing_by_the_change() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    stores.posts.insert(make_post("b"))
    catalogue = catalogue_over(stores)
    before = catalogue.at_least(0, now=NOW)
    stores.posts.insert(make_post("late", updated_at=NOW - 90 * DAY))
    building, may_go_on = threading.Event(), threading.Event()
    find, now = stores.documents.find, NOW + REFRESH

    def slow(collection: str, where: Any = None, **more: Any) -> Any:
        found = find(collection, where, **more)
        if collection == "posts" and where == {"status": "live"}:
            building.set()
            assert may_go_on.wait(30)
        return found

    stores.documents.find = slow  # type: ignore[method-assign]
    thread = threading.Thread(target=catalogue.refresh, kwargs={"now": now})
    thread.start()
    assert building.wait(30)
    stores.posts.insert(make_post("fresh", updated_at=now))
    stores.posts.patch("a", {"status": PostStatus.HELD, "updated_at": now})
    asked: list[Index] = []
    request = threading.Thread(target=lambda: asked.append(catalogue.at_least(7, now=now)))
    request.start()
    request.join(10)
    assert [live_ids(index) for index in asked] == [{"b", "fresh"}], "the request waits for the build"
    assert not catalogue.refresh_due(now + 10 * REFRESH), "one refresh is under way"
    stores.posts.patch("b", {"tags": ("shoes",), "updated_at": now})
    may_go_on.set()
    thread.join(30)
    after = catalogue.at_least(0, now=now)
    assert (live_ids(after), after.version) == ({"b", "fresh", "late"}, 7)
    assert after.tags_of(after.row("b")) == ["shoes"]
    assert after.known is not before.known
    assert catalogue.refresh_due(now + REFRESH)


def test_requests_do_not_wait_while_the_shelves_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    catalogue.at_least(0, now=NOW)
    stores.post_totals.insert(PostTotals(id="a", counts={"impression": 500, "like": 100}, updated_at=NOW))
    sorting, may_go_on, sort, now = threading.Event(), threading.Event(), Shelving.of, NOW + REFRESH

    def slow(index: Index, now: int) -> Shelving:
        sorting.set()
        assert may_go_on.wait(30)
        return sort(index, now)

    monkeypatch.setattr(Shelving, "of", slow)
    thread = threading.Thread(target=catalogue.refresh, kwargs={"now": now})
    thread.start()
    assert sorting.wait(30)
    stores.posts.insert(make_post("fresh", updated_at=now))
    asked: list[Index] = []
    request = threading.Thread(target=lambda: asked.append(catalogue.at_least(3, now=now)))
    request.start()
    request.join(10)
    assert [live_ids(index) for index in asked] == [{"a", "fresh"}]
    may_go_on.set()
    thread.join(30)
    after = catalogue.at_least(0, now=now)
    rows, _ = after.by_kind.take(np.array([0]), 9, gate(after), after.size)
    assert (sorted(after.ids[row] for row in rows), after.version) == (["a", "fresh"], 3)


def test_a_refresh_that_went_well_takes_back_what_one_before_said_of_the_store() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    catalogue.at_least(0, now=NOW)
    works, stores.documents.count = stores.documents.count, down  # type: ignore[method-assign]
    catalogue.refresh(now=NOW + REFRESH)
    assert "does not answer" in catalogue.problem
    stores.documents.count = works  # type: ignore[method-assign]
    catalogue.refresh(now=NOW + 2 * REFRESH)
    assert catalogue.problem == ""


def test_a_version_that_could_not_be_had_is_a_problem_until_it_is_there() -> None:
    stores = memory_stores()
    stores.posts.insert(make_post("a"))
    catalogue = catalogue_over(stores)
    catalogue.at_least(0, now=NOW)
    works, stores.documents.find = stores.documents.find, down  # type: ignore[method-assign]
    catalogue.at_least(1, now=NOW + REFRESH)
    stores.documents.find = works  # type: ignore[method-assign]
    catalogue.refresh(now=NOW + REFRESH)
    assert "does not answer" in catalogue.problem
    assert catalogue.at_least(1, now=NOW + REFRESH + RETRY).version == 1
    assert catalogue.problem == ""


def test_changes_are_not_read_again_and_again_whether_posts_or_products_have_changed() -> None:
    stores = memory_stores()
    told: list[tuple[set[str], set[str]]] = []

    def read(posts: Sequence[Post], products: Sequence[Product], _: int) -> None:
        told.append(({post.id for post in posts}, {product.id for product in products}))

    for id in ("x", "y"):
        stores.products.insert(make_product(id))
    stores.posts.insert(make_post("a"))
    catalogue = Catalogue(stores.posts, stores.products, stores.post_totals, read)
    catalogue.at_least(0, now=NOW)

    def caught_up(version: int, now: int) -> tuple[set[str], set[str]]:
        told.clear()
        catalogue.at_least(version, now=now)
        return told[-1]

    first, second = NOW + MINUTE, NOW + 2 * MINUTE
    stores.products.patch("x", {"stock": 0, "updated_at": first})
    caught_up(1, first)
    assert caught_up(2, first) == (set(), {"x"}), "no post has changed, and what was known before is not read again"
    stores.posts.patch("a", {"title": "Other", "updated_at": second})
    caught_up(3, second)
    assert caught_up(4, second) == ({"a"}, set())
    stores.products.patch("x", {"stock": 1, "updated_at": second - OVERLAP})
    assert caught_up(5, second) == ({"a"}, {"x"}), "a change that becomes visible a moment late is found"


def test_rows_stay_bounded_however_often_posts_are_edited() -> None:
    stores = memory_stores()
    ids = [f"p{number}" for number in range(60)]
    stores.posts.upsert_many(make_post(id) for id in ids)
    catalogue = catalogue_over(stores)
    first = catalogue.at_least(0, now=NOW)
    sizes, now = [], NOW
    for round in range(1, 181):
        now += MINUTE
        stores.posts.upsert_many(
            make_post(id, version=round + 1, tags=(TAGS[round % 6],), updated_at=now) for id in ids
        )
        catalogue.at_least(round, now=now)
        catalogue.refresh(now=now)
        sizes.append(catalogue.at_least(round, now=now).size)
    last = catalogue.at_least(180, now=now)
    assert len(ids) * 180 > 2 * LEAST_WORN
    assert max(sizes) <= LEAST_WORN
    assert sum(before > after for before, after in pairwise(sizes)) == 2
    assert live_ids(first) == live_ids(last) == set(ids)
    assert {tag for id in ids for tag in last.tags_of(last.row(id))} == {TAGS[180 % 6]}


def test_pages_go_on_and_repeat_nothing_when_dead_rows_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feed.catalogue.LEAST_WORN", 100)
    made = world()
    seen = made.page_ids("v", size=30)
    known = made.feed.catalogue.at_least(0, now=made.now).known
    for round in range(2):
        for number in range(120):
            made.change(f"post-{number:04}", title=f"Edited {round}")
        seen += made.page_ids("v", size=10)
    assert made.feed.catalogue.at_least(0, now=made.now).size == 3 * 120
    made.feed.catalogue.refresh(now=made.now)
    index = made.feed.catalogue.at_least(0, now=made.now)
    assert (index.size, index.count) == (120, 120)
    assert index.known is not known
    seen += made.page_ids("v", size=40)
    seen += made.page_ids("v", size=30)
    assert len(seen) == len(set(seen)) == 120


def test_measured_likes_raise_a_posts_rate_and_its_place_on_the_shelf() -> None:
    stores = memory_stores()
    for id in ("a", "b"):
        stores.posts.insert(make_post(id))
    catalogue = catalogue_over(stores)
    catalogue.at_least(0, now=NOW)
    stores.post_totals.insert(PostTotals(id="b", counts={"impression": 500, "like": 100}, updated_at=NOW))
    stores.post_totals.insert(PostTotals(id="a", counts={"impression": 500, "like": 1}, updated_at=NOW))
    catalogue.refresh(now=NOW + REFRESH)
    index = catalogue.at_least(0, now=NOW)
    odds = np.exp(index.log_odds[index.rows_of(["a", "b"]), 0])
    assert odds[1] > 3 * odds[0]
    rows, _ = index.by_kind.take(np.array([0]), 2, gate(index), index.size)
    assert [index.ids[row] for row in rows] == ["b", "a"]


class Between(AbstractContextManager[None]):
    """A turn after each of which somebody else does something."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def __exit__(self, *_: object) -> None:
        self._act()


edits = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3), st.booleans()), max_size=40)


@given(edits)
def test_a_followed_index_equals_one_built_anew(changes: list[tuple[int, int, bool]]) -> None:
    follower = ColumnWriter()
    held: dict[str, Entry] = {}
    coming = deque(enumerate(changes))

    def change() -> None:
        if not coming:
            return
        step, (post, kind, alive) = coming.popleft()
        entry = entry_of(make_post(f"p{post}", kind=KINDS[kind], tags=(TAGS[(post + kind) % 6],), version=step + 1))
        if alive:
            follower.put([entry])
            held[entry.id] = entry
        else:
            follower.remove([entry.id])
            held.pop(entry.id, None)

    while coming:
        change()
        if len(coming) % 7 == 3:
            follower.arrange(NOW, Between(change))
    anew = ColumnWriter()
    anew.put(held.values(), shelve=False)
    anew.arrange(NOW)
    one, two = follower.snapshot(1), anew.snapshot(1)
    assert live_ids(one) == live_ids(two) == set(held)
    for id in held:
        assert one.tags_of(one.row(id)) == two.tags_of(two.row(id))
        assert one.kind[one.row(id)] == two.kind[two.row(id)]

    def on_shelves(index: Index) -> list[set[str]]:
        keys = [index.tags.find(tag) for tag in TAGS]
        return [
            {index.ids[row] for row in index.by_tag.take(np.array([key]), 99, gate(index), index.size)[0]}
            if key >= 0
            else set()
            for key in keys
        ] + [
            {index.ids[row] for row in index.by_kind.take(np.array([kind]), 99, gate(index), index.size)[0]}
            for kind in range(4)
        ]

    assert on_shelves(one) == on_shelves(two)
