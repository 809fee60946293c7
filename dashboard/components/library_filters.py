"""The library's filter bar, bound to the address so that a search can be shared and found again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from core.domain.account import PUBLISHING_ROLES, Account
from core.domain.post import PostKind, PostStatus
from dashboard.components.tag_picker import tag_choices
from dashboard.context import services

ORDERS: Final[dict[str, tuple[str, bool]]] = {
    "Last changed": ("updated_at", True),
    "Newest": ("created_at", True),
    "Oldest": ("created_at", False),
    "Title": ("title", False),
}
ANYBODY: Final = "All publishers"
_KEYS: Final = ("q", "status", "kind", "tag", "publisher", "sort", "view")


@dataclass(frozen=True, slots=True)
class LibraryFilters:
    """What the bar says."""

    text: str
    statuses: tuple[PostStatus, ...]
    kinds: tuple[PostKind, ...]
    tags: tuple[str, ...]
    publisher: str | None
    order: str
    descending: bool
    view: str

    @property
    def any(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.text or self.statuses or self.kinds or self.tags or self.publisher)

    @staticmethod
    def clear() -> None:
        """Filter nothing; for a button's callback."""
        for key, empty in (("q", ""), ("status", []), ("kind", []), ("tag", []), ("publisher", ANYBODY)):
            if key in st.session_state:
                st.session_state[key] = empty


def library_filters(account: Account) -> LibraryFilters:
    """Draw the bar and return what it says."""
    tags = tag_choices(account)
    everybody = account.role not in PUBLISHING_ROLES
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            "Search", key="q", bind="query-params", type="search", live=True, icon=":material/search:", width=300,
            placeholder="Title, caption, tag or product",
        )  # fmt: skip
        tagged = st.multiselect(
            "Tags", list(tags), key="tag", bind="query-params", format_func=lambda tag: tags[tag], width=240,
            placeholder="Any tag", help="A post must have all of them.",
        )  # fmt: skip
        publisher = _publisher(account) if everybody else None
        sort = st.selectbox("Sort by", list(ORDERS), key="sort", bind="query-params", width=150)
        st.space("stretch")
        view = st.segmented_control(
            "View", ["Posters", "Table"], key="view", bind="query-params", default="Posters", required=True
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        statuses = st.pills(
            "Status", list(PostStatus), key="status", bind="query-params", selection_mode="multi",
            format_func=lambda status: status.label,
        )  # fmt: skip
        kinds = st.pills(
            "Kind", list(PostKind), key="kind", bind="query-params", selection_mode="multi",
            format_func=lambda kind: kind.label,
        )  # fmt: skip
    order, descending = ORDERS[sort]
    return LibraryFilters(
        text=text or "", statuses=tuple(statuses), kinds=tuple(kinds), tags=tuple(tagged), publisher=publisher,
        order=order, descending=descending, view=view or "Posters",
    )  # fmt: skip


def _publisher(account: Account) -> str | None:
    names = services().catalog.publisher_names(account)
    by_name = {name: id for id, name in names.items()}
    chosen = st.selectbox("Publisher", [ANYBODY, *by_name], key="publisher", bind="query-params", width=200)
    return by_name.get(chosen)
