"""The model is chosen on what viewers did last, and says why."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.models import choose
from core.models.content import contents_of
from core.models.held_out import HeldOut
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours
from tests.models.taste import likes, same_group
from tests.models.test_content import docs


@pytest.fixture(scope="module")
def chosen() -> choose.Chosen:
    return choose.fit(likes(viewers=300), contents_of(docs(80)), top_k=20)


def test_the_report_holds_what_was_measured_and_beats_popularity(chosen: choose.Chosen) -> None:
    report = json.loads(json.dumps(chosen.report))
    assert (report["items"], report["viewers"], report["posts"]) == (60, 300, 80)
    assert chosen.candidate.label in report["held_out"]
    assert chosen.candidate.label in report["why"]
    assert report["held_out"][chosen.candidate.label]["ndcg"] > 1.5 * report["held_out"]["popularity"]["ndcg"]
    assert len(report["held_out"]) == 8


def test_posts_without_interactions_have_neighbours(chosen: choose.Chosen) -> None:
    assert chosen.neighbours.ids == tuple(f"i{place:04d}" for place in range(80))
    assert (chosen.neighbours.rows[60:, 0] >= 0).all()
    assert same_group(chosen.neighbours.rows, list(chosen.neighbours.ids)) > 0.9


def test_the_same_log_gives_the_same_model_and_a_candidate_can_be_fitted_again(chosen: choose.Chosen) -> None:
    again = choose.fit(likes(viewers=300), contents_of(docs(80)), top_k=20)
    like = choose.fit(likes(viewers=300), contents_of(docs(80)), top_k=20, like=chosen.candidate)
    for other in (again, like):
        assert np.array_equal(chosen.neighbours.rows, other.neighbours.rows)
        assert np.array_equal(chosen.neighbours.weights, other.neighbours.weights)
    assert like.report["why"] == "the same as before"


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    choose.fit(likes(), contents_of(docs(80)), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_nothing_at_all_gives_neighbours_by_content() -> None:
    made = choose.fit(Interactions.of([]), contents_of(docs(80)), top_k=5)
    assert (made.neighbours.rows[:, 0] >= 0).all()
    assert "too few" in str(made.report["why"])
    assert len(choose.fit(Interactions.of([])).neighbours.ids) == 0


def test_above_the_limit_the_dense_matrix_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "EASE_LIMIT", 50)
    monkeypatch.setattr(choose, "TUNED_LIMIT", 20)
    made = choose.fit(likes(viewers=300), top_k=20)
    assert made.candidate.method in ("implicit ALS", "item neighbours")
    assert "60 items, above the 50" in str(made.report["why"])
    assert same_group(made.neighbours.rows, list(made.neighbours.ids)) > 0.9


def test_the_latest_tenth_of_a_viewers_items_is_held_out() -> None:
    rows = [("long", f"i{at:02d}", 1.0, at) for at in range(30)] + [("short", "i00", 1.0, 1), ("short", "i01", 1.0, 2)]
    held_out = HeldOut.of(Interactions.of(rows))
    assert held_out.viewers.tolist() == [0]
    assert held_out.last.indices.tolist() == [27, 28, 29]
    assert held_out.train.items_per_viewer().tolist() == [27, 2]


def test_held_out_items_are_measured_against_neighbours_and_popularity() -> None:
    rows = [(viewer, item, 1.0, at) for viewer in "abc" for at, item in enumerate("wxyz")]
    held_out = HeldOut.of(Interactions.of(rows))
    knows = Neighbours(tuple("wxyz"), np.array([[3], [3], [3], [0]], np.int32), np.ones((4, 1), np.float32))
    assert held_out.measure(knows).ndcg.tolist() == [1.0, 1.0, 1.0]
    assert held_out.measure_popularity(k=1).means()["recall"] == 1.0
