"""Finding listed words in a text, however they are spelled: capitals, accents, look-alikes, digits for letters, repeated,
spaced or starred-out letters. Whole words only, so that Scunthorpe, cocktails and shiitake pass.

Every spelling is reduced to a key (look-alikes merged, runs of one letter cut to one); a dictionary finds the terms with
that key and each is then checked against the real letters, so the cost does not grow with the size of the lists.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from core.domain.review import TextMatch
from core.models.lexicons import SCORES, Lexicon, Term, load_lexicons
from core.models.text_folding import CYRILLIC_TO_LATIN, LATIN_TO_CYRILLIC, fold, scripts_mixed

LOOKALIKES = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "il", "|": "il", "+": "t", "€": "e", "¡": "i",
}  # fmt: skip
"""Signs that stand for letters."""

_KEY = str.maketrans({sign: letters[0] for sign, letters in LOOKALIKES.items()} | {"l": "i"})
_LETTER = r"[^\W_]|[\u0900-\u0963]"
_WORD = re.compile(rf"(?:{_LETTER}|[@$])(?:(?:{_LETTER}|[@$!|+*€¡])*(?:{_LETTER}|[@$*€]))?")
_RUN = re.compile(r"(.)\1+")
_GLUE = re.compile(r"[^\w\s]{1,2}|_{1,2}")
_LONGEST_DISGUISE = 24
_NEAR = 3
_SIGN = re.compile("[\u0900-\u0903\u093a-\u094f]")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the folded text; `size` counts its letters, a Devanagari letter with its vowel sign being one."""

    start: int
    end: int
    text: str
    size: int


class TextMatcher:
    """Finds terms of a lexicon; safe to share between threads."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.version = lexicon.version
        self._lexicon = lexicon
        self._words: dict[str, list[Term]] = defaultdict(list)
        self._phrases: dict[str, list[Term]] = defaultdict(list)
        self._starred: dict[tuple[str, int], list[Term]] = defaultdict(list)
        self._allowed: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for term in lexicon.terms:
            joined = "".join(term.words)
            if len(term.words) > 1:
                self._phrases[_key(term.words[0])].append(term)
            if len(term.words) == 1 or (len(joined) >= 8 and "#" not in joined):
                self._words[_key(joined)].append(term)
            if len(term.words) == 1 and term.score == SCORES[term.severity]:
                self._starred[joined[0], len(joined)].append(term)
        for phrase in lexicon.allowed:
            self._allowed[phrase[0]].append(phrase)

    def find(self, text: str) -> list[TextMatch]:
        """All matches, in order, the longest where several overlap; spans count characters of `text` as given."""
        folded = fold(text)
        words = [_Word(*found.span(), found.group(), _size(found.group())) for found in _WORD.finditer(folded.text)]
        innocent = self._innocent(words)
        matches: list[TextMatch] = []
        for first, last, term in self._candidates(folded.text, words):
            if first in innocent or self._softened(words, first, last, term):
                continue
            start, end = folded.span(words[first].start, words[last].end)
            matches.append(
                TextMatch(
                    start=start,
                    end=end,
                    term=term.text,
                    list=term.list,
                    severity=term.severity,
                    score=term.score,
                    language=term.language,
                )
            )
        return _longest(matches)

    def _candidates(self, text: str, words: list[_Word]) -> Iterator[tuple[int, int, Term]]:
        """Index of first and last word, and the term they spell."""
        for index, word in enumerate(words):
            for term in self._spelled(word.text):
                yield index, index, term
            start = "#" if word.text.isdigit() else _key(word.text)
            if (phrases := self._phrases.get(start)) is not None:
                for term in phrases:
                    if self._phrase_at(words, index, term.words):
                        yield index, index + len(term.words) - 1, term
            if word.size <= 4:
                yield from self._joined(text, words, index)

    def _spelled(self, word: str) -> Iterator[Term]:
        """Terms that one word spells."""
        for form in (word,) if word.isascii() and word.isalpha() else _forms(word):
            for term in self._words.get(_key(form), ()):
                if _spells(form, "".join(term.words)):
                    yield term
            if "*" in form:
                for term in self._starred.get((form[0], len(form)), ()):
                    if _fills(form, term.words[0]):
                        yield term

    @staticmethod
    def _phrase_at(words: list[_Word], index: int, phrase: tuple[str, ...]) -> bool:
        found = words[index : index + len(phrase)]
        return len(found) == len(phrase) and all(
            (wanted == "#" and word.text.isdigit()) or (_key(wanted) == _key(word.text) and _spells(word.text, wanted))
            for word, wanted in zip(found, phrase, strict=True)
        )

    def _joined(self, text: str, words: list[_Word], first: int) -> Iterator[tuple[int, int, Term]]:
        """Terms whose letters were pulled apart, beginning at word `first`."""
        joined = words[first].text
        long = [joined] if words[first].size > 1 else []
        glued = True
        for last in range(first + 1, len(words)):
            gap = text[words[last - 1].end : words[last].start]
            glued = glued and _GLUE.fullmatch(gap) is not None
            if not glued and words[last].size > 4:
                return
            joined += words[last].text
            if words[last].size > 1:
                long.append(words[last].text)
            pieces = last - first + 1
            spaced = pieces >= 3 and len(long) <= 1
            if len(joined) > _LONGEST_DISGUISE or len(gap) > 3 or not (glued or spaced or pieces <= 4):
                return
            if joined.isdigit() or not self._disguised(words, first, last, long, spaced=spaced):
                continue
            for term in self._spelled(joined):
                if len(term.words) == 1 and (spaced or glued or (term.severity >= 2 and len(term.words[0]) >= 4)):
                    yield first, last, term

    def _disguised(self, words: list[_Word], first: int, last: int, long: list[str], *, spaced: bool) -> bool:
        """Whether these pieces look like one word pulled apart, and not like several words or part of a longer spaced one.

        `long` are the pieces of more than one letter.
        """
        ordinary = self._lexicon.ordinary
        if spaced:
            around = [words[i] for i in (first - 1, last + 1) if 0 <= i < len(words)]
            return not ordinary.intersection(long) and all(word.size > 1 or word.text in ordinary for word in around)
        return any(word.text not in ordinary for word in words[first : last + 1])

    def _innocent(self, words: list[_Word]) -> set[int]:
        """Words that stand in an allowed phrase."""
        found: set[int] = set()
        for index, word in enumerate(words):
            for phrase in self._allowed.get(word.text, ()):
                if tuple(other.text for other in words[index : index + len(phrase)]) == phrase:
                    found.update(range(index, index + len(phrase)))
        return found

    def _softened(self, words: list[_Word], first: int, last: int, term: Term) -> bool:
        """Whether a word nearby says that the term is meant innocently."""
        friends = self._lexicon.near.get(term.text)
        if not friends:
            return False
        around = words[max(0, first - _NEAR) : first] + words[last + 1 : last + 1 + _NEAR]
        return any(word.text in friends for word in around)


@cache
def default_matcher() -> TextMatcher:
    """The matcher over the lists that come with Feedroom, built once per process."""
    return TextMatcher(load_lexicons())


def _size(word: str) -> int:
    return len(word) if word.isascii() else len(_SIGN.sub("", word))


def _key(word: str) -> str:
    """Look-alikes merged, each run cut to one character."""
    return _RUN.sub(r"\1", word.translate(_KEY))


def _forms(word: str) -> Iterator[str]:
    """The word as written, without signs at its ends, and in one script if it mixes two; nothing for a number."""
    if word.isdigit():
        return
    yield word
    if (bare := word.strip("@$!|+*€¡")) and bare != word:
        yield bare
    if (starless := bare.replace("*", "")) != bare:
        yield starless
    if scripts_mixed(word):
        yield word.translate(CYRILLIC_TO_LATIN)
        yield word.translate(LATIN_TO_CYRILLIC)


def _spells(word: str, term: str) -> bool:
    """Whether `word` can be read as `term`: the same runs, none shorter, each sign standing for a letter of its run.

    Short terms (3 letters or fewer) must be written in letters or signs, not digits, so that model names such as A55 pass; a
    consonant doubled where the term has one counts only when another run is longer or disguised, so that "rapping" is not read
    as a worse word.
    """
    if word == term:
        return True
    digits = sum(letter.isdigit() for letter in word)
    if digits and (len(term) <= 3 or digits * 2 > len(term)):
        return False
    found = [(key, list(run)) for key, run in groupby(word, lambda letter: letter.translate(_KEY))]
    wanted = [(key, list(run)) for key, run in groupby(term, lambda letter: letter.translate(_KEY))]
    if len(found) != len(wanted):
        return False
    stretched = any(len(run) > 2 or any(sign in LOOKALIKES for sign in run) for _, run in found)
    for (key, run), (wanted_key, letters) in zip(found, wanted, strict=True):
        if key != wanted_key or len(run) < len(letters):
            return False
        if len(run) == 2 and len(letters) == 1 and not stretched and key not in "aeiou":
            return False
        if any(sign not in letters and not set(LOOKALIKES.get(sign, "")) & set(letters) for sign in run):
            return False
    return True


def _fills(starred: str, term: str) -> bool:
    """Whether `term` fits with each star for one letter, at least half of it and two letters being known."""
    known = sum(letter != "*" for letter in starred)
    return known >= 2 and known * 2 >= len(term) and all(a in ("*", b) for a, b in zip(starred, term, strict=True))


def _longest(matches: list[TextMatch]) -> list[TextMatch]:
    """One match per place: the most severe, then the longest; in the order of the text."""
    kept: list[TextMatch] = []
    for match in sorted(matches, key=lambda m: (-m.severity, m.start - m.end, m.start)):
        if all(match.end <= other.start or match.start >= other.end for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)
