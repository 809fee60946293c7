"""Which fields of a post a person may set, and what each of them accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.domain.account import Account, Role
from core.domain.errors import InvalidInput
from core.domain.post import MAX_PRODUCTS, MAX_TAGS, Post, PostKind
from core.domain.product import Product
from core.domain.publisher import PublisherKind
from core.domain.taxonomy import Tag, TagStatus
from core.services.shop import fold
from core.services.stores import Stores

EDITABLE = ("title", "caption", "kind", "tags", "products", "language", "region", "ai_generated")
SCREENED = frozenset({"title", "caption", "tags", "products"})
"""Fields that screening reads: changing one of them on a post that has been screened screens it again."""

KINDS: dict[PublisherKind, tuple[PostKind, ...]] = {
    PublisherKind.BRAND: (PostKind.PROMOTIONAL, PostKind.PRODUCT, PostKind.EDUCATIONAL),
    PublisherKind.CREATOR: (PostKind.UGC, PostKind.EDUCATIONAL),
}
"""The kinds each sort of publisher may post; the first is what a new draft starts with."""

_MERGES = 8
_CODES = {
    "language": (re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?"), "a language code such as en, hi or hi-Latn is needed"),
    "region": (re.compile(r"[A-Z]{2}"), "a country code such as IN is needed"),
}


def kinds_for(actor: Account) -> tuple[PostKind, ...]:
    """The kinds this account may choose for its posts."""
    match actor.role:
        case Role.BRAND:
            return KINDS[PublisherKind.BRAND]
        case Role.CREATOR:
            return KINDS[PublisherKind.CREATOR]
        case _:
            return tuple(PostKind)


def post_search_text(title: str, caption: str, tags: Iterable[Tag], products: Iterable[Product]) -> str:
    """The text under which a post is found: one folded text per line, so that no match spans two of them."""
    texts = [title, caption]
    texts += [name for tag in tags for name in (tag.name, *tag.aliases)]
    texts += [product.name for product in products]
    return "\n".join(folded for text in texts if (folded := fold(text)))


def accepted(stores: Stores, actor: Account, post: Post, changes: Mapping[str, object]) -> dict[str, object]:
    """The changes as they will be stored, with `search_text`; those that change nothing are left out.

    Raises InvalidInput naming the first field that is unknown or holds a value that is not accepted.
    """
    clean: dict[str, object] = {}
    for name, value in changes.items():
        if name not in EDITABLE:
            raise InvalidInput(name, value, f"this field cannot be set; these can: {', '.join(EDITABLE)}")
        new = _accepted_value(stores, actor, name, value)
        if new != getattr(post, name):
            clean[name] = new
    if clean.keys() & SCREENED:
        clean["search_text"] = _search_text(stores, post, clean)
    return clean


def resolve_tags(stores: Stores, ids: Sequence[str]) -> tuple[Tag, ...]:
    """Active tags for these ids, each once; a merged tag gives its heir. Raises InvalidInput."""
    found: dict[str, Tag] = {}
    for wanted in ids:
        tag = stores.tags.find_one(wanted)
        for _ in range(_MERGES):
            if tag is None or tag.status is not TagStatus.MERGED:
                break
            tag = stores.tags.find_one(tag.merged_into or "")
        if tag is None or tag.status is TagStatus.MERGED:
            raise InvalidInput("tags", wanted, "there is no such tag")
        if tag.status is TagStatus.PROPOSED:
            raise InvalidInput("tags", wanted, "this tag is proposed and not in use yet")
        found[tag.id] = tag
    return tuple(found.values())


def _accepted_value(stores: Stores, actor: Account, name: str, value: object) -> object:
    match name:
        case "title" | "caption":
            return _text(name, value)
        case "kind":
            return _kind(actor, value)
        case "tags":
            return tuple(tag.id for tag in resolve_tags(stores, _ids(name, value, MAX_TAGS)))
        case "products":
            return _products(stores, _ids(name, value, MAX_PRODUCTS))
        case "language" | "region":
            return _code(name, value)
        case _:
            if not isinstance(value, bool):
                raise InvalidInput(name, value, "yes or no is needed")
            return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput(name, value, "text is needed")
    text = value.strip() if name == "caption" else " ".join(value.split())
    if "\x00" in text:
        raise InvalidInput(name, value, "the text holds a character that cannot be stored")
    return text


def _kind(actor: Account, value: object) -> PostKind:
    allowed = kinds_for(actor)
    if value not in allowed:
        names = ", ".join(kind.value for kind in allowed)
        raise InvalidInput("kind", value, f"a {actor.role.label} posts one of these kinds: {names}")
    return PostKind(str(value))


def _ids(name: str, value: object, most: int) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise InvalidInput(name, value, "a list of ids is needed")
    ids = tuple(dict.fromkeys(value))
    if len(ids) > most:
        raise InvalidInput(name, value, f"at most {most} {name}")
    return ids


def _products(stores: Stores, ids: tuple[str, ...]) -> tuple[str, ...]:
    found = stores.products.get_many(ids)
    for wanted in ids:
        if wanted not in found:
            raise InvalidInput("products", wanted, "there is no such product")
    return ids


def _code(name: str, value: object) -> str:
    pattern, why = _CODES[name]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInput(name, value, why)
    return value


def _search_text(stores: Stores, post: Post, clean: Mapping[str, object]) -> str:
    changed = replace(post, **{name: clean[name] for name in SCREENED & clean.keys()})  # type: ignore[arg-type]  # checked by `accepted`
    return post_search_text(
        changed.title,
        changed.caption,
        stores.tags.get_many(changed.tags).values(),
        stores.products.get_many(changed.products).values(),
    )
