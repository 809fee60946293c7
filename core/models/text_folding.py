"""Seeing through disguises of letters: one folded form per text, with the way back to the original characters."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

DEVANAGARI = range(0x0900, 0x0980)
NUKTA, CANDRABINDU, ANUSVARA = "\u093c", "\u0901", "\u0902"
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(0xFE00 + number) for number in range(16)
}
"""Letters and marks that print as nothing but are not format characters."""

_LATIN, _CYRILLIC = re.compile("[a-z]"), re.compile("[\u0400-\u052f]")
LATIN_TO_CYRILLIC = str.maketrans("aceiopxykmthb", "асеіорхукмтнв")
CYRILLIC_TO_LATIN = str.maketrans("асеіорхукмтнвѕјԁ", "aceiopxykmthbsjd")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; character i of it came from character `origin[i]` of the original (None: the same i)."""

    text: str
    origin: tuple[int, ...] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where folded characters start..end (exclusive) stand in the original, with the marks that belong to the last."""
        return (start, end) if self.origin is None else (self.origin[start], self.origin[end])


def fold(text: str) -> Folded:
    """NFKC, casefold, digits of any script as 0–9; accents off Latin letters, nukta and candrabindu evened out; invisible
    characters dropped."""
    if text.isascii() and text.isprintable():
        return Folded(text.lower(), None)
    folded: list[str] = []
    origin: list[int] = []
    position = 0
    while position < len(text):
        end = position + 1
        while end < len(text) and "\u0300" <= text[end] <= "\u036f":
            end += 1
        made = _fold_cluster(text[position:end])
        folded.append(made)
        origin.extend([position] * len(made))
        position = end
    return Folded("".join(folded), (*origin, len(text)))


@lru_cache(maxsize=8_192)
def _fold_cluster(cluster: str) -> str:
    """What one letter with its accents becomes: nothing, one, or several characters."""
    composed = unicodedata.normalize("NFKC", cluster).casefold()
    return "".join(_fold_character(character) for character in composed)


def _fold_character(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t\x0b\x0c":
        return " "
    if character in INVISIBLE or unicodedata.category(character) in ("Cf", "Cc"):
        return ""
    for first in (0x1F150, 0x1F170):
        if first <= code < first + 26:
            return chr(ord("a") + code - first)
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    if code in DEVANAGARI:
        return character.replace(NUKTA, "").replace(CANDRABINDU, ANUSVARA)
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0] if "a" <= decomposed[0] <= "z" else character


def scripts_mixed(word: str) -> bool:
    """Whether a word has both Latin and Cyrillic letters, as a disguise has and a word has not."""
    return not word.isascii() and bool(_LATIN.search(word) and _CYRILLIC.search(word))
