"""Texts of a post with what screening found in them, shown as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import streamlit as st

from core.domain.review import MarkedText, TextMatch
from dashboard.literal import literal

LISTS: Final = {
    "abuse": "Abuse",
    "contact": "Contact details or a link",
    "counterfeit": "Copies of brands",
    "drugs": "Drugs",
    "hate": "Hate",
    "hidden": "Hidden characters",
    "medical_claim": "Claim about health",
    "mild_profanity": "Mild swearing",
    "minors": "Sexual content with minors",
    "money_claim": "Claim about money",
    "profanity": "Swearing",
    "regulated_goods": "Regulated goods",
    "sexual": "Sexual content",
    "threat": "Threat",
    "violence": "Violence",
}
"""What the word lists are called on screen."""

LANGUAGES: Final = {"en": "English", "hinglish": "Hinglish", "hi": "Hindi", "uk": "Ukrainian"}
_FIELDS: Final = {"title": "Title", "caption": "Caption", "tag": "Tags", "product": "Products"}
_COLOURS: Final = {1: "orange", 2: "orange", 3: "red"}


def list_name(name: str) -> str:
    """A word list's name in plain words."""
    return LISTS.get(name, name.replace("_", " ").capitalize())


def with_marks(text: str, matches: Sequence[TextMatch]) -> str:
    """Markdown that shows `text` as written, line breaks included, with the matches on a coloured ground.

    >>> with_marks("so *rude*!", [TextMatch(start=4, end=8, term="rude", list="abuse", severity=3, score=1.0)])
    'so \\\\*:red-background[:red[**rude**]]\\\\*\\\\!'
    """
    parts: list[str] = []
    done = 0
    for match in matches:
        if match.start < done:
            continue
        colour = _COLOURS.get(match.severity, "orange")
        parts += [
            _kept(text[done : match.start]),
            f":{colour}-background[:{colour}[**{_kept(text[match.start : match.end])}**]]",
        ]
        done = match.end
    return "".join([*parts, _kept(text[done:])])


def marked_texts(texts: Iterable[MarkedText]) -> None:
    """Draw caption, tags and product names that have matches or are the caption, and say what each match is."""
    for marked in texts:
        if marked.field in ("title", "caption"):
            st.markdown(with_marks(marked.text, marked.matches))
        elif marked.matches:
            st.markdown(f":gray[{_FIELDS[marked.field]}:] {with_marks(marked.text, marked.matches)}")


def _kept(text: str) -> str:
    """Markdown for a piece of text that keeps its outer spaces and its line breaks."""
    lines = []
    for line in text.split("\n"):
        before = " " if line[:1].isspace() and line.strip() else ""
        after = " " if line[-1:].isspace() else ""
        lines.append(f"{before}{literal(line)}{after}")
    return "  \n".join(lines)
