"""Orders go back to the slot that brought them, once, whatever comes late, twice or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.attribution import AttributionDay, Basis, Place, Sums, Touch, TouchKind, Windows
from core.domain.errors import Unavailable
from core.domain.ids import DAY, HOUR, MINUTE
from core.domain.ports.event_log import NewEvent
from core.feed.attribution_sums import dimensions
from core.feed.served_record import ServedPage, ServedSlot, served_event
from core.feed.touches import KEPT_VIEWS, kept
from core.services.attribution import STATEMENTS, Attribution
from core.services.attribution_rebuild import rebuild_attribution
from core.services.stores import Stores
from tests.feed.world import NOW, World, world

PRODUCT = "prod-0"


@pytest.fixture
def small() -> World:
    """Posts 3, 7 and 11 are of kind product and link PRODUCT."""
    made = world(posts=12, publishers=3)
    made.now = NOW
    return made


@pytest.fixture
def attribution(small: World) -> Attribution:
    return Attribution(small.stores)


def serve(
    small: World, request: str, posts: Iterable[str], *, viewer: str = "v", at: int = NOW - HOUR, policy: str = "mix-2"
) -> None:
    slots = tuple(
        ServedSlot(post, "product", 1.0, 0.0, 0, products=(PRODUCT,), campaign="diwali" if post == "post-0007" else "")
        for post in posts
    )
    small.stores.log.append("served-pages", [served_event(ServedPage(request, viewer, policy, at, 1, slots))])


def act(
    small: World, kind: str, post: str = "", *, at: int = NOW, viewer: str = "v", id: str = "", **more: object
) -> str:
    id = id or f"{viewer}-{kind}-{post}-{at}"
    event = {"id": id, "kind": kind, "viewer": viewer, "at": at, "post": post} | more
    (result,) = small.engagement.accept([event], NOW)
    assert result.status == "accepted", result
    return id


def order(small: World, *, at: int = NOW, value: int = 99_900, product: str = PRODUCT, **more: object) -> str:
    return act(small, "order", at=at, product=product, value_minor=value, **more)  # type: ignore[arg-type]


def work(attribution: Attribution, limit: int = 1_000) -> None:
    while attribution.consume("worker", now=NOW, limit=limit):
        pass


def by_post(stores: Stores) -> dict[str, Sums]:
    """Sums since the beginning; the days must add up to the same."""
    ever: dict[str, Sums] = {}
    days: dict[str, Sums] = {}
    for one in stores.attribution_days.each():
        into = days if one.day else ever
        for sums in one.cells.values():
            into[one.post] = into.get(one.post, Sums()).plus(sums)
    assert ever == days
    return ever


def cells(stores: Stores, post: str) -> list[dict[str, str]]:
    return [dimensions(cell) for cell in stores.attribution_days.get(f"0.{post}").cells]


def test_an_order_goes_to_the_slot_that_was_clicked_last(small: World, attribution: Attribution) -> None:
    serve(small, "r1", ["post-0003", "post-0007"])
    act(small, "product_click", "post-0007", at=NOW - 40 * MINUTE, product=PRODUCT, request="r1", slot=1)
    act(small, "product_click", "post-0003", at=NOW - 30 * MINUTE, product=PRODUCT, request="r1", slot=0)
    act(small, "add_to_cart", "post-0003", at=NOW - 20 * MINUTE, product=PRODUCT, request="r1", slot=0)
    act(small, "impression", "post-0011", at=NOW - 10 * MINUTE)
    order(small, value=99_900, quantity=2)
    work(attribution)
    assert by_post(small.stores) == {"post-0003": Sums(orders=1, items=2, revenue_minor=99_900)}
    (path,) = small.stores.attributed_orders.each()
    place, credit = path.credit.place, path.credit
    assert (place.request, place.slot, place.policy, place.kind, place.publisher) == (
        "r1",
        0,
        "mix-2",
        "product",
        "pub-0",
    )
    assert (credit.clicked_at, credit.carted_at) == (NOW - 30 * MINUTE, NOW - 20 * MINUTE)
    assert cells(small.stores, "post-0003") == [
        {"kind": "product", "policy": "mix-2", "campaign": "", "basis": "click"}
    ]


def test_a_view_brings_an_order_only_without_a_click_and_within_a_day(small: World, attribution: Attribution) -> None:
    act(small, "impression", "post-0003", at=NOW - 23 * HOUR)
    order(small, viewer="v")
    act(small, "impression", "post-0003", at=NOW - 25 * HOUR, viewer="w")
    order(small, viewer="w")
    act(small, "product_click", "post-0007", at=NOW - 6 * DAY, viewer="x", product=PRODUCT)
    act(small, "impression", "post-0003", at=NOW - HOUR, viewer="x")
    order(small, viewer="x")
    act(small, "product_click", "post-0007", at=NOW - 8 * DAY, viewer="y", product=PRODUCT)
    order(small, viewer="y")
    work(attribution)
    assert {post: sums.orders for post, sums in by_post(small.stores).items()} == {
        "post-0003": 1, "post-0007": 1, "": 2,
    }  # fmt: skip


def test_the_windows_are_settings(small: World) -> None:
    act(small, "product_click", "post-0003", at=NOW - 2 * DAY, product=PRODUCT)
    order(small)
    work(Attribution(small.stores, Windows(click=DAY, view=HOUR)))
    assert set(by_post(small.stores)) == {""}


def test_an_order_that_names_its_post_goes_there(small: World, attribution: Attribution) -> None:
    serve(small, "r1", ["post-0003", "post-0007"])
    act(small, "product_click", "post-0003", at=NOW - MINUTE, product=PRODUCT, request="r1")
    order(small, post="post-0007", request="r1", slot=1)
    work(attribution)
    assert cells(small.stores, "post-0007") == [
        {"kind": "product", "policy": "mix-2", "campaign": "diwali", "basis": "named"}
    ]


def test_each_line_of_an_order_finds_its_own_slot(small: World, attribution: Attribution) -> None:
    act(small, "product_click", "post-0003", at=NOW - 3 * MINUTE, product="a")
    act(small, "product_click", "post-0007", at=NOW - 2 * MINUTE, product="b")
    lines = [
        {"product": "a", "quantity": 2, "value_minor": 300},
        {"product": "b", "value_minor": 50},
        {"product": "c", "value_minor": 7},
    ]
    act(small, "order", products=lines)
    work(attribution)
    assert by_post(small.stores) == {
        "post-0003": Sums(orders=1, items=2, revenue_minor=300),
        "post-0007": Sums(orders=1, items=1, revenue_minor=50),
        "": Sums(orders=1, items=1, revenue_minor=7),
    }


def test_a_total_without_line_values_is_shared_out_to_the_last_paisa(small: World, attribution: Attribution) -> None:
    act(small, "product_click", "post-0003", at=NOW - 3 * MINUTE, product="a")
    act(small, "order", products=[{"product": "a"}, {"product": "b"}, {"product": "c"}], value_minor=100)
    work(attribution)
    assert sum(sums.revenue_minor for sums in by_post(small.stores).values()) == 100


def test_a_click_that_arrives_after_the_order_moves_it(small: World, attribution: Attribution) -> None:
    act(small, "impression", "post-0003", at=NOW - HOUR)
    order(small)
    work(attribution)
    assert set(by_post(small.stores)) == {"post-0003"}
    act(small, "product_click", "post-0007", at=NOW - 30 * MINUTE, product=PRODUCT)
    work(attribution)
    assert by_post(small.stores) == {"post-0007": Sums(orders=1, items=1, revenue_minor=99_900)}
    assert [path.post for path in small.stores.attributed_orders.each()] == ["post-0007"]


def test_a_click_after_the_order_moves_nothing(small: World, attribution: Attribution) -> None:
    order(small, at=NOW - HOUR)
    act(small, "product_click", "post-0007", at=NOW - 30 * MINUTE, product=PRODUCT)
    work(attribution)
    assert set(by_post(small.stores)) == {""}


def test_a_served_page_that_arrives_late_fills_in_the_policy(small: World, attribution: Attribution) -> None:
    act(small, "product_click", "post-0003", at=NOW - MINUTE, product=PRODUCT, request="r1")
    order(small)
    work(attribution)
    assert cells(small.stores, "post-0003")[0]["policy"] == ""
    serve(small, "r1", ["post-0007", "post-0003"])
    work(attribution)
    assert [cell["policy"] for cell in cells(small.stores, "post-0003")] == ["mix-2"]
    assert next(small.stores.attributed_orders.each()).credit.place.slot == 1


def test_a_cancelled_order_is_taken_back_before_or_after_it_arrives(small: World, attribution: Attribution) -> None:
    act(small, "product_click", "post-0003", at=NOW - MINUTE, product="a")
    act(small, "product_click", "post-0003", at=NOW - MINUTE, product="b", id="click-b")
    lines = [{"product": "a", "value_minor": 300}, {"product": "b", "value_minor": 50}]
    act(small, "order", products=lines, id="o1")
    act(small, "order_cancelled", order="o1", product="a", id="c1")
    act(small, "order_cancelled", order="o2", id="c2")
    order(small, id="o2", product="a")
    work(attribution)
    assert by_post(small.stores) == {"post-0003": Sums(orders=1, items=1, revenue_minor=50)}
    act(small, "order_cancelled", order="o1", id="c3")
    act(small, "order_cancelled", order="o1", id="c4")
    work(attribution)
    assert by_post(small.stores) == {}
    assert list(small.stores.attributed_orders.each()) == []


def test_the_order_of_another_viewer_goes_elsewhere(small: World, attribution: Attribution) -> None:
    act(small, "product_click", "post-0003", at=NOW - MINUTE, product=PRODUCT, viewer="v")
    order(small, viewer="w")
    work(attribution)
    assert set(by_post(small.stores)) == {""}


def test_a_record_that_cannot_be_read_is_put_aside(small: World, attribution: Attribution) -> None:
    small.stores.log.append("viewer-events", [NewEvent("bad", "v", b"{not json")])
    order(small, post="post-0003")
    work(attribution)
    assert by_post(small.stores)["post-0003"].orders == 1
    assert {letter.group for letter in small.stores.log.dead_letters("viewer-events")} == {"attribution"}


def fill(small: World, seed: int, pages: int = 40) -> None:
    """Viewers who see, click and buy; what happened arrives in another order, sometimes twice, pages after their events."""
    chance = random.Random(seed)
    happened: list[tuple[int, str, dict[str, object]]] = []
    orders: list[str] = []
    for number in range(pages):
        viewer, at, request = f"v{chance.randrange(4)}", NOW - chance.randrange(HOUR, 4 * DAY), f"r{number}"
        posts = chance.sample(["post-0003", "post-0007", "post-0011"], 2)
        page = {"request": request, "viewer": viewer, "at": at, "posts": posts, "policy": f"mix-{chance.randrange(3)}"}
        happened.append((at + chance.choice((0, MINUTE)), "page", page))
        for event in range(chance.randrange(9)):
            kind = chance.choice(
                ("impression", "impression", "product_click", "add_to_cart", "order", "order_cancelled")
            )
            at += chance.randrange(MINUTE)
            made: dict[str, object] = {"id": f"e{number}-{event}", "kind": kind, "viewer": viewer, "at": at}
            made |= {"post": chance.choice(posts), "request": request}
            if kind in ("product_click", "add_to_cart"):
                made["product"] = chance.choice((PRODUCT, "a"))
            elif kind == "order":
                made |= {"product": chance.choice((PRODUCT, "a")), "value_minor": chance.randrange(1, 9) * 100}
                made |= {"post": "", "request": ""} if chance.random() < 0.7 else {}
                orders.append(f"e{number}-{event}")
            elif kind == "order_cancelled":
                made |= {"order": chance.choice(orders or ["none"]), "post": ""}
            happened.append((at + chance.choice((0, 0, 0, HOUR, DAY)), "event", made))
    for _, what, one in sorted(happened, key=lambda item: item[0]):
        if what == "event":
            small.engagement.accept([one] * chance.choice((1, 1, 2)), NOW)
        else:
            serve(small, one["request"], one["posts"], viewer=one["viewer"], at=one["at"], policy=one["policy"])  # type: ignore[arg-type]


def snapshot(stores: Stores) -> tuple[dict[str, object], dict[str, object]]:
    days = {one.id: one.cells for one in stores.attribution_days.each() if one.cells}
    orders = {
        one.id: msgspec.structs.asdict(one.credit) | {"value": one.value_minor}
        for one in stores.attributed_orders.each()
    }
    return days, orders  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_batches_and_crashes_the_numbers_are_the_same(seed: int) -> None:
    """In one go; in small batches with a crash at every kind of write; and each once more from the log."""
    whole, broken = world(posts=12, publishers=3), world(posts=12, publishers=3)
    for one in (whole, broken):
        fill(one, seed)
    work(Attribution(whole.stores))
    chance, attribution = random.Random(seed), Attribution(broken.stores)
    stores = broken.stores
    frail = [(stores.log, "commit"), (stores.log, "append"), (stores.documents, "patch"), (stores.documents, "insert"),
             (stores.documents, "upsert_many")]  # fmt: skip
    idle = 0
    while idle < 3:
        target, name = chance.choice(frail)
        works, left = getattr(target, name), [chance.randrange(1, 25)]

        def once(*a: object, works=works, left=left, **k: object) -> object:  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] == 0:
                raise Unavailable("killed")
            return works(*a, **k)

        setattr(target, name, once)
        try:
            idle = idle + 1 if not attribution.consume("worker", now=NOW, limit=chance.randrange(1, 60)) else 0
        except Unavailable:
            attribution = Attribution(stores)
        finally:
            setattr(target, name, works)
    assert attribution.lag() == 0
    sums, paths = snapshot(stores)
    total = sum((cell.revenue_minor for cells in sums.values() for cell in cells.values()), 0)  # type: ignore[attr-defined]
    assert total > 0
    rebuild_attribution(stores, attribution, now=NOW)
    assert snapshot(stores) == (sums, paths)
    # Another split of the same log may interleave pages and events differently, but no order is lost or counted twice.
    everything = [by_post(one.stores) for one in (whole, broken)]
    assert [sum(s.orders for s in one.values()) for one in everything] == [
        sum(s.orders for s in everything[0].values())
    ] * 2
    assert everything[0] == everything[1]


def test_after_a_rebuild_the_worker_goes_on_where_it_was(small: World, attribution: Attribution) -> None:
    order(small, post="post-0003", id="o1")
    work(attribution)
    order(small, post="post-0003", id="o2")
    rebuild_attribution(small.stores, attribution, now=NOW)
    assert by_post(small.stores)["post-0003"].orders == 2
    work(attribution)
    order(small, post="post-0003", id="o3")
    work(attribution)
    assert by_post(small.stores)["post-0003"].orders == 3


def test_an_order_that_is_cancelled_after_a_rebuild_is_taken_back(small: World, attribution: Attribution) -> None:
    """The page comes after its order, so the worker speaks of the order twice; the rebuild, by time, once."""
    act(small, "product_click", "post-0003", at=NOW - 40 * MINUTE, product=PRODUCT, request="r1", slot=0)
    order(small, at=NOW - 30 * MINUTE, id="o1")
    serve(small, "r1", ["post-0003"], at=NOW - 50 * MINUTE)
    work(attribution)
    rebuild_attribution(small.stores, attribution, now=NOW)
    assert by_post(small.stores)["post-0003"].orders == 1
    act(small, "order_cancelled", at=NOW - 5 * MINUTE, order="o1")
    work(attribution)
    assert by_post(small.stores) == {}
    assert list(small.stores.attributed_orders.each()) == []


def test_two_workers_share_the_work(small: World) -> None:
    fill(small, 3)
    one, two = Attribution(small.stores), Attribution(small.stores)
    done = 1
    while done:
        done = one.consume("one", now=NOW, limit=20) + two.consume("two", now=NOW, limit=20)
    alone = world(posts=12, publishers=3)
    fill(alone, 3)
    work(Attribution(alone.stores))
    assert by_post(small.stores) == by_post(alone.stores)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 9 * DAY), st.sampled_from([3, 7, 11]), st.booleans()), max_size=12),
    st.booleans(),
    st.integers(0, 12),
)
def test_the_credit_is_the_last_touch_by_the_definition(
    touches: list[tuple[int, int, bool]], named: bool, ordered: int
) -> None:
    """Whenever the order arrives, and whether or not views say which page they were on."""
    small = world(posts=12, publishers=3)
    attribution = Attribution(small.stores)
    last = {ago: (post, click) for ago, post, click in touches}
    for number, (ago, (post, click)) in enumerate(last.items()):
        if number == ordered:
            order(small)
        kind, request = "product_click" if click else "impression", f"r{number}" if named else ""
        act(small, kind, f"post-{post:04}", at=NOW - ago, id=f"t{number}", product=PRODUCT, request=request)
        work(attribution)
    if ordered >= len(last):
        order(small)
    work(attribution)
    clicks = {ago: post for ago, (post, click) in last.items() if click and ago <= 7 * DAY}
    views = {ago: post for ago, (post, click) in last.items() if not click and ago <= DAY}
    best = clicks or views
    assert list(by_post(small.stores)) == [f"post-{best[min(best)]:04}" if best else ""]


def test_a_post_that_is_viewed_again_is_viewed_last(small: World, attribution: Attribution) -> None:
    for post, ago in (("post-0003", 50 * MINUTE), ("post-0007", 30 * MINUTE), ("post-0003", 10 * MINUTE)):
        act(small, "impression", post, at=NOW - ago, id=f"v{ago}")
    order(small, viewer="v")
    act(small, "impression", "post-0003", at=NOW - 3 * DAY, viewer="w")
    act(small, "impression", "post-0003", at=NOW - 10 * MINUTE, viewer="w")
    order(small, viewer="w")
    work(attribution)
    assert by_post(small.stores) == {"post-0003": Sums(orders=2, items=2, revenue_minor=199_800)}


def test_an_order_keeps_its_view_when_the_post_is_viewed_again_after_it(small: World, attribution: Attribution) -> None:
    """The view that brought the order is neither the first nor the latest of its slot in this hour."""
    start = NOW // HOUR * HOUR - HOUR
    act(small, "impression", "post-0003", at=start + 10 * MINUTE, id="first")
    act(small, "impression", "post-0007", at=start + 11 * MINUTE)
    act(small, "impression", "post-0003", at=start + 12 * MINUTE, id="second")
    order(small, at=start + 13 * MINUTE)
    work(attribution)
    act(small, "impression", "post-0003", at=start + 14 * MINUTE, id="third")
    act(small, "impression", "post-0011", at=start, id="late")  # credits the order anew
    work(attribution)
    assert set(by_post(small.stores)) == {"post-0003"}


def test_an_order_that_arrives_after_later_views_goes_to_the_view_before_it(
    small: World, attribution: Attribution
) -> None:
    act(small, "impression", "post-0003", at=NOW - 10 * MINUTE, request="r1")
    act(small, "watch", "post-0003", at=NOW - 2 * MINUTE, request="r1", seconds=9, completion=1.0)
    work(attribution)
    order(small, at=NOW - 5 * MINUTE)
    work(attribution)
    assert set(by_post(small.stores)) == {"post-0003"}
    assert next(small.stores.attributed_orders.each()).credit.seen_at == NOW - 10 * MINUTE


def test_a_viewer_of_very_many_posts_keeps_the_latest_view_of_each_first() -> None:
    views = [
        Touch(HOUR + number * 2 + again, f"{number}.{again}", TouchKind.VIEW, (PRODUCT,), Place(f"p{number}"))
        for number in range(KEPT_VIEWS - 10)
        for again in (0, 1)
    ]
    left = kept(views, [], HOUR * 2, Windows())
    assert {touch.event for touch in views if touch.event.endswith(".1")} < {touch.event for touch in left}
    assert len(left) == KEPT_VIEWS


def test_sums_merge() -> None:
    assert Sums(orders=1, items=2, revenue_minor=3).plus(Sums(orders=1), -1) == Sums(items=2, revenue_minor=3)
    assert AttributionDay(id="0.p", day=0, post="p").cells == {}
    assert Basis("named") is Basis.NAMED
    assert STATEMENTS == "attributions"
