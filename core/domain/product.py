"""Products of the shop that posts link to."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.errors import InvalidInput
from core.domain.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product. Prices are in minor units (paise for INR); `stock` in pieces; `image` is an object-store key."""

    id: str
    version: int = 1
    sku: str
    name: str
    brand: str
    category: str
    price_minor: int
    currency: str = "INR"
    list_price_minor: int | None = None
    margin: float = 0.3
    stock: int = 0
    url: str = ""
    image: str = ""
    tags: tuple[str, ...] = ()
    generated: bool = False
    search_text: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        if self.price_minor < 0:
            raise InvalidInput("price_minor", self.price_minor, "a price cannot be below 0")
        if self.stock < 0:
            raise InvalidInput("stock", self.stock, "stock cannot be below 0")
