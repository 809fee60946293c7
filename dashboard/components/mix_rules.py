"""The rules of the mix in groups: shares of a page, of a session, gaps and caps, pins, weights."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.mix import MAX_EXPLORE
from core.domain.post import PostKind
from dashboard.components.mix_form import MixForm
from dashboard.components.mix_pins import mix_pins

GROUPS: Final = ("Page", "Session", "Gaps and caps", "Pins", "Weights")
_WEIGHTS: Final = {
    "like": "Like", "completion": "Watched to the end", "comment": "Comment", "share": "Share", "follow": "Follow",
    "product_click": "Product click", "add_to_cart": "Added to cart", "order": "Order",
    "not_interested": "Not interested", "report": "Report",
}  # fmt: skip
_VALUES: Final = {
    "business": ("One rupee of expected margin", "What one rupee of expected margin weighs against engagement."),
    "campaign": ("Campaign delivery", "What a delivery of a running campaign weighs against engagement."),
}


def mix_rules(form: MixForm) -> None:
    """Draw the groups as tabs; only the open one is worked out."""
    tabs = st.tabs(list(GROUPS), key="mix_group", on_change="rerun")
    drawn = (_page_shares, _session_shares, _spacing, mix_pins, _weights)
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw(form)


def _page_shares(form: MixForm) -> None:
    st.caption("How much of each kind every page holds, from at least to at most.")
    _shares(form, "shares")


def _session_shares(form: MixForm) -> None:
    st.caption(
        "How much of each kind a viewer gets over one session, whatever the single page holds. 0% to 100% is no rule."
    )
    _shares(form, "session_shares")


def _shares(form: MixForm, group: str) -> None:
    for kind in PostKind:
        with st.container(border=True, gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{kind.label}**", width="content")
                form.shares[kind] = st.empty()
            form.range_slider(group, kind)
            columns = st.columns(2)
            for column, end, label in zip(columns, ("least", "most"), ("at least", "at most"), strict=True):
                with column:
                    # With the kind, for those who hear the name of the field and not what stands above it.
                    form.percent(f"{group}.{kind.value}.{end}", f"{kind.label} {label}")
                    form.price(f"{group}.{kind.value}.{end}", "point")


def _spacing(form: MixForm) -> None:
    st.markdown("**Slots between two of a kind**")
    for pair in (tuple(PostKind)[:2], tuple(PostKind)[2:]):
        for column, kind in zip(st.columns(2), pair, strict=True):
            with column:
                form.whole(f"gap.{kind.value}", kind.label, step="slot")
    st.markdown("**At most so many posts on a page**")
    for column, (name, label) in zip(
        st.columns(3), (("per_publisher", "Of one publisher"), ("per_brand", "Of one brand"), ("per_topic", "Of one topic")),
        strict=True,
    ):  # fmt: skip
        with column:
            form.whole(name, label, step="post", blank="" if name == "per_publisher" else "No limit")
    st.markdown("**Exploration**")
    form.percent(
        "explore", "Slots that try new posts",
        help=f"New posts need to be seen before they can be ranked. Up to {MAX_EXPLORE:.0%} of the slots.",
    )  # fmt: skip


def _weights(form: MixForm) -> None:
    st.caption("What each action is worth, in likes. The score of a post is the sum of its predicted odds times these.")
    names = [name for name in _WEIGHTS if f"weights.{name}" in form.table]
    for start in range(0, len(names), 2):
        for column, name in zip(st.columns(2), names[start : start + 2], strict=False):
            with column:
                form.weight(f"weights.{name}", _WEIGHTS[name])
    st.markdown("**What the business gains**")
    for column, (name, (label, help)) in zip(st.columns(2), _VALUES.items(), strict=True):
        if f"weights.{name}" in form.table:
            with column:
                form.weight(f"weights.{name}", label, help)
