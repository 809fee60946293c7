"""Which settings of a mix can never hold together, whatever posts there are, and the least change that lets them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.domain.mix import MixPolicy, Share
from core.feed.index import KINDS
from core.feed.mix_bounds import room, whole_slots
from core.feed.mix_solver import solve

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings that exclude each other, told at `field`: why, and the least change that would make them possible.

    Fields are those of the flat table of a policy: `shares.ugc.least`, `session_shares.ugc.most`, `gap.product`, `pins`.
    """

    field: str
    message: str
    remedy: str


def contradictions(policy: MixPolicy, size: int) -> tuple[Contradiction, ...]:
    """What no page of `size` slots can keep, however many posts of every kind, publisher, brand and topic there were.

    Empty if one can; then only too few posts make rules give way. Rounding to whole slots is not counted: on a page of 1 slot
    every policy is possible.

    >>> policy = MixPolicy(id="p", name="p", shares={PostKind.PRODUCT: Share(least=0.5)}, gap={PostKind.PRODUCT: 3})
    >>> contradictions(policy, 20)[0].remedy
    'Lower the least share to 25%, or the gap to 1.'
    """
    return (*_pages(policy, size), *_sessions(policy, size), *_pins(policy, size))


def possible(policy: MixPolicy, size: int) -> bool:
    """Whether a page of `size` slots can keep every share and gap, if there are posts enough."""
    least, most = whole_slots(policy, size)
    gaps = tuple(policy.gap.get(kind, 0) for kind in KINDS)
    return _possible(size, tuple(least), tuple(most), gaps)


@lru_cache(maxsize=1_024)
def _possible(size: int, least: tuple[int, ...], most: tuple[int, ...], gaps: tuple[int, ...]) -> bool:
    high = [min(top, room(size, gap)) for top, gap in zip(most, gaps, strict=True)]
    if any(floor > top for floor, top in zip(least, high, strict=True)) or sum(high) < size:
        return False
    return not solve([np.zeros(size)] * len(KINDS), least, high, gaps, np.ones(size)).broken


def _pages(policy: MixPolicy, size: int) -> Iterator[Contradiction]:
    """Shares and gaps of a page."""
    if possible(policy, size):
        return
    least, _ = whole_slots(policy, size)
    alone = False
    for place, kind in enumerate(KINDS):
        gap = policy.gap.get(kind, 0)
        if least[place] <= (top := room(size, gap)):
            continue
        alone = True
        fits = max(one for one in range(gap) if room(size, one) >= least[place])
        yield Contradiction(
            f"gap.{kind}",
            f"With {_count(gap, 'slot')} between two, at most {top} of {size} slots can be {kind.label}, "
            f"but the least share asks for {least[place]}.",
            f"Lower the least share to {_share_down(top, size)}, or the gap to {fits}.",
        )
    if alone:
        return
    changes = sorted(_changes(policy, size), key=lambda change: change[0])
    if not changes:
        yield Contradiction(
            "gap." + max(KINDS, key=lambda kind: policy.gap.get(kind, 0)),
            f"The gaps and shares together leave slots of a page of {size} that no kind may take.",
            "Lower several gaps, or raise the greatest shares of several kinds.",
        )
        return
    least_change = [change for change in changes if change[0] == changes[0][0]]
    words = [change[2] for change in least_change[:3]]
    yield Contradiction(
        least_change[0][1],
        f"No order of a page of {size} slots keeps these gaps and shares together.",
        f"{words[0][0].upper()}{', or '.join(words)[1:]}.",
    )


def _changes(policy: MixPolicy, size: int) -> Iterator[tuple[int, str, str]]:
    """Changes of one setting that make a page possible: (slots, field, words), the smallest of each setting."""
    least, most = whole_slots(policy, size)
    for place, kind in enumerate(KINDS):
        share, gap = policy.shares.get(kind, Share()), policy.gap.get(kind, 0)
        for step in range(1, gap + 1):
            if possible(replace(policy, gap={**policy.gap, kind: gap - step}), size):
                yield step, f"gap.{kind}", f"lower the gap between {kind.label} posts to {gap - step}"
                break
        for slots in range(most[place] + 1, size + 1):
            looser = Share(least=share.least, most=max(_part_up(slots, size), share.least))
            if possible(replace(policy, shares={**policy.shares, kind: looser}), size):
                words = f"raise the greatest share of {kind.label} to {looser.most:.0%}"
                yield slots - most[place], f"shares.{kind}.most", words
                break
        for slots in range(least[place] - 1, -1, -1):
            looser = Share(least=min(_part_down(slots, size), share.most), most=share.most)
            if possible(replace(policy, shares={**policy.shares, kind: looser}), size):
                words = f"lower the least share of {kind.label} to {looser.least:.0%}"
                yield least[place] - slots, f"shares.{kind}.least", words
                break


def _sessions(policy: MixPolicy, size: int) -> Iterator[Contradiction]:
    """Session shares against page shares and gaps, as shares: a session is many pages."""
    floors, tops = [], []
    for kind in KINDS:
        page, session = policy.shares.get(kind, Share()), policy.session_shares.get(kind, Share())
        gap = policy.gap.get(kind, 0)
        densest = room(size, gap) / size
        floors.append(max(page.least, session.least))
        tops.append(min(page.most, session.most, densest))
        if session.least > page.most + _TINY:
            yield Contradiction(
                f"session_shares.{kind}.least",
                f"A session asks for at least {session.least:.0%} {kind.label}, but a page holds at most {page.most:.0%}.",
                f"Lower this to {page.most:.0%}, or raise the greatest share of a page to {session.least:.0%}.",
            )
        elif session.most < page.least - _TINY:
            yield Contradiction(
                f"session_shares.{kind}.most",
                f"A session allows at most {session.most:.0%} {kind.label}, but every page has at least {page.least:.0%}.",
                f"Raise this to {page.least:.0%}, or lower the least share of a page to {session.most:.0%}.",
            )
        elif session.least > densest + _TINY:
            fits = max(one for one in range(gap) if room(size, one) / size >= session.least - _TINY)
            yield Contradiction(
                f"session_shares.{kind}.least",
                f"A session asks for at least {session.least:.0%} {kind.label}, but with {_count(gap, 'slot')} between two "
                f"a page holds at most {densest:.0%}.",
                f"Lower this to {math.floor(100 * densest + _TINY)}%, or the gap to {fits}.",
            )
    if any(floor > top + _TINY for floor, top in zip(floors, tops, strict=True)) or not policy.session_shares:
        return
    if (total := sum(floors)) > 1 + _TINY:
        kind = max(policy.session_shares, key=lambda one: policy.session_shares[one].least)
        yield Contradiction(
            f"session_shares.{kind}.least",
            f"The least shares of pages and sessions together add up to {total:.0%}.",
            f"Lower the least shares by {total - 1:.0%} together.",
        )
    elif (total := sum(tops)) < 1 - _TINY and possible(policy, size):
        kind = min(policy.session_shares, key=lambda one: policy.session_shares[one].most)
        yield Contradiction(
            f"session_shares.{kind}.most",
            f"The greatest shares of pages and sessions together add up to {total:.0%}: a session could not be filled.",
            f"Raise the greatest shares by {1 - total:.0%} together.",
        )


def _pins(policy: MixPolicy, size: int) -> Iterator[Contradiction]:
    for pin in policy.pins:
        if pin.position >= size:
            yield Contradiction(
                "pins",
                f"Slot {pin.position + 1} is pinned, but a page has {size} slots.",
                f"Pin the post to a slot from 1 to {size}.",
            )


def _part_down(slots: int, size: int) -> float:
    """The greatest whole percentage that asks for no more than these slots."""
    return math.floor(100 * slots / size + _TINY) / 100


def _part_up(slots: int, size: int) -> float:
    """The least whole percentage that allows these slots."""
    return min(math.ceil(100 * slots / size - _TINY), 100) / 100


def _share_down(slots: int, size: int) -> str:
    return f"{_part_down(slots, size):.0%}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
