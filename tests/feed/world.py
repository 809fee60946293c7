"""A small catalogue in memory, for tests of the feed."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.post import Media, MediaKind, Post, PostKind, PostStatus
from core.domain.product import Product
from core.domain.publisher import Publisher, PublisherKind
from core.services.delivery import Delivery
from core.services.engagement import Engagement
from core.services.feed import Feed
from core.services.lifecycle import CATALOGUE
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000
TAGS = ("saree", "kurta", "shoes", "phone", "makeup", "snacks")
KINDS = tuple(PostKind)


def make_post(id: str, **fields: object) -> Post:
    """A live post with a clip."""
    base: dict[str, object] = {
        "publisher": "pub-0",
        "author": "account-0",
        "kind": PostKind.UGC,
        "title": f"Post {id}",
        "status": PostStatus.LIVE,
        "media": Media(
            kind=MediaKind.VIDEO,
            prefix=f"posts/{id}/m",
            width=720,
            height=1280,
            duration=9.0,
            poster="poster.jpg",
            clip="clip.mp4",
        ),
        "updated_at": NOW - 60_000,
        "created_at": NOW - 60_000,
        "published_at": NOW - 60_000,
    }
    return Post(id=id, **(base | fields))  # type: ignore[arg-type]


def make_product(id: str, **fields: object) -> Product:
    """A product in stock."""
    base: dict[str, object] = {
        "sku": id, "name": f"Product {id}", "brand": "Kiran", "category": "saree", "price_minor": 99_900, "stock": 5,
        "image": f"products/{id}.jpg", "updated_at": NOW - 60_000,
    }  # fmt: skip
    return Product(id=id, **(base | fields))  # type: ignore[arg-type]


@dataclass
class World:
    """Stores with posts, and the services over them."""

    stores: Stores
    feed: Feed
    engagement: Engagement
    now: int = NOW

    def page_ids(self, viewer: str, **more: object) -> list[str]:
        """The posts of the viewer's next page."""
        return [slot.post for slot in self.feed.page(viewer, now=self.now, **more).slots]  # type: ignore[arg-type]

    def act(self, viewer: str, kind: str, post: str, **more: object) -> None:
        """One accepted event."""
        event = {
            "id": f"{viewer}-{kind}-{post}-{self.now}",
            "viewer": viewer,
            "kind": kind,
            "post": post,
            "at": self.now,
        }
        (result,) = self.engagement.accept([event | more], self.now)
        assert result.status == "accepted", result

    def change(self, id: str, **changes: object) -> None:
        """Change a stored post and tell every feed process."""
        self.stores.posts.patch(id, changes | {"updated_at": self.now})
        self.stores.live.signals.bump(CATALOGUE)


def world(posts: int = 120, publishers: int = 24, stores: Stores | None = None) -> World:
    """`posts` live posts of all kinds in turn, two tags each, over `publishers` publishers."""
    stores = stores or memory_stores()
    for number in range(publishers):
        stores.publishers.insert(Publisher(id=f"pub-{number}", name=f"Publisher {number}", kind=PublisherKind.BRAND))
    stores.products.insert(make_product("prod-0"))
    stores.posts.upsert_many(
        make_post(
            f"post-{number:04}",
            publisher=f"pub-{number % publishers}",
            kind=KINDS[number % 4],
            tags=(TAGS[number % 6], TAGS[(number // 6 + number + 1) % 6])
            if (number // 6 + 1) % 6
            else (TAGS[number % 6],),
            products=("prod-0",) if KINDS[number % 4] is PostKind.PRODUCT else (),
            published_at=NOW - number * 3_600_000,
        )
        for number in range(posts)
    )
    engagement = Engagement(stores)
    return World(stores, Feed(stores, Delivery("s" * 40)), engagement)
