"""A page of 20 in process, whole: live state read, pipeline, slots filled, live state and log written.

Real stores: SQLite documents and event log, an embedded Valkey. Viewers have tastes and have seen posts. One thread, because
one core is the measure. `--million` adds a catalogue of 1,000,000 posts (some minutes and 3 GB of disk).
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.bootstrap import Services, open_stores
from core.domain.feed import FeedPage
from core.domain.post import Media, MediaKind, Post, PostKind, PostStatus, PostTotals
from core.domain.product import Product
from core.domain.publisher import Publisher, PublisherKind
from core.domain.viewer import Interaction, ViewerState
from core.settings import Settings
from tests.benchmarks.harness import Report, median, p99, ratio, run

NOW = 1_795_000_000_000
TAGS = [f"tag-{number}" for number in range(150)]
KINDS = [kind for kind, weight in zip(PostKind, (60, 12, 13, 15), strict=True) for _ in range(weight)]
PRODUCTS = 2_000


def posts_of(count: int) -> Iterator[Post]:
    """Posts as a shop has them: few publishers have many, few tags are on many."""
    rng = random.Random(count)
    for number in range(count):
        publisher = int(rng.paretovariate(1.1)) % max(count // 20, 50)
        tags = {TAGS[min(int(rng.expovariate(0.03)), 149)] for _ in range(4)}
        age = int(rng.expovariate(1 / (60 * 86_400_000)))
        kind = rng.choice(KINDS)
        products = (f"prod-{rng.randrange(PRODUCTS)}",) if kind is not PostKind.EDUCATIONAL else ()
        id = f"01KAX{number:021}"
        yield Post(
            id=id,
            publisher=f"pub-{publisher}",
            author="account",
            kind=kind,
            title=f"A clip about {min(tags)} number {number}",
            caption="Three ways to wear it, and which one suits a wedding in the rain. " * 3,
            tags=tuple(sorted(tags)),
            products=products,
            status=PostStatus.LIVE,
            media=Media(
                kind=MediaKind.VIDEO, prefix=f"posts/{id}/m", width=1080, height=1920, duration=14.0, poster="poster.jpg",
                preview="preview.mp4", clip="clip.mp4", hls="master.m3u8", rungs=(1080, 720, 480),
            ),
            created_at=NOW - age,
            updated_at=NOW - age,
            published_at=NOW - age,
        )  # fmt: skip


def fill(services: Services, count: int) -> None:
    """Posts, products, publishers, and totals of three posts in four."""
    stores, rng = services.stores, random.Random(7)
    stores.products.upsert_many(
        Product(id=f"prod-{n}", sku=f"sku-{n}", name=f"Product {n}", brand="Kiran", category="saree", price_minor=99_900,
                stock=n % 20, image=f"products/prod-{n}.jpg", updated_at=NOW - 90 * 86_400_000)
        for n in range(PRODUCTS)
    )  # fmt: skip
    publishers = [
        Publisher(id=f"pub-{n}", name=f"Publisher {n}", kind=PublisherKind.CREATOR) for n in range(max(count // 20, 50))
    ]
    stores.publishers.upsert_many(publishers)
    batch: list[Post] = []
    for post in posts_of(count):
        batch.append(post)
        if len(batch) == 5_000:
            stores.posts.upsert_many(batch)
            batch = []
    stores.posts.upsert_many(batch)
    totals = []
    for number in range(count):
        if number % 4:
            shown = int(rng.paretovariate(0.7)) * 20
            likes = sum(rng.random() < 0.05 for _ in range(min(shown, 200))) * max(shown // 200, 1)
            counts = {"impression": shown, "like": likes, "completion": shown // 3}
            totals.append(PostTotals(id=f"01KAX{number:021}", counts=counts, updated_at=NOW - 1_000))
        if len(totals) == 5_000:
            stores.post_totals.upsert_many(totals)
            totals = []
    stores.post_totals.upsert_many(totals)
    services.stores.live.trending.bump(
        {f"01KAX{rng.randrange(count):021}": rng.random() * 50 for _ in range(500)}, now=NOW
    )


def people(services: Services, posts: int, viewers: int, seen: int) -> None:
    """Viewers with tastes of ten tags, five follows, fifty recent acts, and `seen` posts seen."""
    rng = random.Random(11)
    for number in range(viewers):
        ids = [f"01KAX{row:021}" for row in rng.sample(range(posts), seen)]
        state = ViewerState(
            viewer=f"viewer-{number}",
            recent=tuple(
                Interaction(post=id, kind="like", weight=1.0, at=NOW - 5_000 + n) for n, id in enumerate(ids[:50])
            ),
            tags={rng.choice(TAGS): rng.uniform(-0.5, 3) for _ in range(10)},
            publishers={f"pub-{rng.randrange(50)}": rng.uniform(0, 2) for _ in range(5)},
            follows=tuple({f"pub-{rng.randrange(50)}" for _ in range(5)}),
            seen=tuple(ids),
            applied=tuple(f"{number}-{event}" for event in range(200)),
            updated_at=NOW - 3_600_000,
        )
        services.stores.live.viewers.write(state, expected_version=0)


def measure_size(report: Report, options: argparse.Namespace, count: int) -> float:
    """One catalogue size; returns the median in milliseconds."""
    case = f"{count:,} posts"
    with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder:
        settings = Settings(data=Path(folder), secret="b" * 40)
        services = Services(settings, open_stores(settings))
        try:
            fill(services, count)
            people(services, count, options.viewers, options.seen)
            before = _memory()
            started = time.perf_counter()
            services.feed.warm_up(now=NOW)
            report.add(case, "index built", time.perf_counter() - started, "s")
            report.add(case, "index memory", _memory() - before, "MB")
            gc.collect()
            gc.freeze()
            return _pages(report, case, services, options)
        finally:
            services.stores.live.close()
            services.stores.documents.close()
            services.stores.log.close()


def _pages(report: Report, case: str, services: Services, options: argparse.Namespace) -> float:
    rng = random.Random(13)
    seconds: list[float] = []
    stages: dict[str, list[float]] = defaultdict(list)
    for turn in range(options.requests + options.requests // 5):
        viewer = f"viewer-{rng.randrange(options.viewers)}"
        started = time.perf_counter()
        page: FeedPage = services.feed.page(viewer, now=NOW + turn)
        taken = time.perf_counter() - started
        if len(page.slots) != 20 or any(stage.failed for stage in page.stages):
            raise RuntimeError(f"not a whole page: {page.notes} {page.stages}")
        if turn >= options.requests // 5:
            seconds.append(taken)
            for stage in page.stages:
                stages[stage.stage].append(stage.milliseconds)
    report.add(case, "median_ms", median(seconds) * 1_000, "ms")
    report.add(case, "p99_ms", p99(seconds) * 1_000, "ms")
    for stage, times in stages.items():
        report.add(case, f"stage {stage}", median(times), "ms")
    return median(seconds) * 1_000


def measure(report: Report, options: argparse.Namespace) -> None:
    """Every size, and what the largest costs of the smallest."""
    sizes = [*options.posts, *([1_000_000] if options.million else [])]
    medians = [measure_size(report, options, size) for size in sizes]
    if len(medians) > 1:
        report.add(f"{sizes[-1]:,} / {sizes[0]:,} posts", "ratio", ratio(medians[-1], medians[0]), "×")


def _memory() -> float:
    """Resident memory of this process in MB, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024**2


def options(parser: argparse.ArgumentParser) -> None:
    """The benchmark's own flags."""
    parser.add_argument("--posts", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="also 1,000,000 posts")
    parser.add_argument("--requests", type=int, default=1_500)
    parser.add_argument("--viewers", type=int, default=2_000)
    parser.add_argument("--seen", type=int, default=200, help="posts that each viewer has seen before")


def main(argv: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("feed_latency", measure, argv, options)


if __name__ == "__main__":
    raise SystemExit(main())
