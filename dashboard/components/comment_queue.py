"""Comments that wait for a moderator: each with what was noticed, and the decision beside it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.comment import Comment, CommentQueue, CommentState, CommentView
from core.domain.errors import CallerError
from core.domain.ids import Millis
from core.domain.moderation import Reason, Signal, Verdict
from core.domain.report import ReportReason
from core.domain.review import LIKELY_REASON
from dashboard.components.case_evidence import signal_name
from dashboard.components.cursor_pager import CursorPager
from dashboard.components.marked_text import with_marks
from dashboard.components.undo_bar import UndoBar
from dashboard.context import clock, services
from dashboard.formatting import ago, moment, plural
from dashboard.links import page_link
from dashboard.literal import literal
from dashboard.messages import sentence

LOST: Final = "comment_lost"
undo: Final = UndoBar(
    "comment",
    {Verdict.APPROVE: "Shown", Verdict.REJECT: "Removed"},
    lambda me, comment: services().comment_review.undo(me, comment, now=clock()),
    LOST,
)
_PAGE: Final = 12
_REASONS: Final = (
    Reason.HATE, Reason.SPAM, Reason.PERSONAL_DATA, Reason.ADULT, Reason.VIOLENCE, Reason.MISLEADING_CLAIM,
    Reason.PROHIBITED_ITEM, Reason.COUNTERFEIT,
)  # fmt: skip
_EMPTY: Final = {
    CommentQueue.HELD: "No comment waits. Those with bad words, contact details or links appear here before anybody sees them.",
    CommentQueue.REPORTED: "No visible comment is reported. Reports of three viewers hide a comment until somebody has looked.",
}


def comment_queue(me: Account, which: CommentQueue) -> None:
    """Draw one queue, page by page."""
    pager = CursorPager(f"comments_{which}", which, labels=("Previous", "Next"))
    page = services().comment_review.queue(me, which, now=clock(), limit=_PAGE, cursor=pager.cursor)
    if not page.items:
        st.info(_EMPTY[which], icon=":material/forum:")
    for view in page.items:
        _card(me, view)
    pager.buttons(page.cursor)


def decisions(me: Account) -> None:
    """Draw one's own verdicts of the last day."""
    decided = services().comment_review.decisions(me, now=clock())
    if not decided:
        st.info("You have decided no comment in the last 24 hours.", icon=":material/gavel:")
        return
    st.dataframe(
        [
            {
                "Comment": comment.text,
                "Verdict": "Shown" if comment.state is CommentState.SHOWN else "Removed",
                "Reason": comment.reason.label if comment.reason else "",
                "Note": comment.note,
                "When": moment(comment.decided_at),
            }
            for comment in decided
        ],
        hide_index=True,
        alt="Your verdicts of the last 24 hours, newest first",
        column_config={"Comment": st.column_config.TextColumn(width="large")},
    )


def _card(me: Account, view: CommentView) -> None:
    comment, now = view.comment, clock()
    with st.container(border=True, key=f"comment-{comment.id}", gap="small"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            if comment.urgent:
                st.badge("Urgent", icon=":material/priority_high:", color="red")
            for signal in comment.signals:
                if signal.score > 0 or not signal.available:
                    st.badge(signal_name(signal), color=_colour(signal), help=literal(signal.detail))
            for reason, count in sorted(view.reasons.items(), key=lambda item: -item[1]):
                often = f", {count} times" if count > 1 else ""
                st.badge(
                    f"Reported: {ReportReason(reason).label.lower()}{often}", icon=":material/flag:", color="orange"
                )
            if comment.edited_at:
                st.badge("Edited", color="gray")
            if not view.post_live:
                st.badge("The post is not live", color="gray")
        if view.parent_text:
            st.caption(f"Answers: {literal(view.parent_text[:160])}")
        st.markdown(with_marks(view.marked.text, view.marked.matches))
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            page_link("post", literal(view.post_title[:60]), icon=":material/smart_display:", id=comment.post)
            st.caption(_writer(view, now))
        _buttons(me, comment)


def _writer(view: CommentView, now: Millis) -> str:
    parts = [f"Writer {view.writer}", ago(view.comment.created_at, now)]
    if view.removed_lately:
        parts.append(f"{plural(view.removed_lately, 'comment')} of this writer removed lately")
    if view.held_first:
        parts.append("every comment of this writer waits first")
    if view.comment.likes:
        parts.append(plural(view.comment.likes, "like"))
    return ", ".join(parts)


def _buttons(me: Account, comment: Comment) -> None:
    with st.container(horizontal=True, gap="small"):
        label = "Keep" if comment.visible else "Show"
        st.button(
            label, key=f"show-{comment.id}", type="primary", icon=":material/check:",
            on_click=_decide, args=(me, comment, Verdict.APPROVE), help="Everybody may read it",
        )  # fmt: skip
        with st.popover("Remove", icon=":material/block:", key=f"remove-{comment.id}"):
            likely = {LIKELY_REASON.get(signal.name) for signal in comment.signals}
            st.pills(
                "Reason", sorted(_REASONS, key=lambda reason: reason not in likely),
                format_func=lambda reason: reason.label, key=f"reason-{comment.id}", wrap=True,
            )  # fmt: skip
            st.text_area(
                "Note to the writer", key=f"note-{comment.id}", max_chars=500, height=80, placeholder="Optional"
            )
            st.button(
                "Remove the comment", key=f"confirm-{comment.id}", icon=":material/block:",
                on_click=_decide, args=(me, comment, Verdict.REJECT),
            )  # fmt: skip


def _colour(signal: Signal) -> str:
    return "red" if signal.hard else "orange"


def _decide(me: Account, comment: Comment, verdict: Verdict) -> None:
    reason = st.session_state.get(f"reason-{comment.id}") if verdict is Verdict.REJECT else None
    note = (st.session_state.get(f"note-{comment.id}") or "") if verdict is Verdict.REJECT else ""
    try:
        decided = services().comment_review.decide(
            me, comment.id, revision=comment.revision, verdict=verdict, reason=reason, note=note, now=clock()
        )
    except CallerError as error:
        st.session_state[LOST] = sentence(error)
        return
    undo.remember(decided.id, verdict, decided.decided_at or clock(), decided.text)
