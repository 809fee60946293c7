"""Characters that print as nothing or turn text around: used to hide words from readers or from a check."""

from __future__ import annotations

import unicodedata

from core.domain.review import TextMatch

SCORE = 0.5
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Bidirectional embeddings, overrides and isolates."""
JOINERS = frozenset("\u200c\u200d")
"""Needed in Indian scripts and in emoji; suspicious between other letters."""
_KEPT = frozenset("\n\r\t\u200e\u200f\ufe0e\ufe0f")
_MOST_MARKS = 4


def find_hidden(text: str) -> list[TextMatch]:
    """Runs of such characters, in order. A joiner between Indian letters or in an emoji is none, nor are a few accents."""
    if text.isascii() and text.isprintable():
        return []
    found: list[TextMatch] = []
    place = 0
    while place < len(text):
        term = _term(text, place)
        if not term:
            place += 1
            continue
        end = place + 1
        while end < len(text) and _term(text, end):
            end += 1
        found.append(TextMatch(start=place, end=end, term=term, list="hidden", severity=2, score=SCORE))
        place = end
    return found


def _term(text: str, place: int) -> str:
    """What is wrong with the character at this place; "" if nothing is."""
    character = text[place]
    if (character.isascii() and character.isprintable()) or character in _KEPT:
        return ""
    if character in TURNING:
        return "turned text"
    category = unicodedata.category(character)
    if character in JOINERS:
        return "" if _joins(text, place) else "invisible character"
    if category in ("Cf", "Cc", "Cs", "Co", "Cn") or character in "\u115f\u1160\u3164\uffa0\u034f\u2800":
        emoji_tag = 0xE0020 <= ord(character) <= 0xE007F and "\U0001f3f4" in text[max(0, place - 7) : place]
        return "" if emoji_tag else "invisible character"
    if category in ("Mn", "Me") and place >= _MOST_MARKS:
        marks = all(unicodedata.category(one) in ("Mn", "Me") for one in text[place - _MOST_MARKS : place])
        return "stacked accents" if marks else ""
    return ""


def _joins(text: str, place: int) -> bool:
    """Whether a joiner stands where writing needs it."""
    around = text[max(0, place - 2) : place] + text[place + 1 : place + 2]
    return any(0x0900 <= ord(one) <= 0x0DFF or ord(one) >= 0x2190 for one in around)
