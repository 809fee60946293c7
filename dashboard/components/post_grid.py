"""Posts as posters and as a table; picking one opens its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from core.domain.attribution import Sums
from core.domain.ids import Millis
from core.domain.post import Post, PostStatus, PostTotals
from dashboard.components.status_timeline import status_colour
from dashboard.components.tiles import Tile, tiles
from dashboard.formatting import ago, clip_length, local, money, short_number
from dashboard.links import media_links, open_page, page_path

UNTITLED: Final = "Untitled"
_NOTHING = PostTotals(id="")


def title_of(post: Post) -> str:
    """What a post is called in a list."""
    return post.title or post.caption.split("\n", 1)[0][:80] or UNTITLED


def post_tile(
    post: Post,
    *,
    now: Millis,
    publisher: str = "",
    totals: PostTotals | None = None,
    sold: Sums | None = None,
    with_status: bool = True,
) -> Tile:
    """A post's poster with its title, publisher, reach, what it sold, and status."""
    links = media_links(post)
    seen = (totals or _NOTHING).counts.get("impression", 0)
    reach = f"{short_number(seen)} views, " if seen else ""
    brought = f"{money(sold.revenue_minor)} sold" if sold and sold.orders else ""
    title = title_of(post)
    return Tile(
        id=post.id,
        label=f"{title}, {post.status.label}, {post.kind.label}",
        image=links.poster,
        alt=f"Poster of {title}",
        title=title,
        lines=tuple(line for line in (publisher, f"{reach}{ago(post.updated_at, now)}", brought) if line),
        badges=(((post.status.label, status_colour(post.status)),) if with_status else ())
        + ((post.kind.label, "gray"),),
        corner=clip_length(links.duration) if links.duration else "",
        preview=links.preview,
        blank="The media is being made" if post.upload and not post.problem else "No media yet",
        href=page_path("post", id=post.id),
    )


def post_grid(
    posts: Sequence[Post],
    *,
    key: str,
    now: Millis,
    publishers: Mapping[str, str],
    totals: Mapping[str, PostTotals],
    sold: Mapping[str, Sums] | None = None,
    size: int = 168,
) -> None:
    """Draw posters; picking one opens its page."""
    items = [
        post_tile(
            post,
            now=now,
            publisher=publishers.get(post.publisher, ""),
            totals=totals.get(post.id),
            sold=(sold or {}).get(post.id),
        )
        for post in posts
    ]
    if picked := tiles(items, key=key, label="Posts", size=size, ratio="4 / 5"):
        open_page("post", id=picked)


def post_table(
    posts: Sequence[Post],
    *,
    key: str,
    publishers: Mapping[str, str],
    totals: Mapping[str, PostTotals],
    sold: Mapping[str, Sums] | None = None,
) -> None:
    """Draw one row per post; selecting a row opens its page."""
    rows = [
        {
            "Poster": media_links(post).poster,
            "Title": title_of(post),
            **({"Publisher": publishers.get(post.publisher, "")} if publishers else {}),
            "Status": [post.status.label],
            "Kind": post.kind.label,
            "Views": (found := totals.get(post.id, _NOTHING)).counts.get("impression", 0),
            "Likes": found.counts.get("like", 0),
            "Product clicks": found.counts.get("product_click", 0),
            "Orders": (brought := (sold or {}).get(post.id, Sums())).orders,
            "Revenue": brought.revenue_minor / 100,
            "Changed": local(post.updated_at),
        }
        for post in posts
    ]
    chosen = st.dataframe(
        pd.DataFrame(rows),
        key=key,
        hide_index=True,
        row_height=56,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        alt="Posts with their status and reach",
        column_config={
            "Poster": st.column_config.ImageColumn(width=56),
            "Title": st.column_config.TextColumn(width="medium"),
            "Status": st.column_config.MultiselectColumn(
                options=[status.label for status in PostStatus],
                color=[status_colour(status) for status in PostStatus],
                width="small",
            ),
            "Kind": st.column_config.TextColumn(width=100),
            "Orders": st.column_config.NumberColumn(help="Orders that the post brought, by the last click or view."),
            "Revenue": st.column_config.NumberColumn(format="₹%,.0f"),
            "Changed": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=150),
        },
    )
    if rows_chosen := chosen.selection.rows:
        open_page("post", id=posts[rows_chosen[0]].id)
