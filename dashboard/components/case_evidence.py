"""What a reviewer weighs: the clip, the words, what the machine noticed, the products, the publisher's record."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from core.domain.account import Account
from core.domain.moderation import Case, Severity, Signal
from core.domain.product import Product
from core.domain.review import CaseView, PublisherRecord
from dashboard.components.marked_text import list_name
from dashboard.components.player import player
from dashboard.components.product_picker import product_tile
from dashboard.components.tiles import tiles
from dashboard.context import clock, services
from dashboard.formatting import ago, moment, plural
from dashboard.links import media_links
from dashboard.literal import literal

_NAMES: Final = {
    "text": "Words",
    "known": "Known files",
    "known.file": "Blocked file",
    "known.picture": "Like a blocked picture",
    "known.allowed": "Allowed file",
    "catalogue": "Products",
    "catalogue.regulated": "Regulated product",
    "catalogue.missing": "Missing product",
    "declared.ai_generated": "Made by AI",
    "history.rejected": "Rejected before",
    "history.removed": "Comments removed before",
    "reports.viewers": "Reported by viewers",
}
_BLURRED: Final = (
    "<style>.st-key-case_clip_blurred {overflow: hidden; border-radius: 6px;}"
    ".st-key-case_clip_blurred > * {filter: blur(28px) grayscale(1);}</style>"
)


def signal_name(signal: Signal) -> str:
    """A signal's name in plain words."""
    group, _, rest = signal.name.partition(".")
    return list_name(rest) if group == "text" and rest else _NAMES.get(signal.name, signal.name)


def why(case: Case) -> list[str]:
    """Names of the signals that raised the risk or were missing, strongest first; "Sample" for a check of quality."""
    found = [signal for signal in case.screening.signals if signal.score > 0 or not signal.available]
    names = [signal_name(signal) for signal in sorted(found, key=lambda signal: -signal.score)]
    return (["Sample"] if case.sample and not is_reported(case) else []) + names


def is_reported(case: Case) -> bool:
    """Whether viewers' reports brought the post here."""
    return any(signal.name == "reports.viewers" for signal in case.screening.signals)


def is_severe(case: Case) -> bool:
    """Whether the clip starts blurred and muted."""
    return case.held or case.severity is Severity.P0 or any(signal.hard for signal in case.screening.signals)


def case_clip(view: CaseView) -> None:
    """Draw the clip; that of a severe case is blurred and grey until asked for. The sound is off until asked for."""
    severe = is_severe(view.case)
    shown = not severe or st.toggle(
        "Show the clip clearly", key=f"clear-{view.case.id}", help="Severe cases start blurred, grey and without sound."
    )
    if not shown:
        st.html(_BLURRED)
    with st.container(key="case_clip_clear" if shown else "case_clip_blurred"):
        label = f"Clip of {view.post.title or 'an untitled post'}"
        player(media_links(view.post), key=f"review-{view.case.id}", label=label, height=520, muted=True)


def case_signals(case: Case) -> None:
    """Draw each signal with its detail and score, and what they add up to."""
    for signal in sorted(case.screening.signals, key=lambda signal: (-signal.hard, signal.available, -signal.score)):
        icon, colour = _look(signal)
        score = "" if not signal.score else f" :gray[{signal.score:.2f}]"
        hard = " :red-badge[holds by itself]" if signal.hard else ""
        missing = "" if signal.available else " :orange-badge[could not look]"
        detail = literal(signal.detail)
        st.markdown(f":{colour}[:material/{icon}:] **{signal_name(signal)}**{score}{hard}{missing}  \n:gray[{detail}]")
    st.caption(
        f"Risk {case.screening.risk:.2f} of 1; from 0.15 a person looks, from 0.90 the post is held. "
        f"Checked {ago(case.screening.at, clock())} with {literal(case.screening.rules_version)}."
    )


def case_products(products: tuple[Product, ...]) -> None:
    """Draw the linked products, to compare with the clip."""
    if not products:
        st.caption("No product is linked.")
        return
    rows = [replace(tile := product_tile(product), lines=(*tile.lines, product.category)) for product in products]
    tiles(rows, key="case_products", label="Linked products", layout="rows", disabled=True)


def publisher_record(name: str, record: PublisherRecord) -> None:
    """Draw how the publisher's posts fared so far."""
    st.markdown(f"**{literal(name)}**: {plural(record.total, 'post')}, {record.live} live, {record.rejected} rejected")
    for title, note in record.latest_rejections:
        st.caption(f"Rejected: {literal(title or 'untitled')}. {literal(note)}")


def case_trail(me: Account, view: CaseView) -> None:
    """Draw what people and the machine did to this case and its post, newest first."""
    lines = [
        *services().audit.find(me, subject=view.case.id, limit=20).items,
        *services().audit.find(me, subject=view.post.id, limit=20).items,
    ]
    for line in sorted(lines, key=lambda line: -line.at):
        st.caption(f"{moment(line.at)}: {literal(line.actor_name)}, {literal(line.action)}")
    for change in reversed(view.post.history):
        st.caption(f"{moment(change.at)}: {change.status.label.lower()}. {literal(change.note)}")


def _look(signal: Signal) -> tuple[str, str]:
    if not signal.available:
        return "help", "orange"
    if signal.hard:
        return "block", "red"
    return ("flag", "orange") if signal.score else ("check", "green")
