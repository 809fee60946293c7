"""Linking products: the linked ones with picture, price and stock, and a search that adds more."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.account import Account
from core.domain.post import MAX_PRODUCTS
from core.domain.product import Product
from dashboard.components.tiles import Tile, tiles
from dashboard.context import services
from dashboard.formatting import money, plural
from dashboard.links import picture_url


def product_tile(product: Product, *, act: str = "") -> Tile:
    """A product with picture, price and stock."""
    stock = f"{plural(product.stock, 'piece')} in stock" if product.stock else "Out of stock"
    price = money(product.price_minor, product.currency)
    return Tile(
        id=product.id,
        label=f"{act} {product.name}, {price}".strip(),
        image=picture_url(product.image),
        alt=product.name,
        title=product.name,
        lines=(f"{price}, {product.brand}", stock),
        blank="No picture",
        act=act,
    )


def product_picker(
    account: Account, *, prefix: str, on_change: Callable[[], None] | None = None, disabled: bool = False
) -> list[str]:
    """Draw the picker; the linked ids are in session state under `{prefix}:products` and are returned."""
    key = f"{prefix}:products"
    linked: list[str] = list(st.session_state.setdefault(key, []))

    def change(ids: list[str]) -> None:
        st.session_state[key] = ids
        if on_change:
            on_change()

    known = services().shop.products(account, linked)
    if linked:
        tiles(
            [product_tile(known[id], act="" if disabled else "Remove") for id in linked if id in known],
            key=f"{prefix}:linked",
            label="Linked products",
            layout="rows",
            disabled=disabled,
            on_pick=lambda picked: change([other for other in linked if other != picked]),
        )
    if disabled or len(linked) >= MAX_PRODUCTS:
        st.caption(f"{len(linked)} of at most {MAX_PRODUCTS} products are linked.")
        return linked
    searched = st.text_input(
        "Find products to link", key=f"{prefix}:find_products", type="search", live=True,
        placeholder="Name, brand, category or SKU",
    )  # fmt: skip
    if searched:
        page = services().shop.search_products(account, searched, limit=6)
        found = [product for product in page.items if product.id not in linked][:6]
        if not found:
            st.caption(f"No other product fits “{searched}”. Try its brand or its category.")
        tiles(
            [product_tile(product, act="Link") for product in found],
            key=f"{prefix}:found",
            label="Products found",
            layout="rows",
            on_pick=lambda picked: change([*linked, picked]),
        )
    elif not linked:
        st.caption(
            "No product linked yet. A linked product is shown on the post with its price and can be bought there."
        )
    return linked
