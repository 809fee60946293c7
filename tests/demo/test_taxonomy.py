"""The tag tree is a tree, and every word names one tag."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.demo import taxonomy
from core.domain.taxonomy import Facet, Tag
from core.services.shop import Shop
from tests.demo.world import ADMIN, NOW, filled_stores
from tests.fakes.stores import memory_stores


def test_every_facet_has_tags_and_every_tag_has_words_in_four_languages() -> None:
    tags = taxonomy.read()
    assert 140 <= len(tags) <= 180
    assert {tag.facet for tag in tags} == set(Facet)
    for slug, words in taxonomy.words().items():
        assert all(words[language] for language in taxonomy.LANGUAGES), slug


def test_hindi_words_are_in_devanagari_and_ukrainian_ones_in_cyrillic() -> None:
    for slug, words in taxonomy.words().items():
        assert all(any("\u0900" <= c <= "\u097f" for c in word) for word in words["hi"]), slug
        assert all(any("\u0400" <= c <= "\u04ff" for c in word) for word in words["uk"]), slug
        assert all(word.isascii() for word in words["hinglish"]), slug


def tag(id: str, **fields: object) -> Tag:
    return replace(Tag(id=id, name=id.title(), facet=Facet.CATEGORY), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ([tag("a", parent="b")], "which is no category tag"),
        ([tag("a", parent="b"), tag("b", facet=Facet.STYLE)], "which is no category tag"),
        ([tag("a", parent="b"), tag("b", parent="a")], "its own ancestor"),
        ([tag("a", aliases=("Chai",)), tag("b", aliases=("chai",))], "'chai' names both a and b"),
    ],
)
def test_a_wrong_tree_is_refused_with_the_reason(tags: list[Tag], said: str) -> None:
    with pytest.raises(taxonomy.TaxonomyError, match=said):
        taxonomy.check({tag.id: tag for tag in tags})


def test_a_slug_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tags.toml"
    path.write_text('[category]\nred = { name = "Red" }\n[style]\nred = { name = "Reddish" }\n')
    with pytest.raises(taxonomy.TaxonomyError, match="red is there twice"):
        taxonomy.read(path=path)


def test_what_people_changed_in_the_tree_stays_and_what_is_missing_comes_back() -> None:
    stores = memory_stores()
    assert taxonomy.ensure_taxonomy(stores, NOW) == len(taxonomy.read())
    stores.tags.patch("sarees", {"name": "Sarees of all kinds"})
    stores.tags.delete("pans")
    assert taxonomy.ensure_taxonomy(stores, NOW) == 1
    assert stores.tags.get("sarees").name == "Sarees of all kinds"


@pytest.mark.parametrize(
    ("typed", "found"),
    [("sari", "sarees"), ("saadi", "sarees"), ("साड़ी", "sarees"), ("СЕРЕЖКИ", "earrings"), ("joote", "footwear")],
)
def test_a_tag_is_found_in_every_language(typed: str, found: str) -> None:
    stores, audit = filled_stores()
    match = Shop(stores, audit).find_tag(ADMIN, typed)
    assert match is not None
    assert match.id == found
