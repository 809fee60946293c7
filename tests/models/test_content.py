"""Content says which posts are alike, and stands in where nobody has been yet."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.errors import InvalidInput
from core.models.cold import blend, content_neighbours
from core.models.content import Contents, ContentSpace, content_vectors, contents_of
from core.models.content_features import ContentDoc, price_band
from core.models.ease import fit_ease
from core.models.neighbours import Neighbours
from tests.models.taste import likes

PARENTS = {
    "kurtas": "ethnic",
    "sarees": "ethnic",
    "ethnic": "clothes",
    "sneakers": "shoes",
    "shoes": None,
    "clothes": None,
}


def docs(count: int = 200) -> list[ContentDoc]:
    """Posts of four groups by their number: group g has its own tag and words, publishers are mixed."""
    words = ("diwali silk", "running street", "baking bread", "guitar songs")
    return [
        ContentDoc(id=f"i{n:04d}", tags=(f"tag{n % 4}",), text=f"{words[n % 4]} number {n}", publisher=f"p{n % 7}")
        for n in range(count)
    ]


def likeness(*posts: ContentDoc) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    vectors = content_vectors(posts, parents=PARENTS)
    return vectors @ vectors.T


def test_vectors_have_length_one_and_are_the_same_every_time() -> None:
    one, other = content_vectors(docs()), content_vectors(docs())
    assert one.shape == (200, 64)
    assert one.dtype == np.float32
    assert np.linalg.norm(one, axis=1) == pytest.approx(np.ones(200), abs=1e-5)
    assert np.array_equal(one, other)


def test_tags_with_a_common_parent_are_more_alike_than_others() -> None:
    alike = likeness(
        ContentDoc(id="a", tags=("kurtas",)),
        ContentDoc(id="b", tags=("sarees",)),
        ContentDoc(id="c", tags=("sneakers",)),
    )
    assert alike[0, 1] > alike[0, 2] + 0.1


def test_words_are_found_again_in_any_script_and_case() -> None:
    alike = likeness(
        ContentDoc(id="a", text="Шовкова сукня"),
        ContentDoc(id="b", text="ШОВКОВА сорочка"),
        ContentDoc(id="c", text="рецепт борщу"),
    )
    assert alike[0, 1] > alike[0, 2]


def test_a_post_that_says_nothing_has_no_direction() -> None:
    vectors = content_vectors([ContentDoc(id="a", tags=("kurtas",)), ContentDoc(id="b")])
    assert not vectors[1].any()
    assert content_vectors([]).shape == (0, 64)


def test_many_posts_are_placed_as_few_are() -> None:
    few, many = content_vectors(docs(400)), content_vectors(docs(1_200))
    for vectors in (few, many):
        alike = vectors[:40] @ vectors[:40].T
        same = np.arange(40)[:, None] % 4 == np.arange(40) % 4
        assert alike[same].min() > alike[~same].max()


def test_a_post_that_comes_later_is_placed_beside_its_like() -> None:
    space = ContentSpace.of(docs())
    late = space.vectors([ContentDoc(id="late", tags=("tag2",), text="baking bread at home")])
    nearest = np.argsort(-(space.vectors(docs()) @ late[0]))[:20]
    assert {int(place) % 4 for place in nearest} == {2}


def test_prices_within_a_factor_of_two_share_a_band() -> None:
    assert price_band(10_000) == price_band(14_000)
    assert price_band(9_900) != price_band(99_900)


def test_content_neighbours_are_the_most_alike() -> None:
    contents = contents_of(docs())
    found = content_neighbours(contents, top_k=10)
    assert (found.rows % 4 == np.arange(200)[:, None] % 4).all()
    some = content_neighbours(contents, top_k=10, only=np.array([7, 3]))
    assert np.flatnonzero((some.rows >= 0).any(axis=1)).tolist() == [3, 7]
    assert some.weights[[3, 7]] == pytest.approx(found.weights[[3, 7]], abs=1e-5)


def test_a_new_post_is_near_to_known_ones_of_its_kind_and_they_to_it() -> None:
    world = likes()
    contents = contents_of(docs(64))
    model = fit_ease(world, l2=2.0, top_k=10)
    support = np.zeros(64, dtype=np.int64)
    support[:60] = world.viewers_per_item()
    found = blend(model, content_neighbours(contents, top_k=30), support, prior=10.0)
    new = 61
    assert {int(place) % 4 for place in found.rows[new] if place >= 0} == {1}
    history = np.array([1, 5, 9])
    scores = found.scores(history, np.ones(3))
    assert scores[new] > max(scores[60], scores[62], scores[63], 0)


def test_between_well_known_posts_content_counts_next_to_nothing() -> None:
    world = likes()
    model = fit_ease(world, l2=2.0, top_k=10)
    content = content_neighbours(contents_of(docs(60)), top_k=20)
    found = blend(model, content, np.full(60, 10_000_000))
    assert found.matrix().toarray() == pytest.approx(model.matrix().toarray(), abs=1e-4)
    assert np.array_equal(blend(model, content, np.zeros(60, np.int64), strength=0.0).weights, model.weights)


def test_a_post_of_the_model_without_content_is_refused() -> None:
    model = fit_ease(likes(), l2=2.0, top_k=10)
    nothing = Neighbours(["i0000"], np.full((1, 5), -1, np.int32), np.zeros((1, 5), np.float32))
    with pytest.raises(InvalidInput, match="content"):
        blend(model, nothing, np.zeros(1, np.int64))


def test_missing_posts_are_given_a_place_without_meaning() -> None:
    wider = Contents(("b",), np.ones((1, 64), np.float32)).with_ids(["c", "a", "b"])
    assert wider.ids == ("a", "b", "c")
    assert wider.vectors.any(axis=1).tolist() == [False, True, False]
