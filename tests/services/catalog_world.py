"""A small catalogue for tests of the catalogue service."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from core.domain.account import Account, Role
from core.domain.post import Media, MediaKind, Post, PostStatus, StatusChange
from core.domain.product import Product
from core.domain.publisher import Publisher, PublisherKind
from core.domain.taxonomy import Facet, Tag, TagStatus
from core.services.audit import Audit
from core.services.catalog import Catalog
from core.services.jobs import Jobs
from core.services.shop import product_search_text
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000


def account(role: Role, publisher: str | None = None) -> Account:
    """An account named for its role."""
    return Account(
        id=f"{role}-{publisher or 'staff'}",
        email=f"{role}@{publisher or 'staff'}.test",
        name=f"{role.label.capitalize()} {publisher or ''}".strip(),
        role=role,
        publisher=publisher,
    )


VIDEO = Media(
    kind=MediaKind.VIDEO,
    prefix="posts/p/m",
    width=1080,
    height=1920,
    duration=12.0,
    poster="poster-1.jpg",
    posters=("poster-1.jpg", "poster-2.jpg"),
    clip="clip.mp4",
    hls="master.m3u8",
)


@dataclass
class World:
    """Two brands, a creator, tags with a merged and a proposed one, two products."""

    stores: Stores = field(default_factory=memory_stores)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.stores)
        self.audit = Audit(self.stores)
        self.catalog = Catalog(self.stores, self.jobs, self.audit)
        self.brand = account(Role.BRAND, "kiln")
        self.rival = account(Role.BRAND, "nord")
        self.creator = account(Role.CREATOR, "asha")
        self.moderator = account(Role.MODERATOR)
        self.manager = account(Role.PRODUCT_MANAGER)
        self.administrator = account(Role.ADMINISTRATOR)
        for person in (self.brand, self.rival, self.creator, self.moderator, self.manager, self.administrator):
            self.stores.accounts.insert(person)
        for name in ("kiln", "nord"):
            self.stores.publishers.insert(Publisher(id=name, name=name.capitalize(), kind=PublisherKind.BRAND))
        self.stores.publishers.insert(Publisher(id="asha", name="Asha Rao", kind=PublisherKind.CREATOR))
        self.tag("saree", "Saree", aliases=("sari", "साड़ी", "сарі"))
        self.tag("diwali", "Diwali", facet=Facet.OCCASION)
        self.tag("linen", "Linen")
        self.tag("sari-drape", "Sari drape", status=TagStatus.MERGED, merged_into="saree")
        self.tag("new-thing", "New thing", status=TagStatus.PROPOSED)
        self.product("silk", "Banarasi silk saree", 899_900)
        self.product("lamp", "Brass lamp", 149_900)

    def tag(self, id: str, name: str, *, facet: Facet = Facet.CATEGORY, **more: object) -> None:
        self.stores.tags.insert(Tag(id=id, name=name, facet=facet, **more))  # type: ignore[arg-type]

    def product(self, id: str, name: str, price: int) -> None:
        self.stores.products.insert(
            Product(
                id=id, sku=id.upper(), name=name, brand="Kiln", category="Home", price_minor=price, stock=5,
                search_text=product_search_text(name, "Kiln", "Home", id.upper()),
            )
        )  # fmt: skip

    def draft(self, *, ready: bool = True, **changes: object) -> Post:
        """A draft of the brand's, complete unless `ready` is False."""
        words = {"title": "Silk", "caption": "Banarasi silk", "tags": ["saree"], "products": ["silk"]} if ready else {}
        post = self.catalog.create_draft(self.brand, now=NOW, changes=words | changes, upload="u1" if ready else None)
        if not ready:
            return post
        return self.stores.posts.patch(post.id, {"media": replace(VIDEO, prefix=f"posts/{post.id}/m")})

    def at(self, status: PostStatus, *, by: str = "feedroom", note: str = "", **changes: object) -> Post:
        """A complete post that has got as far as `status`."""
        post = self.draft(**changes)
        line = StatusChange(status=status, at=NOW, by=by, note=note)
        return self.stores.posts.patch(post.id, {"status": status, "history": (*post.history, line)})

    def queued(self) -> list[tuple[str, str]]:
        """Kind and subject of every job, oldest first."""
        return [(job.kind.value, job.subject) for job in self.stores.jobs.each()]

    def actions(self) -> list[str]:
        """Every audited action, oldest first."""
        return [line.action for line in self.stores.audit.each()]
