"""Shares as whole numbers of slots: rounded, made possible, and what had to give told in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.mix import MixPolicy, Share
from core.feed.index import KINDS

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most slots per kind of one page, in the order of KINDS; always Σ least ≤ slots ≤ Σ most ≤ what there is."""

    least: tuple[int, ...]
    most: tuple[int, ...]
    notes: tuple[str, ...] = ()


def bounds(policy: MixPolicy, size: int, available: Sequence[int], must: Sequence[int] | None = None) -> Bounds:
    """The slots that each kind may have on a page of `size` slots.

    A least share is rounded up and a greatest share down, so the page keeps the shares exactly. Where rounding makes that
    impossible (a page of 1 has no 30%), the bounds with the smallest fraction to give are loosened by one slot until it is
    possible; that is not worth a note. Where too few posts of a kind are `available`, its least share falls to what there is and
    the greatest shares of the others rise until the page is full; that is noted. `must` slots of a kind are kept in any case.

    >>> policy = MixPolicy(id="p", name="p", shares={kind: Share(least=0.25, most=0.25) for kind in KINDS})
    >>> bounds(policy, 8, [9, 9, 9, 9]).most
    (2, 2, 2, 2)
    """
    shares = [policy.shares.get(kind, Share()) for kind in KINDS]
    needed = list(must or [0] * len(KINDS))
    size = min(size, sum(available))
    least, most = whole_slots(policy, size)
    notes: list[str] = []
    for place, kind in enumerate(KINDS):
        if least[place] > available[place]:
            notes.append(
                f"{kind.label}: the mix asks for at least {least[place]} of {size} slots, but only {available[place]} can be shown."
            )
            least[place] = available[place]
        if needed[place] > most[place]:
            notes.append(f"{kind.label}: {needed[place]} posts take more than the {most[place]} slots of the mix.")
        least[place] = max(least[place], needed[place])
        most[place] = min(max(most[place], needed[place]), available[place])
    while sum(least) > size:
        place = max(range(len(KINDS)), key=lambda one: (least[one] > needed[one], least[one]))
        least[place] -= 1
    missing = size - sum(most)
    while missing > 0:
        room = [place for place in range(len(KINDS)) if most[place] < available[place]]
        place = min(room, key=lambda one: (most[one] - shares[one].most * size, one))
        most[place] += 1
        missing -= 1
        if missing == 0 or len(room) == 1:
            kind = KINDS[place]
            note = f"{kind.label}: more than the {shares[place].most:.0%} of the mix, because too few other posts can be shown."
            notes.append(note)
    return Bounds(tuple(min(a, b) for a, b in zip(least, most, strict=True)), tuple(most), tuple(dict.fromkeys(notes)))


def whole_slots(policy: MixPolicy, size: int) -> tuple[list[int], list[int]]:
    """Least and most slots per kind by the page's shares alone, in the order of KINDS, rounded so that a page is possible."""
    shares = [policy.shares.get(kind, Share()) for kind in KINDS]
    least = [math.ceil(share.least * size - _TINY) for share in shares]
    most = [max(math.floor(share.most * size + _TINY), 0) for share in shares]
    _round(shares, size, least, most)
    return least, most


def _round(shares: Sequence[Share], size: int, least: list[int], most: list[int]) -> None:
    """Loosen by single slots what rounding alone has made impossible, the smallest change first."""
    for place, share in enumerate(shares):
        if least[place] > most[place]:
            up, down = least[place] - share.least * size, share.most * size - most[place]
            # Loosening the most by one slot gives 1 − down away, loosening the least gives up.
            if up <= 1 - down:
                least[place] = most[place]
            else:
                most[place] = least[place]
    while sum(least) > size:
        place = max(
            (one for one in range(len(shares)) if least[one] > 0),
            key=lambda one: (least[one] - shares[one].least * size, one),
        )
        least[place] -= 1
    while sum(most) < size:
        place = max(range(len(shares)), key=lambda one: (shares[one].most * size - most[one], -one))
        most[place] += 1
