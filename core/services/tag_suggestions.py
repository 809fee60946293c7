"""Tags that a caption speaks of, found by their names and aliases in any language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from core.domain.taxonomy import Tag
from core.services.shop import fold, tag_names

_ENDINGS = ("", "s", "es")


def suggest(text: str, tags: Iterable[Tag], *, limit: int = 5) -> list[Tag]:
    """The tags whose name or alias stands in `text` as whole words (or their English plural), the longest names first.

    `suggest("Banarasi sarees for Diwali", tags)` finds the saree and the Diwali tag; "sareeful" finds nothing.
    """
    padded = f" {_words(text)} "
    found: list[tuple[int, int, Tag]] = []
    for tag in tags:
        names = (_words(name) for name in tag_names(tag))
        hits = [
            (-len(name), place)
            for name in names
            if name and (place := _place(padded, name)) >= 0
        ]  # fmt: skip
        if hits:
            found.append((*min(hits), tag))
    found.sort(key=lambda hit: (hit[0], hit[1], hit[2].id))
    return [tag for _, _, tag in found[:limit]]


def _place(padded: str, name: str) -> int:
    places = [place for ending in _ENDINGS if (place := padded.find(f" {name}{ending} ")) >= 0]
    return min(places, default=-1)


def _words(text: str) -> str:
    """Folded text with punctuation and signs as spaces. Vowel signs of Indian scripts are marks, so they stay."""
    return " ".join(
        "".join(" " if unicodedata.category(letter)[0] in "PSZ" else letter for letter in fold(text)).split()
    )
