"""A few posts, products, tags, cases and viewers for pages to show."""

from __future__ import annotations

from core.bootstrap import Services, clock
from core.domain.ids import HOUR, MINUTE
from core.domain.moderation import Case, Outcome, Screening, Signal
from core.domain.post import Media, MediaKind, Post, PostKind, PostStatus, StatusChange
from core.domain.product import Product
from core.domain.taxonomy import Facet, Tag
from core.domain.viewer import SampleViewer


def fill(services: Services) -> None:
    """Put the small world into empty stores that have the publishers kesari and riya."""
    stores, now = services.stores, clock()
    fill_shop(services)
    for place, status in enumerate(PostStatus):
        stores.posts.insert(_post(place, status, now))
    stores.cases.insert(
        Case(
            id="case-1",
            post=f"post-{PostStatus.IN_REVIEW.value}",
            publisher="kesari",
            priority=1.0,
            screening=Screening(
                outcome=Outcome.QUEUE,
                risk=0.6,
                signals=(Signal(name="text", score=0.6, detail="a medical claim"),),
                rules_version="1",
                at=now,
            ),
            due_at=now + 4 * HOUR,
            created_at=now,
            updated_at=now,
        )
    )


def fill_shop(services: Services) -> None:
    """Tags, a product and a sample viewer, without any post."""
    stores, now = services.stores, clock()
    for id, name, facet in (("saree", "Saree", Facet.CATEGORY), ("diwali", "Diwali", Facet.OCCASION)):
        stores.tags.insert(Tag(id=id, name=name, facet=facet, created_at=now, updated_at=now))
    stores.products.insert(
        Product(
            id="product-1",
            sku="KL-1",
            name="Linen saree, indigo",
            brand="Kesari Looms",
            category="saree",
            price_minor=249_900,
            stock=12,
            search_text="linen saree, indigo",
            created_at=now,
            updated_at=now,
        )
    )
    stores.sample_viewers.insert(
        SampleViewer(id="viewer-1", name="Ananya, 27, Pune", segment="Handloom", likes="sarees", created_at=now)
    )


def _post(place: int, status: PostStatus, now: int) -> Post:
    at = now - place * MINUTE
    id = f"post-{status.value}"
    has_media = status not in (PostStatus.DRAFT, PostStatus.PROCESSING, PostStatus.FAILED)
    return Post(
        id=id, publisher="kesari" if place % 2 == 0 else "riya", author="account-brand", kind=list(PostKind)[place % 4],
        title=f"Linen saree look {place}", caption="Six yards of indigo, worn three ways.", tags=("saree",),
        products=("product-1",), status=status, search_text=f"linen saree look {place}",
        media=Media(
            kind=MediaKind.VIDEO, prefix=f"posts/{id}/m1", width=1080, height=1920, duration=12.0, bytes=2_000_000,
            poster="poster.jpg", posters=("poster.jpg",), preview="preview.mp4", clip="clip.mp4", hls="master.m3u8",
        ) if has_media else None,
        problem="The file is not a video that can be played." if status is PostStatus.FAILED else "",
        history=(StatusChange(status=status, at=at, by="account-brand"),),
        created_at=at, updated_at=at, published_at=at if status is PostStatus.LIVE else None,
    )  # fmt: skip
