"""Logs of interactions for benchmarks, and the protocol of Microsoft Recommenders' MovieLens table.

All ratings are positive. Of each item's interactions a random 75% are for training (an item of one interaction is in the test
part only), the rest is to be found; the first 10 of a ranking of all items but those of the viewer's training part are compared
with it. See `core.statistics.ranking` for the metrics.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.models.interactions import Interactions
from core.statistics.ranking import Ranked, best_items, rank_metrics

WHEEL = "recbole==1.2.1"
INSIDE = "recbole/dataset_example/ml-100k/ml-100k.inter"
TRAIN = 0.75
BATCH = 256

Rows = NDArray[np.int64]
Score = Callable[[Rows], NDArray[np.floating]]
"""Scores (m, items) of the viewers at these places of the training part."""


def movielens() -> Interactions:
    """MovieLens-100K out of the recbole wheel, which pip fetches into a temporary folder; its licence forbids passing it on."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("recbole-*.whl"))
        if done.returncode or not wheels:
            raise SystemExit(f"pip could not fetch {WHEEL}: {done.stderr.strip()}; --interactions takes a file instead")
        with zipfile.ZipFile(wheels[0]) as wheel:
            lines = wheel.read(INSIDE).decode().splitlines()[1:]
    fields = (line.split("\t") for line in lines)
    return Interactions.of(((viewer, item, 1.0, int(float(at))) for viewer, item, _, at in fields), cap=1.0)


def read_interactions(path: Path) -> Interactions:
    """A log as TSV: viewer, item, timestamp in any unit; a first line whose timestamp is no number is a header.

    Raises SystemExit naming the line that cannot be read.
    """

    def rows() -> Iterator[tuple[str, str, float, int]]:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                fields = line.rstrip("\r\n").split("\t")
                try:
                    viewer, item, at = fields[0], fields[1], int(float(fields[2]))
                except (IndexError, ValueError, OverflowError):
                    if number == 1:
                        continue
                    raise SystemExit(f"{path}, line {number}: viewer, item and timestamp are needed, by tabs") from None
                yield viewer, item, 1.0, at

    return Interactions.of(rows(), cap=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What is learned from and what is to be found, over the same viewers and items; `people` are the viewers who are asked."""

    train: Interactions
    test: Interactions
    people: Rows

    @classmethod
    def random(cls, interactions: Interactions, seed: int, most: int = 10_000) -> Split:
        """A random split, stratified by item. Viewers with nothing in one of the parts are not asked, nor more than `most`."""
        items = interactions.matrix.indices
        rng = np.random.default_rng(seed)
        order = np.lexsort((rng.random(len(items)), items))
        counts = interactions.viewers_per_item()
        starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
        rank = np.empty(len(items), dtype=np.int64)
        rank[order] = np.arange(len(items)) - starts[items[order]] + 1
        learned = rank <= TRAIN * counts[items]
        train, test = interactions.where(learned), interactions.where(~learned)
        people = np.flatnonzero((train.items_per_viewer() > 0) & (test.items_per_viewer() > 0))
        if len(people) > most:
            people = np.sort(rng.choice(people, most, replace=False))
        return cls(train, test, people)

    def inner(self, seed: int) -> Split:
        """The training part split again, for choosing settings: the test part is not looked at."""
        return Split.random(self.train, seed)

    def measure(self, score: Score, k: int = 10) -> Ranked:
        """Metrics of the first k, what a viewer has had left out."""
        lists = [
            best_items(score(part), k, self.train.matrix[part])
            for start in range(0, len(self.people), BATCH)
            if len(part := self.people[start : start + BATCH])
        ]
        return rank_metrics(np.concatenate(lists), self.test.matrix[self.people])
