"""The demo shop's products, with the shape and colours they are drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from core.demo.material import read, slug
from core.demo.people import publishers
from core.domain.ids import DAY, Millis
from core.domain.product import Product
from core.services.shop import product_search_text


@dataclass(frozen=True, slots=True)
class Looks:
    """How a product is drawn: the name of a shape in `core.demo.art.product` and two colours."""

    shape: str
    main: str
    accent: str


@dataclass(frozen=True, slots=True)
class Item:
    """A product and its looks; `publisher` is the brand's id."""

    product: Product
    looks: Looks
    publisher: str


@cache
def items(now: Millis = 0) -> dict[str, Item]:
    """All products by id, as of `now`."""
    names = {publisher.id: publisher.name for publisher in publishers(now)}
    found: dict[str, Item] = {}
    for brand, shelf in read("products").items():
        for number, row in enumerate(shelf["products"], 1):
            name, category, shape, main, accent, price, list_price, stock, margin, tags = row
            sku = f"{shelf['sku']}-{number:03d}"
            tagged = (category, *tags.split())
            product = Product(
                id=slug(name),
                sku=sku,
                name=name,
                brand=names[brand],
                category=category,
                price_minor=price * 100,
                list_price_minor=list_price * 100 or None,
                margin=margin,
                stock=stock,
                url=f"https://shop.example/p/{sku.lower()}",
                image=f"products/{slug(name)}/card.jpg",
                tags=tagged,
                generated=True,
                search_text=product_search_text(name, names[brand], category, sku, tagged),
                created_at=now - 60 * DAY,
                updated_at=now,
            )
            found[product.id] = Item(product, Looks(shape, main, accent), brand)
    return found
