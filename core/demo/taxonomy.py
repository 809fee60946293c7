"""The tag tree: read from `assets/taxonomy.toml`, checked, and put into the store."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from core.domain.ids import Millis
from core.domain.taxonomy import Facet, Tag
from core.services.shop import tag_names
from core.services.stores import Stores

LANGUAGES = ("en", "hinglish", "hi", "uk")
PATH = Path(__file__).resolve().parents[2] / "assets" / "taxonomy.toml"


class TaxonomyError(ValueError):
    """The taxonomy file is wrong; the message names the tag."""


@cache
def words(path: Path = PATH) -> dict[str, dict[str, tuple[str, ...]]]:
    """Aliases by slug and language."""
    return {
        slug: {language: tuple(entry.get(language, ())) for language in LANGUAGES}
        for tags in tomllib.loads(path.read_text(encoding="utf-8")).values()
        for slug, entry in tags.items()
    }


def read(now: Millis = 0, path: Path = PATH) -> list[Tag]:
    """All tags of the file, stamped with `now`. Raises TaxonomyError."""
    tags: dict[str, Tag] = {}
    for facet, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for slug, entry in entries.items():
            if slug in tags:
                raise TaxonomyError(f"{slug} is there twice")
            tags[slug] = Tag(
                id=slug,
                name=entry["name"],
                facet=Facet(facet),
                parent=entry.get("parent"),
                aliases=tuple(alias for language in LANGUAGES for alias in entry.get(language, ())),
                created_at=now,
                updated_at=now,
            )
    check(tags)
    return list(tags.values())


def check(tags: dict[str, Tag]) -> None:
    """Raise TaxonomyError for an unknown parent, one of another facet, a circle, or a word that names two tags."""
    claimed: dict[str, str] = {}
    for tag in tags.values():
        for name in tag_names(tag):
            if claimed.setdefault(name, tag.id) != tag.id:
                raise TaxonomyError(f"{name!r} names both {claimed[name]} and {tag.id}")
        ancestors(tag.id, tags)


def ancestors(slug: str, tags: dict[str, Tag]) -> list[str]:
    """Slugs above `slug`, nearest first. Raises TaxonomyError for an unknown parent, another facet or a circle."""
    above: list[str] = []
    tag = tags[slug]
    while tag.parent is not None:
        if (parent := tags.get(tag.parent)) is None or parent.facet is not tag.facet:
            raise TaxonomyError(f"{tag.id} has the parent {tag.parent}, which is no {tag.facet} tag")
        if parent.id in above or parent.id == slug:
            raise TaxonomyError(f"{slug} is its own ancestor")
        above.append(parent.id)
        tag = parent
    return above


def ensure_taxonomy(stores: Stores, now: Millis) -> int:
    """Add the file's tags that the store lacks, leaving others as people have made them; returns how many were added."""
    held = {tag.id for tag in stores.tags.each()}
    missing = [tag for tag in read(now) if tag.id not in held]
    return stores.tags.upsert_many(missing) if missing else 0
