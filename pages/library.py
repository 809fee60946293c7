"""The library: every post this account may see, found by words, status, kind and tag."""

from __future__ import annotations

import streamlit as st

from core.domain.account import PUBLISHING_ROLES, Role
from dashboard import access
from dashboard.components.cursor_pager import CursorPager
from dashboard.components.library_filters import library_filters
from dashboard.components.post_grid import post_grid, post_table
from dashboard.context import clock, services
from dashboard.formatting import plural
from dashboard.links import open_page, page_link

PAGE = 24

me = access.require(*Role)
catalog = services().catalog

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Library", width="stretch")
    if me.role in PUBLISHING_ROLES and st.button(
        "Upload", key="to_studio", type="primary", icon=":material/upload:", shortcut="U"
    ):
        open_page("studio")

filters = library_filters(me)
pager = CursorPager("library_pages", filters, labels=("Previous", "Next"))
posts = catalog.find(
    me, text=filters.text, statuses=filters.statuses, kinds=filters.kinds, tags=filters.tags,
    publisher=filters.publisher, order=filters.order, descending=filters.descending, cursor=pager.cursor, limit=PAGE,
)  # fmt: skip
counts = catalog.counts(me, text=filters.text, kinds=filters.kinds, tags=filters.tags, publisher=filters.publisher)

shown = sum(count for status, count in counts.items() if not filters.statuses or status in filters.statuses)
by_status = ", ".join(f"{count} {status.label.lower()}" for status, count in counts.items() if count)
st.caption(f"{plural(shown, 'post')}" + (f" ({by_status})" if by_status else ""))

if posts.items:
    names = catalog.publisher_names(me) if me.role not in PUBLISHING_ROLES else {}
    ids = [post.id for post in posts.items]
    totals, sold = catalog.totals_of(me, ids), services().attribution_results.totals_of(me, ids)
    if filters.view == "Table":
        post_table(posts.items, key="library_table", publishers=names, totals=totals, sold=sold)
    else:
        post_grid(posts.items, key="library_grid", now=clock(), publishers=names, totals=totals, sold=sold)
    pager.buttons(posts.cursor)
elif filters.any:
    with st.container(border=True):
        st.markdown("**No post fits these filters.**")
        st.caption("Search takes words of title, caption, tags and products. Fewer words or another status find more.")
        st.button("Clear all filters", key="clear_filters", icon=":material/filter_alt_off:", on_click=filters.clear)
elif me.role in PUBLISHING_ROLES:
    with st.container(border=True):
        st.markdown("**Nothing here yet.**")
        st.caption("Upload a clip or a picture, write a caption, choose tags and link the products it shows.")
        page_link("studio", "Upload and tag", icon=":material/upload:")
else:
    st.info("No post has been made yet. As soon as a brand or creator uploads one, it is listed here.")
