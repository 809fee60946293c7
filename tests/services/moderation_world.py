"""A small world for tests of moderation: people, publishers, products, and posts that wait for screening."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from core.domain.account import Account, Role
from core.domain.ids import Millis, new_id
from core.domain.post import Media, MediaKind, Post, PostStatus, StatusChange
from core.domain.product import Product
from core.domain.publisher import Publisher, PublisherKind
from core.services.audit import Audit
from core.services.moderation import Moderation
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW: Millis = 1_795_400_000_000
CLEAN = "Soft linen shirt for summer"
RUDE = "tu chutiya hai"
WORST = "kill yourself"


def account(name: str, role: Role, publisher: str | None = None) -> Account:
    return Account(id=name, email=f"{name}@example.test", name=name.capitalize(), role=role, publisher=publisher)


MINA = account("mina", Role.MODERATOR)
OLEG = account("oleg", Role.MODERATOR)
BRAND = account("nord", Role.BRAND, "nord")
RIVAL = account("rival", Role.BRAND, "rival")
ADMIN = account("ada", Role.ADMINISTRATOR)
MANAGER = account("max", Role.PRODUCT_MANAGER)


@dataclass
class World:
    """Stores in memory with a Moderation over them."""

    stores: Stores = field(default_factory=memory_stores)

    def __post_init__(self) -> None:
        self.audit = Audit(self.stores)
        self.moderation = Moderation(self.stores, self.audit)
        for person in (MINA, OLEG, BRAND, RIVAL, ADMIN, MANAGER):
            self.stores.accounts.insert(person)
        for id in ("nord", "rival"):
            self.stores.publishers.insert(Publisher(id=id, name=id.capitalize(), kind=PublisherKind.BRAND))
        self.stores.products.insert(
            Product(id="shirt", sku="S1", name="Linen shirt", brand="Nord", category="fashion > shirts", price_minor=1)
        )
        self.stores.products.insert(
            Product(id="pills", sku="P1", name="Sleep well", brand="Nord", category="health > medicine", price_minor=1)
        )

    def submitted(
        self,
        caption: str = CLEAN,
        *,
        dhash: str = "a5c3f00f12345678",
        sha256: str | None = None,
        media: bool = True,
        author: str = "nord",
        at: Millis = NOW,
        **fields: object,
    ) -> Post:
        """A post in SCREENING."""
        id = str(fields.pop("id", new_id(at)))
        file = Media(
            kind=MediaKind.VIDEO,
            prefix=f"posts/{id}/m",
            width=720,
            height=1280,
            sha256=hashlib.sha256(id.encode()).hexdigest() if sha256 is None else sha256,
            dhash=dhash,
        )
        post = Post(
            id=id,
            publisher="nord",
            author=author,
            title="A post",
            caption=caption,
            status=PostStatus.SCREENING,
            media=file if media else None,
            history=(StatusChange(status=PostStatus.SCREENING, at=at, by=author),),
            created_at=at,
            updated_at=at,
            **fields,  # type: ignore[arg-type]
        )
        return self.stores.posts.insert(post)

    def queued(self, caption: str = RUDE, at: Millis = NOW, **fields: object) -> Post:
        """A post that was screened, as it stands after."""
        post = self.submitted(caption, at=at, **fields)  # type: ignore[arg-type]
        self.moderation.screen(post.id, now=at)
        return self.post(post.id)

    def post(self, id: str) -> Post:
        return self.stores.posts.get(id)

    def actions(self) -> list[str]:
        """Actions of the audit trail, oldest first."""
        return [line.action for line in self.stores.audit.find(order="at", limit=500).items]
