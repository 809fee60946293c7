"""The word lists of screening: read from `assets/lexicons`, one file per language, spelled out once at start.

A file has `language`, `suffixes` (endings that `word+` may take), `ordinary` (short words that are never half of a disguised
one), `[[lists]]` with `name`, `severity` 1–3, optional `score`, and `terms`; `allow` names innocent phrases that contain a
listed word; `near` maps a listed word to words that make it innocent within three words of it. `#` stands for any number.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.models.text_folding import fold

FOLDER = Path(__file__).parents[2] / "assets" / "lexicons"
SCORES = {1: 0.3, 2: 0.7, 3: 1.0}
"""What a list's severity is worth as a signal, unless the list says otherwise."""


@dataclass(frozen=True, slots=True)
class Term:
    """One spelling of a listed word or phrase; `words` are folded, `text` is the entry it comes from."""

    words: tuple[str, ...]
    text: str
    list: str
    severity: int
    score: float
    language: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All languages together. `version` changes with any word of any file."""

    terms: tuple[Term, ...]
    allowed: tuple[tuple[str, ...], ...]
    near: dict[str, frozenset[str]]
    ordinary: frozenset[str]
    version: str


@cache
def load_lexicons(folder: Path = FOLDER) -> Lexicon:
    """Read every `*.toml` of the folder. Raises ValueError naming the file for a list that makes no sense."""
    terms: list[Term] = []
    allowed: list[tuple[str, ...]] = []
    near: dict[str, frozenset[str]] = {}
    ordinary: set[str] = set()
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        raw = path.read_bytes()
        digest.update(path.name.encode() + raw)
        data = tomllib.loads(raw.decode())
        suffixes = ("", *(fold(suffix).text for suffix in data["suffixes"]))
        for entry in data["lists"]:
            terms.extend(_terms(entry, data["language"], suffixes, path))
        allowed.extend(words(phrase) for phrase in data["allow"])
        for word, others in data["near"].items():
            near[fold(word).text] = frozenset(fold(other).text for other in others)
        ordinary.update(fold(word).text for word in data["ordinary"])
    if not terms:
        raise ValueError(f"no word lists in {folder}")
    return Lexicon(tuple(terms), tuple(allowed), near, frozenset(ordinary), digest.hexdigest()[:12])


def words(phrase: str) -> tuple[str, ...]:
    """A phrase as folded words, split at spaces and hyphens."""
    return tuple(fold(phrase.replace("-", " ")).text.split())


def _terms(entry: dict[str, object], language: str, suffixes: tuple[str, ...], path: Path) -> Iterable[Term]:
    name, severity = str(entry["name"]), entry["severity"]
    if severity not in SCORES or not isinstance(entry["terms"], list):
        raise ValueError(f"{path.name}: list {name!r} needs a severity of 1, 2 or 3 and terms")
    score = entry.get("score", SCORES[severity])
    for text in entry["terms"]:
        stem = str(text).removesuffix("+")
        for suffix in suffixes if text.endswith("+") else ("",):
            yield Term(words(stem + suffix), stem, name, severity, float(str(score)), language)
