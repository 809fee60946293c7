"""What posts are labelled with and sold from: products, tags, publishers and the sample viewers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from core.domain.account import Account, Role
from core.domain.collection import Page
from core.domain.errors import InvalidInput, NotFound
from core.domain.ids import Millis
from core.domain.product import Product
from core.domain.publisher import Publisher
from core.domain.taxonomy import Facet, Tag, TagStatus
from core.domain.viewer import SampleViewer
from core.services.audit import Audit
from core.services.lifecycle import CATALOGUE
from core.services.stores import Stores

MAX_STOCK = 10_000_000
EVERYBODY = tuple(Role)


def fold(text: str) -> str:
    """Text as it is searched: compatibility forms joined, case folded, spaces single: `fold(" Jhumka ") == "jhumka"`."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def product_search_text(name: str, brand: str, category: str, sku: str, tags: Iterable[str] = ()) -> str:
    """The text under which a product is found."""
    return fold(" ".join((name, brand, category, sku, *tags)))


class Shop:
    """Read the catalogue's surroundings; change a product's stock."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores = stores
        self._audit = audit

    # Products

    def search_products(
        self,
        actor: Account,
        text: str = "",
        *,
        category: str | None = None,
        brand: str | None = None,
        in_stock: bool = False,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[Product]:
        """Products whose name, brand, category, SKU or tags hold every word of `text`, by name order of id, one page.

        A page may hold fewer than `limit` while its cursor continues: only the longest word is looked up in the store.
        """
        actor.require(*EVERYBODY)
        words = sorted(fold(text).split(), key=len, reverse=True)
        where: dict[str, object] = {}
        if words:
            where["search_text"] = {"contains": words[0]}
        if category:
            where["category"] = category
        if brand:
            where["brand"] = brand
        if in_stock:
            where["stock"] = {"gt": 0}
        items: list[Product] = []
        while True:
            page = self._stores.products.find(where, limit=limit, cursor=cursor)
            items += [item for item in page.items if all(word in item.search_text for word in words[1:])]
            cursor = page.cursor
            if items or cursor is None:
                return Page(items, cursor)

    def product(self, actor: Account, id: str) -> Product:
        """One product. Raises NotFound."""
        actor.require(*EVERYBODY)
        return self._stores.products.get(id)

    def products(self, actor: Account, ids: Sequence[str]) -> dict[str, Product]:
        """Those of `ids` that exist, by id."""
        actor.require(*EVERYBODY)
        return self._stores.products.get_many(ids)

    def categories(self, actor: Account) -> dict[str, int]:
        """How many products each category has."""
        actor.require(*EVERYBODY)
        return dict(sorted(self._stores.products.group_counts("category").items()))

    def change_stock(
        self, actor: Account, id: str, stock: int, *, now: Millis, expected_version: int | None = None
    ) -> Product:
        """Set the pieces in stock; the feed's product cards follow at once.

        A brand changes its own products only (others are NotFound to it). Raises InvalidInput, NotFound, Conflict.
        """
        actor.require(Role.BRAND, Role.PRODUCT_MANAGER)
        if not 0 <= stock <= MAX_STOCK:
            raise InvalidInput("stock", stock, f"0 to {MAX_STOCK:,} pieces")
        product = self._stores.products.get(id)
        if actor.role is Role.BRAND and product.brand != self._own_name(actor):
            raise NotFound(f"no product {id!r}", field="id", value=id)
        changed = self._stores.products.patch(
            id, {"stock": stock, "updated_at": now}, expected_version=expected_version or product.version
        )
        self._audit.record(actor, "product.stock", id, now=now, before=str(product.stock), after=str(stock))
        self._stores.live.signals.bump(CATALOGUE)
        return changed

    def _own_name(self, actor: Account) -> str | None:
        publisher = self._stores.publishers.find_one(actor.publisher or "")
        return publisher.name if publisher else None

    # Tags

    def tags(self, actor: Account, *, facet: Facet | None = None) -> list[Tag]:
        """All active tags, by name."""
        actor.require(*EVERYBODY)
        where: dict[str, object] = {"status": TagStatus.ACTIVE}
        if facet is not None:
            where["facet"] = facet
        return sorted(self._stores.tags.each(where), key=lambda tag: (tag.name.casefold(), tag.id))

    def tags_by_facet(self, actor: Account) -> dict[Facet, list[Tag]]:
        """All active tags by facet, facets in their own order."""
        active = self.tags(actor)
        return {facet: [tag for tag in active if tag.facet is facet] for facet in Facet}

    def search_tags(self, actor: Account, text: str, *, facet: Facet | None = None, limit: int = 8) -> list[Tag]:
        """Active tags that fit `text` by name, slug or an alias in any language.

        A whole name comes first, then a name that begins so, then a word that does, then any name that holds it.
        """
        wanted = fold(text)
        if not wanted:
            return []
        ranked = [(rank, tag) for tag in self.tags(actor, facet=facet) if (rank := _fit(tag, wanted)) is not None]
        ranked.sort(key=lambda pair: pair[0])
        return [tag for _, tag in ranked[:limit]]

    def find_tag(self, actor: Account, text: str) -> Tag | None:
        """The tag that `text` names by slug, name or alias; of a merged tag, its heir. None if there is none."""
        actor.require(*EVERYBODY)
        wanted = fold(text)
        known = {tag.id: tag for tag in self._stores.tags.each()}
        found = next((tag for tag in known.values() if wanted in tag_names(tag)), None)
        while found is not None and found.merged_into is not None:
            found = known.get(found.merged_into)
        return found if found is not None and found.status is TagStatus.ACTIVE else None

    # Publishers and viewers

    def publishers(self, actor: Account) -> list[Publisher]:
        """All brands and creators, by name; a brand member or creator sees only their own."""
        actor.require(*EVERYBODY)
        if actor.publisher is not None:
            own = self._stores.publishers.find_one(actor.publisher)
            return [own] if own else []
        return sorted(self._stores.publishers.each(), key=lambda publisher: publisher.name.casefold())

    def publisher(self, actor: Account, id: str) -> Publisher:
        """One publisher; its name is shown beside every public post. Raises NotFound."""
        actor.require(*EVERYBODY)
        return self._stores.publishers.get(id)

    def publisher_names(self, actor: Account, ids: Sequence[str]) -> dict[str, str]:
        """Names by id, for those that exist."""
        actor.require(*EVERYBODY)
        return {key: found.name for key, found in self._stores.publishers.get_many(ids).items()}

    def sample_viewers(self, actor: Account) -> list[SampleViewer]:
        """The viewers whose feed can be looked at, by name."""
        actor.require(Role.PRODUCT_MANAGER)
        return sorted(self._stores.sample_viewers.each(), key=lambda viewer: viewer.name.casefold())

    def sample_viewer(self, actor: Account, id: str) -> SampleViewer:
        """One sample viewer. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.sample_viewers.get(id)


def tag_names(tag: Tag) -> set[str]:
    """Everything a tag answers to, folded: slug, slug with spaces, name and aliases."""
    return {fold(name) for name in (tag.id, tag.id.replace("-", " "), tag.name, *tag.aliases)}


def _fit(tag: Tag, wanted: str) -> tuple[int, int] | None:
    """How well a tag fits, smaller is better; None if it does not."""
    best: tuple[int, int] | None = None
    for name in tag_names(tag):
        if name == wanted:
            rank = 0
        elif name.startswith(wanted):
            rank = 1
        elif f" {wanted}" in f" {name.replace('-', ' ')}":
            rank = 2
        elif wanted in name:
            rank = 3
        else:
            continue
        best = min(best, (rank, len(name))) if best else (rank, len(name))
    return best
