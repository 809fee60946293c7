"""A catalogue as large as wanted, with people who have tastes: what the feed's benchmarks run on. Generated, always the same."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.bootstrap import Services
from core.domain.campaign_data import CampaignBoard, Running
from core.domain.events import event_mark
from core.domain.model import ModelPublish, ModelQuality, ModelVersion, publish_id
from core.domain.post import Media, MediaKind, Post, PostKind, PostStatus, PostTotals
from core.domain.product import Product
from core.domain.publisher import Publisher, PublisherKind
from core.domain.viewer import Interaction, ViewerState
from core.models.neighbours import Neighbours, width_for
from core.services import model_files

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
            totals.append(PostTotals(id=f"01KAX{number:021}", counts=counts, updated_at=NOW - number * 50))
        if len(totals) == 5_000:
            stores.post_totals.upsert_many(totals)
            totals = []
    stores.post_totals.upsert_many(totals)
    services.stores.live.trending.bump(
        {f"01KAX{rng.randrange(count):021}": rng.random() * 50 for _ in range(500)}, now=NOW
    )


def model(services: Services, count: int) -> None:
    """A model of all posts in force. Its neighbours are drawn by lot from all over the catalogue: none is in a cache by luck."""
    stores, rng = services.stores, np.random.default_rng(5)
    width = width_for(count)
    rows = rng.integers(0, count, (count, width), dtype=np.int32)
    weights = np.tile(np.geomspace(1, 0.05, width, dtype=np.float32), (count, 1))
    made = Neighbours([f"01KAX{number:021}" for number in range(count)], rows, weights)
    with tempfile.TemporaryDirectory(prefix="feedroom-bench-") as folder:
        sha256 = model_files.write(Path(folder), made, {})
        size = model_files.upload(stores.objects, Path(folder), "models/model-1")
    version = ModelVersion(
        id="model-1", number=1, method="by lot", posts=count, quality=ModelQuality(), prefix="models/model-1", bytes=size,
        sha256=sha256, created_by="benchmark", created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    stores.models.insert(version)
    stores.model_publishes.insert(ModelPublish(id=publish_id(1), model=version.id, by="benchmark", at=NOW))


def campaigns(services: Services, count: int) -> None:
    """Two running campaigns of a hundred posts each, far from their goals."""
    rng = random.Random(17)
    running = tuple(
        Running(
            id=f"campaign-{number}",
            name=f"Campaign {number}",
            posts=tuple(f"01KAX{post:021}" for post in rng.sample(range(count), 100)),
            value=0.5,
            max_share=0.1,
            starts_at=NOW - 86_400_000,
            ends_at=NOW + 86_400_000,
            target=1e6,
            ceiling=1_000_000,
        )
        for number in range(2)
    )
    services.stores.campaign_boards.insert(CampaignBoard(at=NOW, running=running, processes=1, updated_at=NOW))


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
            applied=b"".join(event_mark(f"{number}-{event}") for event in range(256)),
            updated_at=NOW - 3_600_000,
        )
        services.stores.live.viewers.write(state, expected_version=0)
