"""One viewer's page under two mixes, side by side: what is only on one, what stands elsewhere, what each is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.feed import FeedPage, Slot
from core.domain.mix import MixPolicy
from core.domain.viewer import ViewerState
from core.services.mix_drafts import DRAFT
from core.services.mix_effects import PageValue, page_value
from dashboard.components.mix_bars import mix_bars
from dashboard.components.phone_frame import phone_frame
from dashboard.components.preview_session import PreviewSession, act_as_viewer, next_page
from dashboard.components.slot_trace import slot_tile
from dashboard.components.tiles import tiles
from dashboard.context import services
from dashboard.formatting import money, number, percent, plural
from dashboard.links import page_link
from dashboard.literal import literal

NOTHING: Final = "none"


@dataclass(frozen=True, slots=True)
class _Side:
    key: str
    page: FeedPage
    mix: MixPolicy | None
    worth: PageValue

    @property
    def name(self) -> str:
        return f"{self.mix.name} ({self.mix.id})" if self.mix and self.mix.id != DRAFT else "Draft of the mix page"


def compare_control(account: Account, *, disabled: bool) -> MixPolicy | None:
    """Draw the choice of a second mix; None for no comparison."""
    versions = {policy.id: policy for policy in services().mix.versions(account)}
    choices = {NOTHING: "Nothing", DRAFT: "Draft of the mix page"}
    choices |= {id: f"{policy.name} ({id})" for id, policy in versions.items()}
    # Bound by hand: a bound selectbox would put its words into the address, and links know ids.
    if "compare" not in st.session_state:
        asked = st.query_params.get("compare", NOTHING)
        st.session_state["compare"] = asked if asked in choices else NOTHING
    chosen = st.selectbox(
        "Compare with", list(choices), key="compare", format_func=choices.__getitem__, width=230, disabled=disabled,
        help="The same viewer, the same lots, another mix. Not while looking counts as shown.", on_change=_to_address,
    )  # fmt: skip
    if disabled or chosen == NOTHING:
        return None
    if chosen != DRAFT:
        return versions.get(chosen)
    return services().mix_drafts.work(account).policy


def draft_refused(account: Account) -> None:
    """If the draft was chosen to compare with and cannot be, say in place of it why, and where to put it right."""
    if st.session_state.get("compare") != DRAFT or not (refusals := services().mix_drafts.work(account).refusals):
        return
    said = "\n".join(f"- {literal(f'{refusal.message} {refusal.remedy}')}" for refusal in refusals)
    st.warning(
        f"No page can keep the settings of the draft, so there is nothing to compare with:\n{said}",
        icon=":material/rule:",
    )
    page_link("mix", "Put them right on the mix page", icon=":material/tune:")


def _to_address() -> None:
    chosen = st.session_state["compare"]
    if chosen == NOTHING:
        st.query_params.pop("compare", None)
    else:
        st.query_params["compare"] = chosen


def preview_compare(account: Account, session: PreviewSession, mix: MixPolicy, state: ViewerState) -> None:
    """Draw both pages: as phones, as lists, or as shares and prices."""
    other = session.under(account, mix)
    left = _Side("phone", session.page, services().preview.policy(account, session.page), page_value(session.page))
    right = _Side("phone_other", other, mix, page_value(other))
    _in_words(left.page, other)
    views = st.tabs(["Phones", "Slots", "Mix and prices"], key="compare_view", on_change="rerun")
    drawn: tuple[Callable[[_Side, _Side], None], ...] = (
        lambda side, _: _phone(account, session, side, state),
        _slots,
        lambda side, _: _mix(side),
    )
    for view, draw in zip(views, drawn, strict=True):
        if view.open:
            with view:
                for column, (side, against) in zip(
                    st.columns(2, gap="large"), ((left, right), (right, left)), strict=True
                ):
                    with column:
                        _head(side, against if side is right else None)
                        draw(side, against)


def _in_words(left: FeedPage, right: FeedPage) -> None:
    mine, theirs = {slot.post: slot.position for slot in left.slots}, {slot.post: slot.position for slot in right.slots}
    moved = sum(theirs.get(post, place) != place for post, place in mine.items())
    only = len(mine.keys() - theirs.keys())
    if not only and not moved and len(mine) == len(theirs):
        st.info("Both mixes make the same page for this viewer.", icon=":material/equal:")
        return
    st.markdown(
        f"**{plural(only, 'post')} of {len(mine)} only on the left, {plural(len(theirs.keys() - mine.keys()), 'post')} only on "
        f"the right, {moved} in another slot.**"
    )


def _head(side: _Side, against: _Side | None) -> None:
    st.markdown(f"**{literal(side.name)}**")
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(
            f"Engagement {number(side.worth.engagement, 3)} a slot{_change(side, against, 'engagement')}", color="blue",
            help="Expected worth of what the viewer does, in likes, as a mean over the slots.",
        )  # fmt: skip
        st.badge(
            f"Business {money(100 * side.worth.business)} a slot{_change(side, against, 'business')}", color="blue",
            help="Expected margin of orders, as a mean over the slots.",
        )  # fmt: skip


def _change(side: _Side, against: _Side | None, what: str) -> str:
    if against is None or not (base := getattr(against.worth, what)) > 0:
        return ""
    change = getattr(side.worth, what) / base - 1
    return f" ({'+' if change > 0 else ''}{number(change * 100, 1)}%)"


def _phone(account: Account, session: PreviewSession, side: _Side, state: ViewerState) -> None:
    phone_frame(
        side.page, key=side.key, liked=state.liked, follows=state.follows, fresh=session.fresh,
        on_act=lambda kind, slot: act_as_viewer(account, session, kind, slot, side.page),
        on_next=lambda: next_page(account, session),
    )  # fmt: skip


def _slots(side: _Side, against: _Side) -> None:
    places = {slot.post: slot.position for slot in against.page.slots}
    tiles(
        [slot_tile(slot, *_marks(slot, places), (slot.kind.label, "gray")) for slot in side.page.slots],
        key=f"{side.key}_slots",
        label=f"Slots under {side.name}",
        layout="list",
        disabled=True,
    )


def _marks(slot: Slot, places: dict[str, int]) -> list[tuple[str, str]]:
    if slot.post not in places:
        return [("Only here", "green")]
    there = places[slot.post]
    return [] if there == slot.position else [(f"slot {there + 1} there", "orange")]


def _mix(side: _Side) -> None:
    mix_bars(side.page, side.mix, key=f"{side.key}_mix")
    price_list(side.page)


def price_list(page: FeedPage) -> None:
    """Draw the price of every rule that binds this page."""
    worth = page_value(page)
    if not worth.prices:
        st.caption("No rule costs this page anything.")
        return
    st.markdown("**Price of the rules**")
    st.markdown(
        "\n".join(
            f"- {literal(rule)}: **−{percent(price, 2)}** per {_step(rule)}" for rule, price in worth.prices.items()
        )
    )
    st.caption("The part of this page's expected engagement that one more step of the rule takes.")


def _step(rule: str) -> str:
    if "gap" in rule:
        return "slot"
    if rule.startswith("pin"):
        return "pin"
    return "post" if " of one " in rule else "percentage point"
