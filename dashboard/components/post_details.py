"""A post's words for those who read but do not edit, and its audit lines."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.post import Post
from dashboard.components.post_fields import LANGUAGES
from dashboard.components.product_picker import product_tile
from dashboard.components.tag_picker import tag_choices
from dashboard.components.tiles import tiles
from dashboard.context import services
from dashboard.formatting import moment, region_name
from dashboard.literal import literal


def post_details(account: Account, post: Post) -> None:
    """Draw caption, tags, products and facts as text."""
    st.text(post.caption or "No caption.")
    names = tag_choices(account)
    with st.container(horizontal=True, gap="xsmall"):
        for tag in post.tags:
            st.badge(literal(names.get(tag, tag)), color="gray")
    products = services().shop.products(account, post.products)
    if products:
        st.caption("Linked products")
        tiles(
            [product_tile(products[id]) for id in post.products if id in products],
            key="post_products", label="Linked products", layout="rows", disabled=True,
        )  # fmt: skip
    publisher = services().shop.publisher_names(account, [post.publisher]).get(post.publisher, post.publisher)
    facts = {
        "Publisher": publisher,
        "Kind": post.kind.label,
        "Language and region": f"{LANGUAGES.get(post.language, post.language)}, {region_name(post.region)}",
        "Made with AI": "Yes, declared" if post.ai_generated else "Not declared",
        "First live": moment(post.published_at) if post.published_at else "Not yet",
        "Post": post.id,
    }
    st.table(facts, border="horizontal")


def post_audit(account: Account, post: Post) -> None:
    """Draw the audit lines of this post, newest first."""
    lines = services().audit.find(account, subject=post.id).items
    if not lines:
        st.caption("Nobody has changed this post by hand.")
        return
    st.dataframe(
        [
            {
                "When": moment(line.at),
                "Who": line.actor_name,
                "What": line.action,
                "Detail": ", ".join(f"{name}: {value}" for name, value in line.detail.items()),
            }
            for line in lines
        ],
        hide_index=True,
        alt="Audit lines of this post",
    )
