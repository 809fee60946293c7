"""The compiled scores are the written formulas: held to plain numpy, row by row."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from msgspec import structs

from core.domain.ids import HOUR
from core.domain.mix import DEFAULT_WEIGHTS
from core.feed.actions import ACTIONS, weights_of
from core.feed.calibrated import AS_PREDICTED, Calibration
from core.feed.hydrators.affinity import Affinity
from core.feed.query import FeedQuery
from core.feed.scorers.again import AGAIN
from core.feed.scorers.engagement import SIGN, Engagement
from core.feed.scorers.total import Total
from core.pipeline.candidates import Candidates, FloatArray
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, world

LEARNT = Calibration(1, np.linspace(-0.4, 0.5, len(ACTIONS)), np.linspace(0.6, 1.3, len(ACTIONS)))


@cache
def asked() -> tuple[FeedQuery, Candidates]:
    """A viewer with tastes, likes and follows, and some candidates in an order of their own."""
    small = world()
    for post in ("post-0003", "post-0010", "post-0011"):
        small.act("v", "like", post)
        small.act("w", "share", post)
    small.act("v", "follow", "post-0004", publisher="pub-4")
    _, _, query = small.feed.look(PageRequest(viewer="v", size=10), now=NOW + HOUR)
    assert len(query.tags)
    assert len(query.publishers)
    rows = np.random.default_rng(2).permutation(query.index.size)[:70].astype(np.int32)
    return query, Candidates(rows, np.zeros(len(rows), np.uint32))


def test_affinities_are_sums_over_tags_publishers_follows_and_trends() -> None:
    query, candidates = asked()
    query = structs.replace(query, trending={"post-0010": 4.0, "post-0077": 2.5, "unknown": 9.0})
    found, index = Affinity().hydrate(query, candidates), query.index
    followed = set(query.viewer.follows)
    for at, row in enumerate(candidates.rows.tolist()):
        tags = index.tags_of(row)
        known = [query.tags[index.tags.find(tag)] for tag in tags if index.tags.find(tag) < len(query.tags)]
        assert found["tag affinity"][at] == pytest.approx(
            (sum(known) - query.usual_tags) / np.sqrt(len(tags)) if tags else 0.0
        )
        publisher = int(index.publisher[row])
        own = query.publishers[publisher] if publisher < len(query.publishers) else 0.0
        assert found["publisher affinity"][at] == own
        assert found["followed"][at] == (index.publishers.names[publisher] in followed)
        assert found["trend"][at] == query.trending.get(index.ids[row], 0.0)
    assert found["followed"].any()
    assert found["trend"].any()
    assert found["tag affinity"].any()


def plain_chances(query: FeedQuery, facts: Candidates, other: FloatArray) -> FloatArray:
    """(n, actions) in double precision, as the formula is written."""
    weights = Engagement()
    tags, publisher, near = facts["tag affinity"], facts["publisher affinity"], facts["neighbours"]
    shift = (
        weights.tag * tags / (2 + np.abs(tags))
        + weights.publisher * publisher / (1 + np.abs(publisher))
        + weights.followed * facts["followed"]
        + weights.trend * facts["trend"] / (facts["trend"] + 10)
        + weights.neighbours * near / (1 + np.abs(near))
        - weights.language * other
    )
    odds = query.index.log_odds[facts.rows].astype(np.float64) + SIGN * shift[:, None]
    chances: FloatArray = 1 / (1 + np.exp(-(query.calibration.intercept + query.calibration.slope * odds)))
    return chances


@pytest.mark.parametrize("calibration", [AS_PREDICTED, LEARNT], ids=["as predicted", "calibrated"])
@pytest.mark.parametrize("language", ["", "en", "unheard"])
def test_chances_and_their_worth_are_the_written_formula(calibration: Calibration, language: str) -> None:
    query, candidates = asked()
    index, lots = query.index, np.random.default_rng(5)
    languages = lots.integers(0, 3, index.size).astype(index.language.dtype)
    for name in ("hi", "en", "ta"):
        index.languages.number(name)
    query = structs.replace(query, calibration=calibration, language=language, index=replace(index, language=languages))
    near = lots.normal(0, 2, len(candidates))
    facts = Affinity().hydrate(query, candidates).scored(neighbours=near)
    own = index.languages.find(language) if language else -1
    other = (languages[candidates.rows] != own).astype(float) if own >= 0 else np.zeros(len(candidates))
    wanted, found = plain_chances(query, facts, other), Engagement().score(query, facts)
    for place, action in enumerate(ACTIONS):
        np.testing.assert_allclose(found[action], wanted[:, place], rtol=3e-6, atol=1e-9)
    np.testing.assert_allclose(found["engagement"], wanted @ weights_of(query.policy.weights), rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize("paid", [False, True])
def test_the_total_is_the_written_formula_and_what_comes_again_stands_below(paid: bool) -> None:
    query, candidates = asked()
    lots, count = np.random.default_rng(9), len(candidates)
    again = np.uint32(1 << 5)
    sources = np.where(lots.random(count) < 0.1, again, 0).astype(np.uint32)
    reputation = lots.uniform(0.5, 1, query.index.size).astype(np.float32)
    query = structs.replace(query, index=replace(query.index, reputation=reputation))
    facts = Candidates(candidates.rows, sources).scored(
        engagement=lots.normal(1, 2, count), business=lots.random(count)
    )
    facts = facts.scored(campaign=lots.random(count) * 30) if paid else facts
    found, scorer = Total(int(again)).score(query, facts), Total(int(again))
    age = np.maximum(query.now - query.index.published_at[candidates.rows], 0)
    freshness = scorer.floor + (1 - scorer.floor) * 0.5 ** (age / scorer.half_life)
    own, engagement = reputation[candidates.rows].astype(np.float64), facts["engagement"]
    score = np.where(engagement >= 0, engagement * own, engagement / own) * freshness
    score += DEFAULT_WEIGHTS["business"] * facts["business"] + DEFAULT_WEIGHTS["campaign"] * facts["campaign"]
    old = sources != 0
    np.testing.assert_allclose(found["freshness"], freshness, rtol=1e-12)
    np.testing.assert_allclose(found["score"][~old], score[~old], rtol=1e-12)
    assert (found["score"][old] <= -AGAIN).all()
    assert (found["reputation"] == own).all()
