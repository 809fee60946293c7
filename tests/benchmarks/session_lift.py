"""What acts of the running session are worth: how often the next post is among the first 10 and 20, with them and without.

The log is cut in time, and three viewers in ten are held out: a model is chosen and fitted on what the others did before the cut;
after it, sessions are replayed act by act. *Known* viewers bring their history along, *new* viewers begin at the cut.
*Precomputed* scores are those of the training, as a batch makes them when it fits a model. *Fresh* ones are made anew from all that
came since, for every viewer at the moment when a session begins, as no batch could. For both the history is weighted by recency or
evenly, whichever hits more. *Real time* is as the feed serves: the session's own acts count at once. Asked for are posts that a
viewer took to and had not met, from the second act of a session on. Intervals are 95%, from resampling viewers.

Logs: a simulated shop whose viewers come with one of a few topics in mind, one whose tastes never move, MovieLens-100K in the
order of its ratings; or any given with `--interactions`. Where tags and publishers are known, scores are the feed's own sum of
neighbours, tags and publishers (`core.feed.scorers.engagement`); else neighbours alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.demo import behaviour, tastes
from core.feed.near import PAUSE
from core.feed.next_item import AT_SINCE, BEFORE, EVENLY, POPULARITY, Acts, Codes, Scores, replay, scores_of
from core.feed.query import above_usual
from core.feed.scorers.engagement import Engagement
from core.feed.serving_model import usual_unit
from core.feed.viewer_update import weight_of
from core.models import choose
from core.models.interactions import Interactions
from core.models.neighbours import Neighbours
from core.services.model_training import interactions
from tests.benchmarks.harness import Report, run
from tests.support.ranking_protocol import movielens, read_interactions

NOW = 1_795_000_000_000
DAYS = 28
EARLY, NEW = 0.5, 0.3
"""Part of the acts that the model learns from, and of the viewers that it does not know."""
TOPIC = 3.0
"""How much more the posts of the session's topic are liked, in log odds."""
MODEL = "model"

Floats = NDArray[np.float64]


class Leaning(behaviour.Random):
    """Pages by lot, with better chances for what the viewer likes in the long run."""

    def weights(self, world: tastes.World, viewer: int, seen: NDArray[np.bool_]) -> Floats:
        return np.where(seen, self.again, 1.0) * np.exp(0.6 * world.liking[viewer])


def simulated(world: tastes.World, seed: int) -> Acts:
    """The log of a simulated shop."""
    rows = [
        (event.viewer, event.post, weight, event.at)
        for event in behaviour.simulate(world, DAYS, seed, Leaning())
        if event.post and (weight := weight_of(event))
    ]
    viewers = {name: place for place, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    items = {name: place for place, name in enumerate(dict.fromkeys(row[1] for row in rows))}
    return Acts.of(
        list(viewers),
        list(items),
        np.array([viewers[row[0]] for row in rows], np.int64),
        np.array([items[row[1]] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.int64),
    )


def logged(log: Interactions) -> Acts:
    """Acts of a log whose entries are all positive; times that can only be seconds are taken as seconds."""
    viewer = np.repeat(np.arange(len(log.viewers)), log.items_per_viewer())
    at = log.times * (1_000 if len(log.times) and log.times.max() < 10**11 else 1)
    weight = np.ones(len(viewer))
    return Acts.of(log.viewers, log.items, viewer, log.matrix.indices.astype(np.int64), weight, at)


def only(acts: Acts, chosen: NDArray[np.bool_]) -> Acts:
    """Some of the acts, over the same viewers and items."""
    return replace(
        acts, viewer=acts.viewer[chosen], item=acts.item[chosen], weight=acts.weight[chosen], at=acts.at[chosen]
    )


def feed_scores(model: Neighbours, acts: Acts, shown: tastes.Shown, popularity: Floats) -> Scores:
    """What the feed adds up: neighbours, tags and publishers, saturated each, on top of how much a post is liked at all."""
    near, unit, weights = scores_of(model, acts.items), usual_unit(model.weights), Engagement()
    place = {id: row for row, id in enumerate(shown.ids)}
    rows = [place[item] for item in acts.items]
    tags, publishers = shown.tags[rows], shown.publishers[rows]
    liked = np.log(popularity + 5)

    def scores(history: Codes, counts: Floats, sums: Floats) -> Floats:
        parts = (
            (weights.neighbours, 1, near(history, counts, sums) / unit),
            (weights.tag, 2, tag_affinity(tags, history, sums)),
            (weights.publisher, 1, np.bincount(publishers[history], 0.5 * sums, len(shown.publisher_ids))[publishers]),
        )
        return liked + sum(weight * part / (half + np.abs(part)) for weight, half, part in parts)

    return scores


def tag_affinity(tags: Floats, history: Codes, weights: Floats) -> Floats:
    """What acts of these weights on posts (places in `tags`, n × t) make of each post's tags (n,), above what is usual."""
    root = np.sqrt(np.maximum(tags.sum(axis=1), 1))
    above, usual = above_usual(weights @ (tags[history] / root[history, None]), tags.mean(axis=0))
    return np.asarray((tags @ above - usual) / root)


def measure_log(
    report: Report, case: str, acts: Acts, options: argparse.Namespace, shown: tastes.Shown | None = None
) -> None:
    """One log: known viewers, then new ones."""
    since = int(np.quantile(acts.at, EARLY))
    new = np.zeros(len(acts.viewers), np.bool_)
    new[np.random.default_rng(options.seed).permutation(len(new))[: int(NEW * len(new))]] = True
    unknown, early = new[acts.viewer], acts.at < since
    model = choose.fit(interactions(only(acts, ~unknown & early))).neighbours
    popularity = acts.popularity(since)
    scores = scores_of(model, acts.items) if shown is None else feed_scores(model, acts, shown, popularity)
    for who, chosen in (("known", ~unknown), ("new", unknown & ~early)):
        # What the others did before the cut stays in, for popularity; nobody is asked about it.
        replayed = only(acts, chosen | (~unknown & early))
        _measure(report, f"{case}, {who} viewers", replayed, scores, since, options)


def _measure(report: Report, case: str, acts: Acts, scores: Scores, since: int, options: argparse.Namespace) -> None:
    settings: dict[str, Any] = {
        "since": since,
        "session": PAUSE,
        "most_viewers": options.replayed,
        "seed": options.seed,
    }
    for first in (10, 20):
        hits = replay(acts, {MODEL: scores}, first=first, **settings)
        if not len(hits.asked):
            raise SystemExit(f"{case}: no session after the cut has a second act on something new")
        trained, fresh = (
            max((MODEL + way, MODEL + way + EVENLY), key=lambda way: float(hits.hits[way].sum()))
            for way in (AT_SINCE, BEFORE)
        )
        if first == 10:
            report.add(case, "viewers", len(hits.asked), "count")
            report.add(case, "acts", float(hits.asked.sum()), "count")
        ways = {"popularity": POPULARITY, "precomputed": trained, "fresh": fresh, "real_time": MODEL}
        for name, way in ways.items():
            report.add(case, f"{name}_hits_{first}", hits.rate(way).value, "share")
        for name, way in (("lift", trained), ("lift_over_fresh", fresh)):
            lift = hits.lift(MODEL, way)
            report.add(case, f"{name}_{first}", lift.value, "relative")
            report.add(case, f"{name}_{first}_low", lift.low, "relative")
            report.add(case, f"{name}_{first}_high", lift.high, "relative")


def measure(report: Report, options: argparse.Namespace) -> None:
    """The log given, or all cases."""
    if options.interactions is not None:
        measure_log(report, options.interactions.name, logged(read_interactions(options.interactions)), options)
        return
    for case, topic in (("simulator with topics", TOPIC), ("simulator, steady", 0.0)):
        world = tastes.build(NOW, seed=options.seed, guests=options.viewers, posts=options.posts, intent=topic)
        measure_log(report, case, simulated(world, options.seed), options, world.shown)
    if not options.offline:
        try:
            measure_log(report, "MovieLens-100K", logged(movielens()), options)
        except SystemExit as missing:
            sys.stderr.write(f"MovieLens-100K is left out: {missing}\n")


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--interactions", type=Path, metavar="FILE", help="a log as TSV: viewer, item, timestamp")
    parser.add_argument("--viewers", type=int, default=3_000, help="guests of the simulated shop")
    parser.add_argument("--posts", type=int, default=300, help="posts of the simulated shop")
    parser.add_argument("--replayed", type=int, default=1_000, help="viewers whose sessions are replayed")
    parser.add_argument("--offline", action="store_true", help="without MovieLens, which pip fetches")
    parser.add_argument("--seed", type=int, default=7)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("session_lift", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
