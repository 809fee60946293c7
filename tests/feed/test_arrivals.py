"""Posts that came after the training: found through posts they are like, both ways, and seen by pages as a whole."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.viewer import Interaction
from core.feed.arrivals import NEIGHBOURS, ROOM, SPOKEN_FOR, Arrivals
from core.feed.columnar import ColumnWriter
from core.feed.entry import entry_of
from core.feed.index import Index
from core.feed.near import Spoken
from core.feed.serving_model import Near, ServingModel
from core.models.content import contents_of
from core.models.content_features import ContentDoc
from core.models.neighbours import Neighbours
from core.models.placing import LATE_STRENGTH, LEAST_ALIKE, placing_of
from tests.feed.world import make_post

WORDS = ("diwali silk loom", "running street race", "baking bread oven", "guitar songs stage")


def doc(id: str, group: int, more: str = "") -> ContentDoc:
    return ContentDoc(id=id, tags=(f"tag{group}",), text=f"{WORDS[group]} {more}")


TRAINED = tuple(doc(f"i{number:03}", number % 4, f"number {number}") for number in range(120))


def model_of(docs: tuple[ContentDoc, ...] = TRAINED, *, room: int = 0) -> ServingModel:
    """Each trained post speaks for the next, and content places what comes later."""
    contents = contents_of(docs)
    rows = np.array([[(place + 1) % len(docs)] for place in range(len(docs))], np.int32)
    neighbours = Neighbours(contents.ids, rows, np.ones((len(docs), 1), np.float32))
    placing = placing_of(contents, contents.ids)
    assert placing is not None
    serving = ServingModel("neighbours-1", neighbours, 1.0, {}, placing)
    if room:
        serving.arrivals = Arrivals(placing, serving.numbers, room=room)
    return serving


class Shop:
    """A model, an index with its posts, and what arrives."""

    def __init__(self, *, room: int = 0) -> None:
        self.model, self.writer, self.version = model_of(room=room), ColumnWriter(), 1
        assert self.model.arrivals is not None
        self.arrivals = self.model.arrivals
        self.writer.put(entry_of(make_post(one.id)) for one in TRAINED)

    def index(self) -> Index:
        return self.writer.snapshot(1)

    def arrive(self, *docs: ContentDoc) -> Index:
        """These go live and get places, in this order."""
        self.version += 1
        self.writer.put(entry_of(make_post(one.id, version=self.version)) for one in docs)
        index = self.index()
        self.arrivals.follow(index)
        assert sorted(self.arrivals.waiting(index, len(docs))) == sorted(one.id for one in docs)
        self.arrivals.place(index, docs, len(docs))
        return index

    def near(self, index: Index, *posts: str) -> Near:
        return Near(
            self.model, index, tuple(Interaction(post=one, kind="like", weight=1.0, at=1) for one in posts), now=2
        )


def value(near: Near, index: Index, id: str) -> float:
    return float(near.of(index.rows_of([id]))[0])


def test_an_act_on_a_post_speaks_for_arrivals_like_it_and_not_for_others() -> None:
    shop = Shop()
    index = shop.arrive(doc("late-0", 0, "new"), doc("late-1", 1, "new"))
    near = shop.near(index, "i000")
    assert value(near, index, "late-0") > 0.5 * LATE_STRENGTH
    assert value(near, index, "late-1") == 0
    assert value(near, index, "i001") == 1, "what the model says stays as it was"
    (act,) = near.because(index.rows_of(["late-0"]))
    assert act is not None
    assert act.post == "i000"


def test_an_act_on_an_arrival_speaks_for_posts_like_it_older_and_newer() -> None:
    shop = Shop()
    index = shop.arrive(doc("a", 2, "one"), doc("b", 2, "two"), doc("c", 2, "three"))
    near = shop.near(index, "b")
    said = {id: value(near, index, id) for id in ("a", "c", "i002", "i001")}
    assert min(said["a"], said["c"], said["i002"]) > 0.5 * LATE_STRENGTH
    assert said["i001"] == 0
    acts = near.because(index.rows_of(["a", "c", "i002", "i001"]))
    assert [act.post if act else "" for act in acts] == ["b", "b", "b", ""]


def test_not_interested_in_a_post_speaks_against_arrivals_like_it() -> None:
    shop = Shop()
    index = shop.arrive(doc("late", 3))
    acts = (Interaction(post="i003", kind="not_interested", weight=-1.5, at=1),)
    near = Near(shop.model, index, acts, now=2)
    assert value(near, index, "late") < 0
    assert near.because(index.rows_of(["late"])) == [None]


def test_likeness_is_that_of_the_training() -> None:
    shop = Shop()
    contents = contents_of(TRAINED)
    assert contents.space is not None
    late = doc("late", 1, "a street in the rain")
    index = shop.arrive(late)
    exact = contents.vectors @ contents.space.vectors([late])[0]
    for place in np.argsort(-exact)[:20].tolist():
        near = shop.near(index, contents.ids[place])
        assert value(near, index, "late") == pytest.approx(LATE_STRENGTH * exact[place], abs=0.01)
    least = int(np.argmax(np.where(exact < LEAST_ALIKE - 0.02, exact, -1)))
    assert value(shop.near(index, contents.ids[least]), index, "late") == 0


def test_a_page_that_holds_an_older_snapshot_sees_what_was_there_then() -> None:
    shop = Shop()
    before = shop.arrive(doc("a", 0))
    old = shop.near(before, "i000", "i004")
    after = shop.arrive(doc("b", 0), doc("c", 0))
    posts = list(before.ids[: before.size])
    said = old.of(before.rows_of(posts)).tolist()
    assert set(old.found().numbers.tolist()) <= set(range(len(before.row_of)))
    assert value(old, before, "a") > 0
    new = shop.near(after, "i000", "i004")
    assert new.of(after.rows_of(posts)).tolist() == said
    assert value(new, after, "c") > 0
    beside = shop.near(before, "i000")
    assert beside.arrived is not None
    assert beside.arrived.count == 3
    assert max(beside.found().numbers) < len(before.row_of), "posts that this index does not know stay out"


def test_an_edited_arrival_is_placed_anew_and_an_unchanged_one_is_not() -> None:
    shop = Shop()
    shop.arrive(doc("late", 0))
    index = shop.arrive(doc("late", 0))
    assert shop.arrivals.seen is not None
    assert shop.arrivals.seen.count == 1
    index = shop.arrive(doc("late", 2))
    assert value(shop.near(index, "i000"), index, "late") == 0
    assert value(shop.near(index, "i002"), index, "late") > 0
    assert value(shop.near(index, "late"), index, "i002") > 0
    assert shop.arrivals.seen.living(index) == 1


def test_an_arrival_that_says_nothing_and_one_that_is_gone_get_no_place() -> None:
    shop = Shop()
    index = shop.arrive(ContentDoc(id="mute"))
    assert shop.arrivals.seen is None
    assert value(shop.near(index, "i000"), index, "mute") == 0
    shop.writer.put([entry_of(make_post("brief"))])
    shop.writer.remove(["brief"])
    index = shop.index()
    shop.arrivals.follow(index)
    assert shop.arrivals.waiting(index, 10) == []
    assert not shop.arrivals.behind(index)


def test_an_index_built_anew_is_tied_again_and_not_before() -> None:
    shop = Shop()
    shop.arrive(doc("late", 0))
    rebuilt = ColumnWriter()
    rebuilt.put(entry_of(make_post(id)) for id in ("late", *(one.id for one in TRAINED)))
    index = rebuilt.snapshot(2)
    assert shop.near(index, "i000").arrived is None, "numbers of another index mean other posts"
    assert shop.arrivals.behind(index)
    shop.arrivals.follow(index)
    assert value(shop.near(index, "i000"), index, "late") > 0
    waiting = shop.arrivals.waiting(index, 10)
    shop.arrivals.place(index, [doc("late", 0)], len(waiting))
    assert not shop.arrivals.behind(index)


def test_when_there_is_no_room_the_newer_half_stays_and_room_is_all_that_is_taken() -> None:
    shop = Shop(room=8)
    for number in range(30):
        index = shop.arrive(doc(f"late-{number:02}", number % 4, f"turn {number}"))
    seen = shop.arrivals.seen
    assert seen is not None
    assert 4 <= seen.count <= 8
    assert len(seen.tables.ids) == seen.count
    for number in (27, 28, 29):
        assert value(shop.near(index, f"i{number % 4:03}"), index, f"late-{number:02}") > 0
        assert value(shop.near(index, f"late-{number:02}"), index, f"i{number % 4:03}") > 0
    assert value(shop.near(index, "i000"), index, "late-00") == 0
    assert value(shop.near(index, "late-29"), index, "late-25") > 0


def test_a_flood_of_arrivals_like_one_post_costs_an_act_only_the_newest() -> None:
    shop = Shop()
    index = shop.arrive(*(doc(f"late-{number:03}", 0, f"turn {number}") for number in range(3 * SPOKEN_FOR)))
    near = shop.near(index, "i000")
    late = index.rows_of([f"late-{number:03}" for number in range(3 * SPOKEN_FOR)])
    assert 0 < np.count_nonzero(near.of(late)) <= SPOKEN_FOR
    assert shop.arrivals.seen is not None
    assert shop.arrivals.seen.tables.rows.shape[1] == NEIGHBOURS


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 8))
def test_the_compiled_sums_are_those_of_a_plain_table(seed: int, arrivals: int, acts: int) -> None:
    rng = np.random.default_rng(seed)
    shop = Shop()
    index = shop.arrive(*(doc(f"late-{n}", int(rng.integers(4)), f"turn {n}") for n in range(arrivals)))
    ids = [*(one.id for one in TRAINED), *(f"late-{n}" for n in range(arrivals))]
    liked = [ids[place] for place in rng.permutation(len(ids))[:acts].tolist()]
    near = shop.near(index, *liked)
    assert near.arrived is not None
    held, n = near.arrived.tables, len(TRAINED)
    table = np.zeros((len(ids), len(ids)))
    table[np.arange(n), (np.arange(n) + 1) % n] = 1
    for arrival in range(arrivals):
        for place, weight in zip(held.rows[arrival].tolist(), held.weights[arrival].tolist(), strict=True):
            if place >= 0:
                table[n + arrival, place] = table[place, n + arrival] = weight
    wanted = near.counts @ table[near.history]
    assert near.of(index.rows_of(ids)) == pytest.approx(wanted, abs=1e-6)
    assert len(set(near.found().numbers.tolist())) == near.found().count
    best = near.counts[:, None] * table[near.history]
    for id, act, column in zip(ids, near.because(index.rows_of(ids)), best.T, strict=True):
        said = 0.0 if act is None else column[[one.post for one in near.acts if one].index(act.post)]
        assert said == pytest.approx(max(column.max(), 0)), id


def test_pages_are_made_while_posts_arrive() -> None:
    shop = Shop(room=64)
    newest = [shop.arrive(doc("first", 0))]
    problems: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            snapshot = newest[0]
            near = shop.near(snapshot, "i000", "i001", "first")
            found, again = near.found(), Spoken.nothing(ROOM * len(near.history))
            tied, end = shop.model.numbers(snapshot), len(snapshot.row_of)
            near.arrived.join(again, near.history, near.counts, tied, end)  # type: ignore[union-attr]
            once = all(len(set(one.numbers.tolist())) == one.count > 0 for one in (found, again))
            if not (once and np.isfinite(found.values).all() and max(again.numbers) < end):
                problems.append("a page saw half a table")

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(400):
        newest[0] = shop.arrive(doc(f"late-{number:03}", number % 4, f"turn {number}"))
    over.set()
    for thread in threads:
        thread.join()
    assert not problems
    assert value(shop.near(newest[0], "i003"), newest[0], "late-399") > 0
