"""A policy's settings as a flat table, as people type them: `shares.ugc.least`, `gap.promotional`, `explore`, `pins`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from core.domain.errors import InvalidInput
from core.domain.feed import MAX_PAGE
from core.domain.mix import (
    CAPS,
    DEFAULT_WEIGHTS,
    MAX_EXPLORE,
    MAX_GAP,
    MAX_PINNED,
    UNWANTED,
    MixPolicy,
    Pin,
    Share,
)
from core.domain.mix_life import Value
from core.domain.post import PostKind

MAX_WEIGHT: Final = 100.0
"""With more, a single action could outweigh what the mix takes for a rule that is broken, or rank a new post behind all that comes
again."""
_WEIGHTS: Final = "weights."
_SHARES: Final = ("shares", "session_shares")
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Refusal:
    """A setting that cannot be: at which field, why, and what would make it possible."""

    field: str
    message: str
    remedy: str


def flat(policy: MixPolicy) -> dict[str, Value]:
    """Every setting of a policy; shares that are not set are 0 and 1, gaps 0, caps None, weights as by default.

    >>> flat(MixPolicy(id="p", name="p", shares={PostKind.UGC: Share(least=0.4)}))["shares.ugc.least"]
    0.4
    """
    table: dict[str, Value] = {}
    for group in _SHARES:
        shares: Mapping[PostKind, Share] = getattr(policy, group)
        for kind in PostKind:
            share = shares.get(kind, Share())
            table[f"{group}.{kind.value}.least"] = share.least
            table[f"{group}.{kind.value}.most"] = share.most
    table |= {f"gap.{kind.value}": float(policy.gap.get(kind, 0)) for kind in PostKind}
    table |= {name: _number(getattr(policy, name)) for name in CAPS}
    table["explore"] = policy.explore
    table |= {_WEIGHTS + name: policy.weights.get(name, usual) for name, usual in DEFAULT_WEIGHTS.items()}
    table["pins"] = [(pin.position, pin.post) for pin in sorted(policy.pins, key=lambda pin: pin.position)]
    return table


def with_values(base: MixPolicy, values: Mapping[str, Value]) -> MixPolicy:
    """`base` with these settings instead; a weight of it that nothing reads is left behind.

    Raises InvalidInput naming the field and the value.
    """
    table = flat(base)
    for field in values:
        if field not in table:
            raise InvalidInput(field, values[field], "there is no such setting")
    table |= values
    if wrong := refusals(table):
        raise InvalidInput(wrong[0].field, table.get(wrong[0].field), f"{wrong[0].message} {wrong[0].remedy}")
    return replace(
        base,
        shares=_shares(table, "shares"),
        session_shares=_shares(table, "session_shares"),
        gap={kind: slots for kind in PostKind if (slots := int(_float(table[f"gap.{kind.value}"])))},
        per_publisher=int(_float(table["per_publisher"])),
        per_brand=_cap(table["per_brand"]),
        per_topic=_cap(table["per_topic"]),
        explore=_float(table["explore"]),
        weights={
            name: _float(table[_WEIGHTS + name])
            for name in DEFAULT_WEIGHTS
            if name in base.weights or _WEIGHTS + name in values
        },
        pins=tuple(Pin(position=int(place), post=post) for place, post in _pins(table)),
    )


def changed(base: MixPolicy, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those settings that differ from `base`."""
    table = flat(base)
    return {field: value for field, value in values.items() if not same(table.get(field), value)}


def refusals(table: Mapping[str, Value], *, last: str = "") -> tuple[Refusal, ...]:
    """Everything in the table that cannot be; what several fields do together is told at `last`, if that is among them."""
    found: list[Refusal] = []
    for group in _SHARES:
        found += _wrong_shares(table, group, last)
    for kind in PostKind:
        found += _wrong_whole(table, f"gap.{kind.value}", 0, MAX_GAP, "slots", optional=False)
    for cap in CAPS:
        found += _wrong_whole(table, cap, 1, MAX_PAGE, "posts", optional=cap != "per_publisher")
    if not _within(table["explore"], 0, MAX_EXPLORE):
        found.append(
            Refusal(
                "explore",
                f"Exploration takes 0% to {MAX_EXPLORE:.0%} of the slots.",
                f"Type a share up to {MAX_EXPLORE:.0%}.",
            )
        )
    for name in DEFAULT_WEIGHTS:
        field = _WEIGHTS + name
        value = table[field]
        if not _within(value, -MAX_WEIGHT, MAX_WEIGHT):
            found.append(
                Refusal(field, f"A weight is a number up to {MAX_WEIGHT:g}, or down to −{MAX_WEIGHT:g}.", "Type one.")
            )
        elif _float(value) < 0 and name not in UNWANTED:
            found.append(
                Refusal(
                    field,
                    "Only unwanted actions have a weight below 0.",
                    "Type 0 if this action should not count.",
                )
            )
    return (*found, *_wrong_pins(table))


def _wrong_shares(table: Mapping[str, Value], group: str, last: str) -> list[Refusal]:
    fields = [f"{group}.{kind.value}.{end}" for kind in PostKind for end in ("least", "most")]
    found = [
        Refusal(field, "A share lies between 0% and 100%.", "Type a share in between.")
        for field in fields
        if not _within(table[field], 0, 1)
    ]
    if found:
        return found
    least = {kind: _float(table[f"{group}.{kind.value}.least"]) for kind in PostKind}
    most = {kind: _float(table[f"{group}.{kind.value}.most"]) for kind in PostKind}
    for kind in PostKind:
        if least[kind] > most[kind] + _TINY:
            at = last if last == f"{group}.{kind.value}.most" else f"{group}.{kind.value}.least"
            remedy = (
                f"Raise this to {least[kind]:.0%}, or lower the least share to {most[kind]:.0%}."
                if at.endswith("most")
                else f"Lower this to {most[kind]:.0%}, or raise the greatest share to {least[kind]:.0%}."
            )
            found.append(Refusal(at, f"At least {least[kind]:.0%} is more than at most {most[kind]:.0%}.", remedy))
    if (total := sum(least.values())) > 1 + _TINY:
        at = _place([field for field in fields if field.endswith("least")], last, least)
        found.append(
            Refusal(
                at,
                f"The least shares add up to {total:.0%}: no page can hold that.",
                _lower(_float(table[at]), total - 1),
            )
        )
    if (total := sum(most.values())) < 1 - _TINY:
        at = _place([field for field in fields if field.endswith("most")], last, {k: -v for k, v in most.items()})
        found.append(
            Refusal(
                at,
                f"The greatest shares add up to {total:.0%}: a page could not be filled.",
                f"Raise this to {_float(table[at]) + 1 - total:.0%}, or raise another kind by {1 - total:.0%}.",
            )
        )
    return found


def _lower(value: float, by: float) -> str:
    if value + _TINY >= by:
        return f"Lower this to {max(value - by, 0):.0%}, or lower other kinds by {by:.0%}."
    return f"Lower the least shares by {by:.0%} together."


def _place(fields: list[str], last: str, weight: Mapping[PostKind, float]) -> str:
    """The field at which a sum is told: the one typed last, else the one with the most weight."""
    if last in fields:
        return last
    heaviest = max(range(len(fields)), key=lambda place: list(weight.values())[place])
    return fields[heaviest]


def _wrong_whole(
    table: Mapping[str, Value], field: str, least: int, most: int, unit: str, *, optional: bool
) -> list[Refusal]:
    value = table[field]
    if value is None and optional:
        return []
    if _within(value, least, most) and _float(value).is_integer():
        return []
    return [Refusal(field, f"A whole number of {unit} is needed.", f"Type a number from {least} to {most}.")]


def _wrong_pins(table: Mapping[str, Value]) -> list[Refusal]:
    pins = _pins(table)
    places, posts = [place for place, _ in pins], [post for _, post in pins]
    if any(not 0 <= place < MAX_PINNED for place in places):
        return [Refusal("pins", "A pin stands among the first slots.", f"Choose a slot from 1 to {MAX_PINNED}.")]
    if twice := next((place for place in places if places.count(place) > 1), None):
        return [Refusal("pins", f"Slot {twice + 1} has two pins.", "Give one of them another slot, or remove it.")]
    if places.count(0) > 1:
        return [Refusal("pins", "Slot 1 has two pins.", "Give one of them another slot, or remove it.")]
    if len(set(posts)) < len(posts):
        return [Refusal("pins", "A post is pinned twice.", "Remove one of the two pins.")]
    return []


def _shares(table: Mapping[str, Value], group: str) -> dict[PostKind, Share]:
    """Only those that say something."""
    found = {
        kind: Share(
            least=_float(table[f"{group}.{kind.value}.least"]), most=_float(table[f"{group}.{kind.value}.most"])
        )
        for kind in PostKind
    }
    return {kind: share for kind, share in found.items() if share != Share()}


def _pins(table: Mapping[str, Value]) -> list[tuple[int, str]]:
    value = table.get("pins")
    return [(int(place), str(post)) for place, post in value] if isinstance(value, list) else []


def _within(value: Value, least: float, most: float) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and least <= value <= most


def _float(value: Value) -> float:
    return float(cast(float, value))


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _cap(value: Value) -> int | None:
    return None if value is None else int(_float(value))


def same(one: Value, other: Value) -> bool:
    """Whether two settings are the same, but for rounding."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, abs_tol=1e-9)
    if isinstance(one, list) and isinstance(other, list):
        return [tuple(pin) for pin in one] == [tuple(pin) for pin in other]
    return one is None and other is None
