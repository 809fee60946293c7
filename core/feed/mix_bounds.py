"""Shares as whole numbers of slots: rounded, made possible, and what had to give told in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import le

from core.domain.mix import MixPolicy, Share
from core.domain.post import PostKind
from core.domain.viewer import FeedSession
from core.feed.index import KINDS

_TINY = 1e-9
_ANY = Share()
NO_SESSION = FeedSession()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most slots per kind of one page, in the order of KINDS; always Σ least ≤ slots ≤ Σ most ≤ what there is.

    They are `sure` if whatever is within them keeps every share.
    """

    least: tuple[int, ...]
    most: tuple[int, ...]
    notes: tuple[str, ...] = ()
    sure: bool = False


def bounds(
    policy: MixPolicy,
    size: int,
    available: Sequence[int],
    must: Sequence[int] | None = None,
    session: FeedSession = NO_SESSION,
) -> Bounds:
    """The slots that each kind may have on a page of `size` slots.

    A least share is rounded up and a greatest share down, so the page keeps the shares exactly; so it does for the session's, if
    the page's leave room for that. Where rounding makes that impossible (a page of 1 has no 30%), the bounds with the smallest
    fraction to give are loosened by one slot until it is possible; that is not worth a note. Where too few posts of a kind are
    `available`, its least share falls to what there is and the greatest shares of the others rise until the page is full; that is
    noted. `must` slots of a kind are kept in any case.

    >>> policy = MixPolicy(id="p", name="p", shares={kind: Share(least=0.25, most=0.25) for kind in KINDS})
    >>> bounds(policy, 8, [9, 9, 9, 9]).most
    (2, 2, 2, 2)
    """
    needed = must or (0,) * len(KINDS)
    size = min(size, sum(available))
    page_least, page_most = whole_slots(policy, size)
    least, most = page_least.copy(), page_most.copy()
    asked = [(page_least, page_most)]
    if policy.session_shares:
        asked.append(session_slots(policy, size, session))
        least, most = _with_session(page_least, page_most, *asked[-1], size)
    notes: list[str] = []
    for place, kind in enumerate(KINDS):
        if least[place] > available[place]:
            notes.append(too_few(kind, least[place], size, available[place]))
            least[place] = available[place]
        if needed[place] > most[place]:
            notes.append(f"{kind.label}: {needed[place]} posts take more than the {most[place]} slots of the mix.")
        least[place] = max(least[place], needed[place])
        most[place] = min(max(most[place], needed[place]), available[place])
    while sum(least) > size:
        place = max(range(len(KINDS)), key=lambda one: (least[one] > needed[one], least[one]))
        least[place] -= 1
    shares = [policy.shares.get(kind, _ANY) for kind in KINDS]
    while sum(most) < size:
        room = [place for place in range(len(KINDS)) if most[place] < available[place]]
        place = min(room, key=lambda one: (most[one] - shares[one].most * size, one))
        most[place] += 1
        if sum(most) == size or len(room) == 1:
            notes.append(too_many(KINDS[place], shares[place].most))
    least = list(map(min, least, most))
    sure = all(all(map(le, low, least)) and all(map(le, most, top)) for low, top in asked)
    return Bounds(tuple(least), tuple(most), tuple(dict.fromkeys(notes)), sure)


def too_few(kind: PostKind, asked: int, size: int, available: int) -> str:
    """A least share for which posts are lacking."""
    return f"{kind.label}: the mix asks for at least {asked} of {size} slots, but only {available} can be shown."


def too_many(kind: PostKind, most: float) -> str:
    """A greatest share that had to be passed to fill the page."""
    return f"{kind.label}: more than the {most:.0%} of the mix, because too few other posts can be shown."


def room(slots: int, gap: int, taken: int = 0) -> int:
    """How many posts of a kind fit into `slots` with `gap` slots between two, if the first `taken` slots are not free for it."""
    return 0 if taken >= slots else 1 + (slots - 1 - taken) // (gap + 1)


def whole_slots(policy: MixPolicy, size: int) -> tuple[list[int], list[int]]:
    """Least and most slots per kind by the page's shares alone, in the order of KINDS, rounded so that a page is possible."""
    return _whole(policy.shares, size)


def session_slots(policy: MixPolicy, size: int, session: FeedSession) -> tuple[list[int], list[int]]:
    """Least and most slots per kind of the next page of `size` slots with which the session keeps its shares.

    What was served before counts; where it is too much or too little already, the page does what it can.
    """
    served = [session.kinds.get(kind, 0) for kind in KINDS]
    least, most = _whole(policy.session_shares, sum(served) + size)
    return (
        [min(max(one - had, 0), size) for one, had in zip(least, served, strict=True)],
        [min(max(one - had, 0), size) for one, had in zip(most, served, strict=True)],
    )


def _whole(shares: Mapping[PostKind, Share], size: int) -> tuple[list[int], list[int]]:
    held = [shares.get(kind, _ANY) for kind in KINDS]
    least = [math.ceil(share.least * size - _TINY) for share in held]
    most = [max(math.floor(share.most * size + _TINY), 0) for share in held]
    _round(held, size, least, most)
    return least, most


def _with_session(
    least: list[int], most: list[int], session_least: list[int], session_most: list[int], size: int
) -> tuple[list[int], list[int]]:
    """Both together; where that is impossible the session's give way, by as few slots as possible: it can be caught up with."""
    both_least = [max(one, min(two, top)) for one, two, top in zip(least, session_least, most, strict=True)]
    both_most = [min(one, max(two, low)) for one, two, low in zip(most, session_most, least, strict=True)]
    for place in range(len(KINDS)):
        both_most[place] = max(both_most[place], both_least[place])
    while sum(both_least) > size:
        place = max(range(len(KINDS)), key=lambda one: both_least[one] - least[one])
        both_least[place] -= 1
    while sum(both_most) < size:
        place = max(range(len(KINDS)), key=lambda one: most[one] - both_most[one])
        both_most[place] += 1
    return both_least, both_most


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
