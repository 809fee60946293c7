"""The rules of one page as numbers, and what a finished page kept of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from operator import le
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.bounded import Bounded
from core.domain.feed import Relaxation
from core.domain.lazily import lazily
from core.domain.mix import CAPS, MixPolicy, Share
from core.domain.mix_rules import cap_name, gap_name, pin_name, share_name
from core.domain.viewer import FeedSession
from core.feed.index import KIND_NUMBER, KINDS
from core.feed.mix_bounds import session_slots, too_few, too_many, whole_slots
from core.feed.mix_solver import PENALTY
from core.pipeline.candidates import FloatArray

GAP_UNIT, SESSION_UNIT, PIN_UNIT, SHARE_UNIT, CAP_UNIT = 0.5, 0.997, 0.998, 1.0, 1.001
"""What a broken gap, a slot outside a session's or a page's share, a pin left out and a post above a cap count when the
least relaxation is looked for. A gap concerns the order alone and counts half; otherwise all weigh the same, and of equals a
session's share gives way first (it can be caught up with), then a pin, a share, a cap."""

FAR = -1_000
UNCAPPED = 1_000_000
Ints = NDArray[np.int64]


KEPT = 256
"""So many policies and sizes, and answers of each, are kept at most."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Standing:
    """What a policy asks of every page of `size` slots, whoever it is for, worked out once. Nothing of it may be changed."""

    policy: MixPolicy
    size: int
    answers: Bounded[Hashable, object] = field(default_factory=lambda: Bounded(KEPT))

    @lazily
    def page(self) -> tuple[list[int], list[int]]:
        """Least and most slots per kind by the page's shares."""
        return whole_slots(self.policy, self.size)

    @lazily
    def caps(self) -> Ints:
        """(3,) posts of one publisher, brand and topic."""
        held = [getattr(self.policy, field) for field in CAPS]
        return np.array([UNCAPPED if cap is None else min(cap, UNCAPPED) for cap in held], np.int64)

    @lazily
    def gaps(self) -> Ints:
        """(4,) slots between two of a kind."""
        return np.array([self.policy.gap.get(kind, 0) for kind in KINDS], np.int64)

    @lazily
    def gap(self) -> tuple[int, ...]:
        """The same as plain numbers."""
        return tuple(self.gaps.tolist())

    def once(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """What `make` gives, kept by `key`."""
        found = self.answers.get(key)
        if found is None:
            found = make()
            self.answers.put(key, found)
        return found  # type: ignore[return-value]  # a key is only ever used with one `make`


_standing: Bounded[tuple[int, int], Standing] = Bounded(KEPT)


def standing(policy: MixPolicy, size: int) -> Standing:
    """What this policy, the very object, asks of pages of this size."""
    key = id(policy), size
    found = _standing.get(key)
    if found is None or found.policy is not policy:
        found = Standing(policy, size)
        _standing.put(key, found)
    return found


class Asked(msgspec.Struct, frozen=True, eq=False, dict=True):
    """What a policy asks of a page of `size` slots of a viewer whose session was `session`."""

    policy: MixPolicy
    size: int
    session: FeedSession

    @lazily
    def standing(self) -> Standing:
        """What does not depend on the session."""
        return standing(self.policy, self.size)

    @property
    def page(self) -> tuple[list[int], list[int]]:
        """Least and most slots per kind by the page's shares."""
        return self.standing.page

    @lazily
    def in_session(self) -> tuple[list[int], list[int]]:
        """Least and most slots per kind by the session's shares."""
        return session_slots(self.policy, self.size, self.session)

    @property
    def caps(self) -> Ints:
        """(3,) posts of one publisher, brand and topic."""
        return self.standing.caps

    @property
    def gaps(self) -> Ints:
        """(4,) slots between two of a kind."""
        return self.standing.gaps

    @property
    def last(self) -> Ints:
        """(4,) the slot of the latest post of each kind in the session; −1 is the one just before the page.

        Only as far back as the widest gap reaches: beyond that no rule looks.
        """
        return self.standing.once(("last", self._last), lambda: np.array(self._last, np.int64))

    @lazily
    def _last(self) -> tuple[int, ...]:
        last, shown = [FAR] * len(KINDS), self.session.last
        for place in range(1, min(max(self.standing.gap), len(shown)) + 1):
            number = KIND_NUMBER.get(shown[-place])  # type: ignore[call-overload]  # a kind that nobody knows has no number
            if number is not None and last[number] == FAR:
                last[number] = -place
        return tuple(last)

    @lazily
    def cooling(self) -> tuple[int, ...]:
        """How many slots each kind has to wait on this page."""
        return self.standing.once(
            ("cooling", self._last),
            lambda: tuple([max(gap + 1 + at, 0) for gap, at in zip(self.standing.gap, self._last, strict=True)]),
        )

    def toll(self, least: Sequence[int], most: Sequence[int]) -> FloatArray:
        """(4, size + 3) what each count of a kind costs beyond these bounds, which are hard."""
        counts = np.arange(self.size + 3)
        outside = [
            np.maximum(low - counts, 0) + np.maximum(counts - top, 0) for low, top in zip(least, most, strict=True)
        ]
        return np.array(outside, np.float64) * PENALTY

    def soft_toll(self, must: Sequence[int]) -> FloatArray:
        """(4, size + 3) what each count of a kind costs by the shares it does not keep; `must` of a kind cost nothing."""
        counts = np.arange(self.size + 3)
        total = np.zeros((len(KINDS), self.size + 3))
        for (least, most), unit in ((self.page, SHARE_UNIT), (self.in_session, SESSION_UNIT)):
            for place in range(len(KINDS)):
                top = max(most[place], must[place])
                short, over = np.maximum(least[place] - counts, 0), np.maximum(counts - top, 0)
                total[place] += unit * (short + over)
        return total * PENALTY

    def keeps_shares(self, kinds: Sequence[int]) -> bool:
        """Whether counts of `kinds` are within the shares of the page and of the session."""
        counts = [kinds.count(kind) for kind in range(len(KINDS))]
        asked = (self.page, self.in_session) if self.policy.session_shares else (self.page,)
        return all(_within(least, counts, most) for least, most in asked)

    def broken(self, kinds: Sequence[int]) -> dict[int, tuple[int, int]]:
        """By kind whose gap is broken: how often, and the fewest slots between two. `kinds` in slot order."""
        latest = list(self._last)
        found: dict[int, tuple[int, int]] = {}
        for slot, kind in enumerate(kinds):
            between = slot - latest[kind] - 1
            if between < self.standing.gap[kind]:
                often, fewest = found.get(kind, (0, self.size))
                found[kind] = often + 1, min(fewest, between)
            latest[kind] = slot
        return found

    def relaxed(
        self, kinds: Sequence[int], available: Sequence[int], highest: Sequence[int], without: Sequence[int] = ()
    ) -> tuple[Relaxation, ...]:
        """What a page does not keep: of `kinds` in slot order, with `highest` (3,) posts of one group, `without` some pins.

        `available` posts of each kind there are; it is named where it is the reason.
        """
        return (
            *self._shares(kinds, available, session=False),
            *(self._shares(kinds, available, session=True) if self.policy.session_shares else ()),
            *(
                Relaxation(
                    field=f"gap.{KINDS[kind]}",
                    rule=gap_name(KINDS[kind]),
                    asked=int(self.gaps[kind]),
                    given=fewest,
                    note=f"{often} gap{'s' * (often > 1)} between {KINDS[kind].label} posts could not be kept.",
                )
                for kind, (often, fewest) in sorted(self.broken(kinds).items())
            ),
            *(
                Relaxation(
                    field=field,
                    rule=cap_name(field, int(cap)),
                    asked=int(cap),
                    given=held,
                    note=f"One {CAPS[field]} has {held} posts instead of at most {cap}, because too few others can be shown.",
                )
                for field, cap, held in zip(CAPS, self.caps, highest, strict=True)
                if held > cap
            ),
            *(
                Relaxation(
                    field=f"pins.{slot}",
                    rule=pin_name(slot),
                    asked=1,
                    given=0,
                    note=f"The post pinned to slot {slot + 1} could not be kept with the other rules.",
                )
                for slot in without
            ),
        )

    def _shares(self, kinds: Sequence[int], available: Sequence[int], *, session: bool) -> list[Relaxation]:
        counts = np.bincount(np.asarray(kinds, np.int64), minlength=len(KINDS)).tolist()
        least, most = self.in_session if session else self.page
        group, where = ("session_shares", " in this session") if session else ("shares", "")
        shares: dict[object, Share] = getattr(self.policy, group)
        found = []
        for place, kind in enumerate(KINDS):
            share, count = shares.get(kind, Share()), counts[place]
            if count < least[place]:
                note = (
                    too_few(kind, least[place], self.size, count)
                    if count >= available[place] and not session
                    else f"{kind.label}: {count} of {self.size} slots instead of at least {least[place]}{where}, "
                    "so that other rules hold."
                )
                rule = share_name(kind, share.least, "least", session=session)
                found.append(
                    Relaxation(field=f"{group}.{kind}.least", rule=rule, asked=least[place], given=count, note=note)
                )
            if count > most[place]:
                note = (
                    f"{kind.label}: {count} of {self.size} slots instead of at most {most[place]}{where}, so that other "
                    "rules hold."
                    if session
                    else too_many(kind, share.most)
                )
                rule = share_name(kind, share.most, "most", session=session)
                found.append(
                    Relaxation(field=f"{group}.{kind}.most", rule=rule, asked=most[place], given=count, note=note)
                )
        return found


def _within(least: Sequence[int], counts: Sequence[int], most: Sequence[int]) -> bool:
    """Whether every count keeps to its bounds."""
    return all(map(le, least, counts)) and all(map(le, counts, most))
