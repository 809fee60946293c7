"""Are posts that went live after the training found by those who will like them: absent, placed by content, or trained on unseen.

A simulated shop. A part of its posts is late: what viewers did with them before the cut is struck out, and a model is trained on
the rest of that time. After the cut, acts by which a viewer took to a late post that was new to them are looked at: is it among the
first 10, 20 and 200 (what the source of neighbours takes) of the posts that their last 50 acts speak for?

*absent*: the model knows nothing of late posts. *placed*: they get places while it serves. *trained*: they were there at the
training, seen by nobody. `nearness` ranks by neighbours alone; `all` by the feed's sum of neighbours, tags and publishers, without
popularity, which nothing is known of. `chance` is what drawing lots would find.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.demo import tastes
from core.demo.people import KINDS
from core.demo.products import items
from core.demo.taxonomy import read
from core.domain.viewer import RECENT, Interaction
from core.feed.arrival_links import linked
from core.feed.arrivals import Arrived, Tables, compiled
from core.feed.columnar import ColumnWriter
from core.feed.entry import Entry
from core.feed.index import Index
from core.feed.next_item import TAKEN_TO, Acts
from core.feed.scorers.engagement import Engagement
from core.feed.serving_model import Near, ServingModel, usual_unit
from core.models import choose
from core.models.content import DIMENSIONS, contents_of
from core.models.content_features import ContentDoc
from core.models.placing import LEAST_ALIKE, ONE, placing_of, steps
from core.services.model_training import interactions
from tests.benchmarks.harness import Report, run
from tests.benchmarks.session_lift import NOW, only, simulated, tag_affinity

FIRST = (10, 20, 200)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BeforeAct:
    """Before an act: what the viewer had done (places of items, weights, times), and the item that they took to."""

    items: NDArray[np.int64]
    weights: Floats
    at: NDArray[np.int64]
    wanted: int
    now: int


def docs_of(shown: tastes.Shown) -> list[ContentDoc]:
    """What the posts of the simulated shop say about themselves; tags carry those above them already."""
    shop = items()
    return [
        ContentDoc(
            id=id,
            publisher=shown.publisher_ids[shown.publishers[row]],
            kind=KINDS[shown.kinds[row]].value,
            tags=tuple(shown.tag_ids[tag] for tag in np.flatnonzero(shown.tags[row])),
            brands=tuple({shop[one].product.brand for one in shown.plans[row].products}),
            price_minor=max((shop[one].product.price_minor for one in shown.plans[row].products), default=0),
            language=shown.languages[row],
            text=f"{shown.plans[row].title} {shown.plans[row].caption}",
        )
        for row, id in enumerate(shown.ids)
    ]


def index_of(docs: Sequence[ContentDoc]) -> Index:
    """An index that holds all of them."""
    writer = ColumnWriter()
    writer.put(Entry(doc.id, 1, KINDS[0], doc.publisher, "en", "IN", 1, 1, doc.tags, ()) for doc in docs)
    return writer.snapshot(1)


def served(acts: Acts, docs: Sequence[ContentDoc], name: str) -> ServingModel:
    """The model of these acts and posts as a feed process would serve it."""
    contents = contents_of(docs, parents={tag.id: tag.parent for tag in read()})
    made = choose.fit(interactions(acts), contents).neighbours
    placing = placing_of(contents, made.ids)
    return ServingModel(name, made, usual_unit(made.weights), {}, placing)


def asked_of(acts: Acts, late: NDArray[np.bool_], since: int, most: int, seed: int) -> list[BeforeAct]:
    """Acts after the cut by which a viewer took to a late post that was new to them, at most so many, by lot."""
    found: list[BeforeAct] = []
    bounds = np.searchsorted(acts.viewer, np.arange(len(acts.viewers) + 1))
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        met: set[int] = set()
        for place in range(begin, end):
            item = int(acts.item[place])
            if (
                late[item]
                and item not in met
                and acts.at[place] >= since
                and acts.weight[place] >= TAKEN_TO
                and place > begin
            ):
                own = slice(max(begin, place - RECENT), place)
                found.append(BeforeAct(acts.item[own], acts.weight[own], acts.at[own], item, int(acts.at[place])))
            met.add(item)
    chosen = np.random.default_rng(seed).permutation(len(found))[:most]
    return [found[place] for place in chosen.tolist()]


def ranks(
    asked: Sequence[BeforeAct], models: Mapping[str, ServingModel], acts: Acts, shown: tastes.Shown, index: Index
) -> Iterator[tuple[str, int]]:
    """For each model, by each way of ranking, how many posts that the viewer had not met stand before the wanted one."""
    place = {id: row for row, id in enumerate(shown.ids)}
    row_of = np.array([place[item] for item in acts.items])
    weights, rows = Engagement(), np.arange(len(shown.ids), dtype=np.int32)
    lots = np.random.default_rng(1)
    for one in asked:
        history, wanted = row_of[one.items], int(row_of[one.wanted])
        recent = [
            Interaction(post=acts.items[item], kind="like", weight=weight, at=at)
            for item, weight, at in zip(one.items.tolist(), one.weights.tolist(), one.at.tolist(), strict=True)
        ]
        free = np.ones(len(rows), np.bool_)
        free[history] = False
        free[wanted] = True
        fond = tag_affinity(shown.tags, history, one.weights)
        known = np.bincount(shown.publishers[history], 0.5 * one.weights, len(shown.publisher_ids))[shown.publishers]
        rest = weights.tag * fond / (2 + np.abs(fond)) + weights.publisher * known / (1 + np.abs(known))
        tie = lots.random(len(rows))
        for name, model in models.items():
            near = Near(model, index, recent, now=one.now).of(rows)
            for way, scores in (
                ("nearness", near),
                ("all", rest + weights.neighbours * near / (1 + np.abs(near))),
            ):
                better = (scores > scores[wanted]) | ((scores == scores[wanted]) & (tie > tie[wanted]))
                yield f"{name}, {way}", int(np.count_nonzero(better & free))


def measure(report: Report, options: argparse.Namespace) -> None:
    """Train, let the late ones arrive, ask."""
    compiled()
    for posts in options.sizes:
        measure_costs(report, posts)
    world = tastes.build(NOW, seed=options.seed, guests=options.viewers, posts=options.posts)
    acts = simulated(world, options.seed)
    since = int(np.quantile(acts.at, 0.5))
    chosen = np.random.default_rng(options.seed).permutation(len(acts.items))[: int(options.late * len(acts.items))]
    late = np.zeros(len(acts.items), np.bool_)
    late[chosen] = True
    acts = only(acts, ~late[acts.item] | (acts.at >= since))
    docs, gone = docs_of(world.shown), {acts.items[item] for item in chosen.tolist()}
    early = only(acts, acts.at < since)
    models = {
        "absent": served(early, [doc for doc in docs if doc.id not in gone], "absent"),
        "placed": served(early, [doc for doc in docs if doc.id not in gone], "placed"),
        "trained": served(early, docs, "trained"),
    }
    index, placed = index_of(docs), models["placed"].arrivals
    assert placed is not None
    placed.follow(index)
    late_docs = [doc for doc in docs if doc.id in gone]
    placed.place(index, late_docs, len(late_docs))
    for case, wanted in (("late posts", late), ("other posts", ~late)):
        asked = asked_of(acts, wanted, since, options.asked, options.seed)
        report.add(case, "acts", len(asked), "count")
        report.add(case, "posts", int(wanted.sum()), "count")
        found: dict[str, list[int]] = {}
        for name, rank in ranks(asked, models, acts, world.shown, index):
            found.setdefault(name, []).append(rank)
        for first in FIRST:
            report.add(f"{case}, chance", f"hits_{first}", first / len(world.shown.ids), "share")
            for name, places in found.items():
                report.add(f"{case}, {name}", f"hits_{first}", float(np.mean(np.array(places) < first)), "share")


def measure_costs(report: Report, posts: int, late: int = 1_000, acts: int = 50) -> None:
    """What placing takes per post, and what late posts add to a page, in a model of so many posts with vectors by lot."""
    rng = np.random.default_rng(3)
    centres = rng.normal(0, 1, (300, DIMENSIONS))
    vectors = steps(
        (centres[rng.integers(0, 300, posts + late)] + rng.normal(0, 0.8, (posts + late, DIMENSIONS))).astype(
            np.float32
        )
    )
    held, trained = Tables(posts, DIMENSIONS, late), vectors[:posts]
    trained.flags.writeable = False
    held.vectors[:] = vectors[posts:]
    placed: list[float] = []
    for arrival in range(late):
        began = time.process_time()
        linked(
            trained, held.vectors, held.gone, arrival, int(LEAST_ALIKE * ONE * ONE), 1.0 / (ONE * ONE), held.rows, held.weights,
            held.nexts, held.head,
        )  # fmt: skip
        placed.append(time.process_time() - began)
    report.add(f"{posts:,} posts", "placing, per post", float(np.median(placed)) * 1_000, "ms")
    own = np.arange(posts, posts + late, dtype=np.int32)
    seen, tied = Arrived(held, posts, late, own, {}), np.arange(posts, dtype=np.int32)
    numbers = np.sort(rng.permutation(posts)[: min(5_000, posts)]).astype(np.int32)
    history, counts, values = rng.integers(0, posts, acts), np.ones(acts), np.ones(len(numbers))
    began = time.process_time()
    for _ in range(2_000):
        seen.joined(numbers, values, history, counts, tied, posts + late)
    report.add(f"{posts:,} posts", f"{late:,} late posts, per page", (time.process_time() - began) / 2_000 * 1e6, "µs")


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--viewers", type=int, default=2_000, help="guests of the simulated shop")
    parser.add_argument("--posts", type=int, default=2_000, help="posts of the simulated shop")
    parser.add_argument("--late", type=float, default=0.1, help="part of the posts that went live after the training")
    parser.add_argument("--asked", type=int, default=3_000, help="acts that are looked at, of either sort of post")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[100_000], help="posts of models whose costs are measured"
    )
    parser.add_argument("--seed", type=int, default=7)


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("late_posts", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
