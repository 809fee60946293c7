"""Models as the feed serves them: what a history says, tied to post numbers, for newcomers a segment's prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.viewer import Interaction
from core.feed.columnar import ColumnWriter
from core.feed.entry import entry_of
from core.feed.near import EARLIER, PAUSE, spoken_for, strengths, strengths_of, strongest_reason
from core.feed.serving_model import Near, SegmentPrior, ServingModel
from core.models.neighbours import Neighbours
from tests.feed.world import make_post

NOW = 10

IDS = tuple("abcdefgh")


def ring(ids: tuple[str, ...] = IDS) -> Neighbours:
    """Each post speaks for the next two, the nearer one twice as much."""
    n = len(ids)
    rows = np.array([[(i + 1) % n, (i + 2) % n] for i in range(n)], np.int32)
    return Neighbours(ids, rows, np.tile(np.array([[1.0, 0.5]], np.float32), (n, 1)))


def model(**segments: SegmentPrior) -> ServingModel:
    return ServingModel("neighbours-1", ring(), 1.0, segments)


def writer_of(*ids: str) -> ColumnWriter:
    writer = ColumnWriter()
    writer.put(entry_of(make_post(id)) for id in ids)
    return writer


def act(post: str, weight: float = 1.0, at: int = 1, kind: str = "like") -> Interaction:
    return Interaction(post=post, kind=kind, weight=weight, at=at)


@given(
    st.lists(st.tuples(st.integers(0, 19), st.floats(-2, 3)), max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_the_compiled_sums_are_those_of_the_plain_model(history: list[tuple[int, float]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.array([rng.permutation(20)[:5] for _ in range(20)], np.int32)
    rows[rng.random((20, 5)).cumsum(axis=1) > 4] = -1
    rows = np.where(np.minimum.accumulate(rows, axis=1) < 0, -1, rows).astype(np.int32)
    weights = np.where(rows < 0, 0, rng.normal(0, 1, (20, 5))).astype(np.float32)
    places = np.array([place for place, _ in history], np.int64)
    counts = np.array([count for _, count in history], np.float64)
    numbers = rng.permutation(25)[:20].astype(np.int32)
    numbers[rng.random(20) < 0.1] = -1
    spoken = spoken_for(rows, weights, places, counts, numbers, 22)
    found, whole = spoken.numbers, np.zeros(25)
    whole[found] = spoken.values
    told = (numbers >= 0) & (numbers < 22)
    plain = Neighbours(tuple(map(str, range(20))), rows, weights).scores(places, counts)
    assert whole[numbers[told]] == pytest.approx(plain[told], abs=1e-6)
    assert set(found.tolist()) <= set(numbers[told].tolist())
    assert len(set(found.tolist())) == len(found)
    assert spoken.of(np.arange(25, dtype=np.int32), np.arange(25, dtype=np.int32)).tolist() == whole.tolist()


@given(st.lists(st.tuples(st.integers(-3, 6), st.floats(-3, 4), st.integers(0, 4 * PAUSE)), max_size=50))
def test_compiled_strengths_are_those_of_the_plain_ones(acts: list[tuple[int, float, int]]) -> None:
    acts.sort(key=lambda one: one[2])
    now = 4 * PAUSE
    plain = strengths(acts, now)
    plain = {name: counts for name, counts in plain.items() if name >= 0}
    last, own, counts = strengths_of(
        [name for name, _, _ in acts], [w for _, w, _ in acts], [at for _, _, at in acts], now
    )
    assert [acts[place][0] for place in last.tolist()] == own.tolist() == list(plain)
    assert counts == pytest.approx(list(plain.values()))
    assert all(acts[place][0] not in [name for name, _, _ in acts[place + 1 :]] for place in last.tolist())


def test_acts_on_posts_that_the_model_does_not_know_age_the_others() -> None:
    index = writer_of(*IDS).snapshot(1)
    near = Near(model(), index, (act("a"), act("new", at=2), act("newer", at=3), act("new", at=4)), now=NOW)
    assert near.history.tolist() == [0]
    alone = strengths([("a", 1.0, 1), ("new", 1.0, 2), ("newer", 1.0, 3), ("new", 1.0, 4)], NOW)
    assert near.counts == pytest.approx([alone["a"]])
    assert near.acts == [act("a")]


def test_acts_on_one_post_add_up_and_older_ones_of_the_session_count_less() -> None:
    assert strengths([("a", 1.0, 1), ("b", 1.0, 2), ("a", 1.0, 3)], 4) == {"b": 0.8, "a": 2.0}
    assert list(strengths([("a", 1.0, 1), ("b", 1.0, 2), ("a", 1.0, 3)], 4)) == ["b", "a"]
    assert strengths([("a", 9.0, 1), ("b", -9.0, 2)], 3) == {"a": pytest.approx(2.4), "b": -2.0}
    faint = strengths([("a", 1.0, 1), ("b", -0.2, 2)], 3)
    assert 0.8 < faint["a"] < 1


def test_acts_of_earlier_sessions_all_count_alike() -> None:
    later = 10 * PAUSE
    history = [("a", 1.0, 1), ("b", 1.0, 2), ("c", 1.0, later), ("d", 1.0, later + PAUSE)]
    assert strengths(history, later + 2 * PAUSE) == {"a": EARLIER, "b": EARLIER, "c": 0.8, "d": 1.0}
    assert strengths(history, later + 9 * PAUSE) == dict.fromkeys("abcd", EARLIER)
    assert strengths(history, later, evenly=True) == dict.fromkeys("abcd", 1.0)


def test_a_history_speaks_for_neighbours_and_not_interested_speaks_against_them() -> None:
    index = writer_of(*IDS).snapshot(1)
    near = Near(model(), index, (act("a"), act("e", -1.5)), now=NOW)
    values = dict(zip(IDS, near.of(index.rows_of(IDS)).tolist(), strict=True))
    assert values["b"] > values["c"] > 0 > values["g"] > values["f"]
    assert values["h"] == 0


def test_a_growing_index_is_followed_without_mapping_it_anew() -> None:
    serving, writer = model(), writer_of("c", "a")
    before = writer.snapshot(1)
    assert serving.numbers(before)[:3].tolist() == [1, -1, 0]
    writer.put([entry_of(make_post("b")), entry_of(make_post("unknown"))])
    after = writer.snapshot(2)
    assert serving.numbers(after)[:3].tolist() == [1, 2, 0]
    # A request that still holds the older snapshot must not see the newer post.
    older = Near(serving, before, (act("a"),), now=NOW)
    assert older.found().numbers.tolist() == [0]
    assert set(Near(serving, after, (act("a"),), now=NOW).found().numbers.tolist()) == {0, 2}
    rebuilt = writer_of("b").snapshot(3)
    assert serving.numbers(rebuilt)[:3].tolist() == [-1, 0, -1]


def test_a_model_tied_to_an_index_says_the_same_with_the_strings_of_the_index() -> None:
    copied = model()
    copied.neighbours = replace(copied.neighbours, ids=["".join(list(id)) for id in copied.neighbours.ids])
    copied._place = {id: place for place, id in enumerate(copied.neighbours.ids)}
    before = list(copied.neighbours.ids)
    index = writer_of("c", "a").snapshot(1)
    copied.tie(index)
    assert list(copied.neighbours.ids) == before
    assert [copied.place(id) for id in (*before, "unknown")] == [*range(len(before)), -1]
    own = {id: id for id in copied._place}
    assert all(own[id] is index.ids[index.row(id)] for id in ("c", "a"))
    assert copied.numbers(index)[:3].tolist() == [1, -1, 0]


def test_the_strongest_act_is_named_and_an_act_against_never() -> None:
    neighbours = ring()
    best = strongest_reason(
        neighbours.rows, neighbours.weights, np.array([0, 1, 3]), np.array([1.0, 1.0, -2.0]), np.array([2, 1, 4])
    )
    assert best.tolist() == [1, 0, -1]
    index = writer_of(*IDS).snapshot(1)
    near = Near(model(), index, (act("a", at=1), act("b", 2.5, at=2, kind="order")), now=NOW)
    (reason,) = near.because(index.rows_of(["c"]))
    assert reason is not None
    assert (reason.post, reason.kind) == ("b", "order")


def test_a_segment_lends_a_newcomer_its_favourites_and_takes_them_back() -> None:
    prior = SegmentPrior({"a": 1.0}, {"saree": 2.0})
    serving, index = model(cooks=prior), writer_of(*IDS).snapshot(1)
    new = Near(serving, index, (), "cooks", now=NOW)
    assert new.of(index.rows_of(["b"]))[0] > 0
    assert new.tastes({"saree": 1.0}, 0.5) == {"saree": 2.5}
    assert new.because(index.rows_of(["b"])) == [None]
    half = Near(serving, index, tuple(act(f"post-{n}") for n in range(5)), "cooks", now=NOW)
    assert half.prior_share == 0.5
    known = Near(serving, index, tuple(act(f"post-{n}") for n in range(10)), "cooks", now=NOW)
    assert known.prior_share == 0
    assert known.tastes({"saree": 1.0}, 0.5) == {"saree": 0.5}
    assert not len(Near(serving, index, (), "strangers", now=NOW).history)
