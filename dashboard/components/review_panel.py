"""One case on screen: the clip, the words, the reasons to worry, and the decision."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.moderation import BankList, Case, Reason, Verdict
from core.domain.post import Post
from core.domain.review import LIKELY_REASON, REASON_TEXT, CaseView
from dashboard.components import case_evidence
from dashboard.components.case_clock import LOST, case_clock, open_case, version_on_screen
from dashboard.components.case_reports import case_reports
from dashboard.components.marked_text import marked_texts
from dashboard.components.undo_bar import UndoBar
from dashboard.context import clock, services
from dashboard.formatting import ago, clip_length
from dashboard.literal import literal
from dashboard.messages import sentence

undo: Final = UndoBar(
    "verdict",
    {Verdict.APPROVE: "Approved", Verdict.REJECT: "Rejected"},
    lambda me, case: services().moderation.undo(me, case, now=clock()),
    LOST,
)


def review_panel(me: Account, case: Case) -> None:
    """Draw the case that this moderator holds."""
    open_case(case)
    view = services().moderation.view(me, case.id)
    clip, decision = st.columns([4, 5], gap="large")
    with clip:
        case_evidence.case_clip(view)
    with decision:
        _head(me, view)
        _decision(me, view)
        st.subheader("What the check noticed", anchor=False)
        case_evidence.case_signals(case)
        case_reports(me, view.post)
    products, publisher = st.columns([4, 5], gap="large")
    with products:
        st.subheader("Products", anchor=False)
        case_evidence.case_products(view.products)
    with publisher:
        st.subheader("Publisher", anchor=False)
        case_evidence.publisher_record(_publisher(view), view.record)
        trail = st.expander("Audit trail", on_change="rerun", key=f"trail-{case.id}")
        if trail.open:
            with trail:
                case_evidence.case_trail(me, view)


def _head(me: Account, view: CaseView) -> None:
    post, case = view.post, view.case
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _state_badge(case)
        st.badge(literal(_publisher(view)), color="gray")
        if post.ai_generated:
            st.badge("Declared as made by AI", icon=":material/auto_awesome:", color="blue")
        case_clock(me, case)
    st.subheader(literal(post.title or "Untitled"), anchor=False)
    st.caption(_facts(post))
    marked_texts(text for text in view.texts if text.matches or text.field == "caption")


def _decision(me: Account, view: CaseView) -> None:
    case = view.case
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Approve", key="approve", type="primary", icon=":material/check:", shortcut="A",
            on_click=_decide, args=(me, view, Verdict.APPROVE), help="Put the post into the feed",
        )  # fmt: skip
        st.button(
            "Reject", key="reject", icon=":material/close:", shortcut="X",
            on_click=_decide, args=(me, view, Verdict.REJECT), help="Needs a reason",
        )  # fmt: skip
        st.button(
            "Skip", key="skip", type="tertiary", shortcut="S", on_click=_skip, args=(me, case),
            help="Leave it to a colleague",
        )  # fmt: skip
    likely = _likely(case)
    reason = st.pills(
        "Reason for a rejection",
        sorted(Reason, key=lambda reason: reason not in likely),
        format_func=lambda reason: reason.label,
        key=_reason_key(case),
        wrap=True,
        help="Those that the check points to come first.",
    )
    note = st.text_area(
        "Note to the creator", key=_note_key(case), max_chars=500, height=80,
        placeholder="Optional: what exactly is wrong, and where",
    )  # fmt: skip
    if reason is not None:
        st.checkbox(
            "Also block this file, and pictures like it",
            key=_block_key(case),
            help="The next upload of it is held at once.",
        )
        why, next_step = REASON_TEXT[reason]
        with st.container(border=True, gap="xsmall"):
            st.caption("The creator will read")
            st.markdown(f"**{reason.label}.** {why}")
            if note:
                st.text(f"Note from the moderator: {note}")
            st.markdown(f":gray[{next_step}]")


def _decide(me: Account, view: CaseView, verdict: Verdict) -> None:
    case, moderation = view.case, services().moderation
    reason = st.session_state.get(_reason_key(case)) if verdict is Verdict.REJECT else None
    try:
        decided = moderation.decide(
            me, case.id, expected_version=version_on_screen(case), verdict=verdict, reason=reason,
            note=st.session_state.get(_note_key(case)) or "", now=clock(),
        )  # fmt: skip
        if reason is not None and st.session_state.get(_block_key(case)):
            moderation.known.add_post(me, case.post, BankList.BLOCK, note=f"Rejected: {reason.label}", now=clock())
    except CallerError as error:
        st.session_state[LOST] = sentence(error)
        return
    undo.remember(decided.id, verdict, decided.decided_at or clock(), view.post.title or "an untitled post")


def _skip(me: Account, case: Case) -> None:
    try:
        services().moderation.skip(me, case.id, now=clock())
    except CallerError as error:
        st.session_state[LOST] = sentence(error)


def _state_badge(case: Case) -> None:
    if case.sample and case_evidence.is_reported(case):
        st.badge("Live, reported by viewers", icon=":material/flag:", color="orange")
    elif case.sample:
        st.badge("Live, sample check", icon=":material/fact_check:", color="blue")
    elif case.held:
        st.badge("On hold", icon=":material/pause_circle:", color="red")
    else:
        st.badge("In review", icon=":material/schedule:", color="orange")


def _facts(post: Post) -> str:
    parts = [f"Submitted {ago(post.updated_at, clock())}", post.kind.label]
    if post.media is not None:
        parts += [clip_length(post.media.duration)] if post.media.duration else []
        parts.append(f"{post.media.width}×{post.media.height}")
    if post.tags:
        parts.append(literal(", ".join(post.tags)))
    return " · ".join(parts)


def _likely(case: Case) -> set[Reason]:
    return {
        LIKELY_REASON[signal.name]
        for signal in case.screening.signals
        if signal.name in LIKELY_REASON and signal.score > 0
    }


def _publisher(view: CaseView) -> str:
    return view.publisher.name if view.publisher else "Unknown publisher"


def _reason_key(case: Case) -> str:
    return f"reason-{case.id}"


def _note_key(case: Case) -> str:
    return f"note-{case.id}"


def _block_key(case: Case) -> str:
    return f"block-{case.id}"
