"""What a viewer likes more than anybody would: the part of their tastes in tags that tells posts apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.domain.ids import HOUR
from core.feed.query import above_usual
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, world

SHARES = arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 1, allow_subnormal=False))


@given(SHARES, st.floats(0.01, 100))
def test_who_acts_on_posts_by_lot_leans_nowhere(shares: np.ndarray, weight: float) -> None:
    above, usual = above_usual(weight * shares, shares)
    np.testing.assert_allclose(above, 0, atol=1e-9 * weight)
    assert usual == pytest.approx(0, abs=1e-7 * weight)


@given(SHARES, st.data())
def test_more_of_one_tag_never_lowers_posts_that_wear_it_alone(shares: np.ndarray, data: st.DataObject) -> None:
    held = data.draw(arrays(np.float64, len(shares), elements=st.floats(0, 5)))
    tag = data.draw(st.integers(0, len(shares) - 1))
    more = held.copy()
    more[tag] += 1
    before, after = (above[tag] - usual for above, usual in (above_usual(held, shares), above_usual(more, shares)))
    assert after >= before - 1e-9


def test_what_is_disliked_says_nothing_of_other_tags() -> None:
    above, usual = above_usual(np.array([-3.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.1]))
    assert above.tolist() == [-3.0, 0.0, 1.0]
    assert usual == pytest.approx(-1.4)


def test_tags_too_new_to_be_counted_keep_what_was_felt_for_them() -> None:
    above, usual = above_usual(np.array([1.0, 1.0, 2.0]), np.array([1.0, 1.0]))
    assert above.tolist() == [-1.0, -1.0, 2.0]
    assert usual == -2.0
    assert above_usual(np.array([2.0]), np.zeros(0))[0].tolist() == [2.0]


def test_a_tag_of_every_post_drops_out_of_a_viewers_affinities() -> None:
    small = world()
    for post in ("post-0003", "post-0010", "post-0011"):
        small.act("v", "like", post)
    _, outcome, query = small.feed.look(PageRequest(viewer="v", size=10), now=NOW + HOUR)
    index = query.index
    live = np.flatnonzero(index.live).astype(np.int32)
    worn = np.bincount(index.tags_within(live), minlength=len(index.tags)) / len(live)
    np.testing.assert_allclose(index.tag_shares, worn)
    liked = {tag for post in ("post-0003", "post-0010", "post-0011") for tag in index.tags_of(index.row(post))}
    strongest = index.tags.names[int(np.argmax(query.tags))]
    assert strongest in liked
    affinity = dict(zip(outcome.selection.page.rows.tolist(), outcome.selection.page["tag affinity"], strict=True))
    wearing = [value for row, value in affinity.items() if liked & set(index.tags_of(row))]
    others = [value for row, value in affinity.items() if not liked & set(index.tags_of(row))]
    assert max(wearing) > 0
    assert all(value <= 0 for value in others)
