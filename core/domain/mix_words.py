"""What differs between two policies, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.domain.mix import CAPS, MixPolicy
from core.domain.mix_fields import flat
from core.domain.mix_life import Value
from core.domain.post import PostKind

_WHERE = {"shares": "of a page", "session_shares": "of a session"}


def differences(
    before: MixPolicy, after: MixPolicy, title: Callable[[str], str] = lambda post: post
) -> tuple[str, ...]:
    """One sentence per setting that differs, in the order of the settings; `title` names a pinned post.

    >>> from dataclasses import replace
    >>> base = MixPolicy(id="p", name="p")
    >>> differences(base, replace(base, per_publisher=2, explore=0.2))
    ('Posts of one publisher on a page: at most 2 instead of 3.', 'Exploration: 20% instead of 10% of the slots.')
    """
    old, new = flat(before), flat(after)
    said = [field for field in {**old, **new} if field != "pins" and old.get(field) != new.get(field)]
    sentences = [in_words(field, old.get(field), new.get(field)) for field in said]
    return (*sentences, *_pins(dict(pinned(before)), dict(pinned(after)), title))


def in_words(field: str, before: Value, after: Value) -> str:
    """One changed setting, other than pins, as a sentence."""
    group, _, rest = field.partition(".")
    if group in _WHERE:
        kind, _, end = rest.partition(".")
        limit = "at least" if end == "least" else "at most"
        return f"{PostKind(kind).label}: {limit} {_percent(after)} instead of {_percent(before)} {_WHERE[group]}."
    if group == "gap":
        return f"Slots between two {PostKind(rest).label} posts: {_number(after)} instead of {_number(before)}."
    if group in CAPS:
        return f"Posts of one {CAPS[group]} on a page: {_limit(after)} instead of {_limit(before).removeprefix('at most ')}."
    if group == "explore":
        return f"Exploration: {_percent(after)} instead of {_percent(before)} of the slots."
    return f"Weight of {rest.replace('_', ' ')}: {_number(after)} instead of {_number(before)}."


def pinned(policy: MixPolicy) -> list[tuple[str, int]]:
    """Posts and their positions."""
    return [(pin.post, pin.position) for pin in sorted(policy.pins, key=lambda pin: pin.position)]


def _pins(before: Mapping[str, int], after: Mapping[str, int], title: Callable[[str], str]) -> list[str]:
    said = [
        f"“{title(post)}” pinned to slot {place + 1}." if post not in before
        else f"“{title(post)}” pinned to slot {place + 1} instead of {before[post] + 1}."
        for post, place in after.items()
        if before.get(post) != place
    ]  # fmt: skip
    return said + [f"“{title(post)}” no longer pinned." for post in before if post not in after]


def _percent(value: Value) -> str:
    return f"{value * 100:.4g}%" if isinstance(value, int | float) else "nothing"


def _number(value: Value) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "nothing"


def _limit(value: Value) -> str:
    return f"at most {value:g}" if isinstance(value, int | float) else "no limit"
