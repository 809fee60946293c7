"""Upload and tag: files in, words and products on them, off to be checked."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Role
from core.domain.post import PostStatus
from dashboard import access
from dashboard.components.draft_card import draft_card
from dashboard.components.post_fields import save_while_typing
from dashboard.components.submitted_posts import submitted_posts
from dashboard.components.uploader import uploader
from dashboard.context import clock, services
from dashboard.formatting import plural
from dashboard.messages import refusals

DRAFTS_SHOWN = 8

me = access.require(Role.BRAND, Role.CREATOR)

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Upload and tag", width="stretch")
    new = me.publisher and st.button(
        "Draft without a file", key="new_draft", icon=":material/note_add:", type="tertiary"
    )
if new:
    with refusals():
        services().catalog.create_draft(me, now=clock())

if me.publisher is None:
    st.info("An administrator has no posts of their own. These are the drafts of every publisher.")
else:
    uploader(me, key="studio_uploader")

save_while_typing()
submitted_posts(me, now=clock())

counts = services().catalog.counts(me)
drafts = services().catalog.find(
    me, statuses=[PostStatus.DRAFT, PostStatus.FAILED], order="created_at", limit=DRAFTS_SHOWN
)
waiting = counts[PostStatus.DRAFT] + counts[PostStatus.FAILED]

st.subheader("Drafts" if not waiting else plural(waiting, "draft"))
if not drafts.items:
    st.caption(
        "No drafts. Each file you upload becomes one; its words can be written while it is still being processed."
    )
for post in drafts.items:
    draft_card(me, post)
if waiting > len(drafts.items):
    st.caption(f"The newest {len(drafts.items)} are shown. The others are in the library, under the status Draft.")
