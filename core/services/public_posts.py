"""Posts as the shopping app may see them: live ones, with signed media and product cards."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.collection import Page
from core.domain.errors import InvalidInput, NotFound
from core.domain.feed import COUNTS, MediaLinks, ProductCard
from core.domain.ids import Millis
from core.domain.post import Post, PostKind, PostStatus, PostTotals
from core.feed.entry import playable
from core.services.feed_cards import Cards
from core.services.stores import Stores

MAX_POSTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPost:
    """A live post. `counts` are likes, shown comments, shares and impressions as far as they are counted."""

    id: str
    kind: PostKind
    title: str
    caption: str
    publisher: str
    publisher_name: str
    tags: tuple[str, ...]
    ai_generated: bool
    media: MediaLinks
    products: tuple[ProductCard, ...]
    published_at: Millis
    counts: dict[str, int]


class PublicPosts:
    """Read live posts; whatever is not live does not exist here."""

    def __init__(self, stores: Stores, cards: Cards) -> None:
        self._posts, self._totals, self._cards = stores.posts, stores.post_totals, cards

    def get(self, id: str, *, now: Millis) -> PublicPost:
        """One live post. Raises NotFound."""
        post = self._posts.find_one(id)
        if post is None or not playable(post):
            raise NotFound(f"no live post {id!r}", field="id", value=id)
        return self._shown([post], now)[0]

    def find(
        self,
        *,
        kind: PostKind | None = None,
        publisher: str | None = None,
        tag: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        now: Millis,
    ) -> Page[PublicPost]:
        """Live posts, the last changed first. Raises InvalidInput naming `limit` or `cursor`."""
        if not 1 <= limit <= MAX_POSTS:
            raise InvalidInput("limit", limit, f"1 to {MAX_POSTS}")
        where: dict[str, object] = {"status": PostStatus.LIVE}
        where |= {"kind": kind} if kind else {}
        where |= {"publisher": publisher} if publisher else {}
        where |= {"tags": {"has": tag}} if tag else {}
        page = self._posts.find(where, order="updated_at", descending=True, limit=limit, cursor=cursor)
        return Page(self._shown([post for post in page.items if playable(post)], now), page.cursor)

    def _shown(self, posts: list[Post], now: Millis) -> list[PublicPost]:
        products = self._cards.product_cards(posts, now=now)
        totals = self._totals.get_many([post.id for post in posts])
        return [
            PublicPost(
                id=post.id,
                kind=post.kind,
                title=post.title,
                caption=post.caption,
                publisher=post.publisher,
                publisher_name=self._cards.publisher_name(post.publisher, now=now),
                tags=post.tags,
                ai_generated=post.ai_generated,
                media=self._cards.links(post, now=now),
                products=tuple(products[id] for id in post.products if id in products),
                published_at=post.published_at or post.created_at,
                counts=_counts(totals.get(post.id)),
            )
            for post in posts
        ]


def _counts(totals: PostTotals | None) -> dict[str, int]:
    held = totals or PostTotals(id="")
    return dict(zip(COUNTS, held.shown, strict=True)) | {"impression": held.counts.get("impression", 0)}
