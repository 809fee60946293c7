"""Improving a page under caps on publishers, brands and topics, compiled.

A group at its cap blocks its other posts, which the dynamic programme cannot see. Here a page is improved by exchanges: one
post for another, also of another kind; two for two, where the second makes room for the first; the kinds of two slots
swapped. When nothing helps, the prices of full groups, gaps and shares are lowered at random and raised where they are
overdrawn, and the search goes on from there: guided local search on the Lagrangian of the rules. Measured by the benchmark
`mix_gap`. One file, because numba's cache only watches the file of the function that is called from outside.
"""

from __future__ import annotations

import numpy as np
from numba import njit

TINY = 1e-9
STEPS = 400
EASY, HARD = 0.02, 0.05
"""Where the first exchanges gain no more of the value than this, the start was near the best page already; or nearly so."""

GIVE_UP = 20
"""After so many laps without an improvement a search that has found no page that keeps the rules ends."""


@njit(cache=True, nogil=True)
def exchanged(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    scores,
    kinds,
    groups,
    caps,
    places,
    fixed,
    toll,
    gaps,
    last,
    attention,
    hard,
    above,
    unit,
    gap_unit,
    laps,
    patience,
    stamina,
    enough,
):
    """The best page found from `places`: (places, value, broken gaps, toll, posts above a cap, whether it was hard).

    Candidates are ranked by score; `groups` (n, d) numbers their groups, −1 for none, `caps` (d,). Posts in `fixed` slots stay.
    Counts per kind pay `toll` (4, slots + 3); `last` (4,) is the slot, below 0, of the latest post of each kind on the page
    before. A broken gap costs `hard`, a post above a cap `above`; `unit` and `gap_unit` are the sizes that the prices of caps and
    of gaps begin with; 0 means a quarter of the range of scores on the page. The search ends after `laps`, or `patience` laps
    without an improvement; a page is hard if the first lap had to repair it or gained more than `EASY` of its value, and then
    gets `stamina` instead, or a third of it. A page whose rules cost no more than `enough` could not keep them better: it gets
    `patience`.
    """
    dims, width, slots = groups.shape[1], 1, len(places)
    if unit <= 0:
        unit = gap_unit = (scores[places.min()] - scores[places.max()]) / 4 + 1e-6
    for place in range(len(scores)):
        for dim in range(dims):
            width = max(width, groups[place, dim] + 1)
    weights = np.full((dims, width), 8 * unit)
    gap_weight = 8 * gap_unit
    share_weight = 8 * gap_unit / hard
    held = np.zeros((dims, width), np.int64)
    on = np.zeros(len(scores), np.bool_)
    counts = np.zeros(4, np.int64)
    sequence = np.empty(slots, np.int64)
    chosen = places.copy()
    for slot in range(slots):
        place = chosen[slot]
        on[place] = True
        sequence[slot] = kinds[place]
        counts[kinds[place]] += 1
        for dim in range(dims):
            if groups[place, dim] >= 0:
                held[dim, groups[place, dim]] += 1
    best, top, top_value, top_broken, top_due, top_over = places.copy(), -np.inf, -np.inf, 0, 0.0, 0
    lots = np.uint64(88172645463325252)
    idle, hard_case, at_start = 0, False, 0.0
    for slot in range(slots):
        at_start += attention[slot] * scores[chosen[slot]]
        hard_case = hard_case or _near(sequence, slot, sequence[slot], gaps, last, False) > 0
    for dim in range(dims):
        for group in range(width):
            hard_case = hard_case or held[dim, group] > caps[dim]
    for lap in range(laps):
        _improve(
            scores, kinds, groups, caps, chosen, fixed, toll * share_weight, gaps, last, attention, gap_weight, weights,
            held, on, counts, sequence, above < hard * 4,
        )  # fmt: skip
        broken, due, value, over = 0, 0.0, 0.0, 0
        for slot in range(slots):
            broken += _near(sequence, slot, sequence[slot], gaps, last, False)
            value += attention[slot] * scores[chosen[slot]]
        for kind in range(4):
            due += toll[kind, counts[kind]]
        for dim in range(dims):
            for group in range(width):
                over += max(held[dim, group] - caps[dim], 0)
        total = value - due - hard * broken - above * over
        idle += 1
        if total > top + TINY:
            idle, top = 0, total
            best[:] = chosen
            top_value, top_broken, top_due, top_over = value, broken, due, over
        if lap == 0:
            gain = (value - at_start) / (abs(at_start) + TINY)
            if not hard_case and gain <= HARD:
                stamina = (stamina + 2) // 3 if gain > EASY else patience
            hard_case = hard_case or gain > EASY
        limit = stamina
        if top_over + top_broken > 0 or top_due > 0:
            limit = patience if top_due + hard * top_broken + above * top_over <= enough else min(stamina, GIVE_UP)
        if idle >= limit:
            break
        lots = _next(lots)
        if broken:
            gap_weight = gap_weight * 1.6 + 0.05 * gap_unit
        elif over == 0:
            gap_weight *= 0.1 + 0.9 * (lots & np.uint64(1023)) / 1023.0
        lots = _next(lots)
        if due > 0:
            share_weight = min(share_weight * 1.6 + 0.05 * gap_unit / hard, 1.0)
        elif over == 0 and broken == 0:
            share_weight *= 0.1 + 0.9 * (lots & np.uint64(1023)) / 1023.0
        for dim in range(dims):
            for group in range(width):
                if held[dim, group] > caps[dim]:
                    weights[dim, group] = weights[dim, group] * 1.6 + 0.05 * unit
                elif over == 0 and broken == 0 and held[dim, group] == caps[dim]:
                    lots = _next(lots)
                    weights[dim, group] *= 0.1 + 0.9 * (lots & np.uint64(1023)) / 1023.0
    return best, top_value, top_broken, top_due, top_over, hard_case


@njit(cache=True, nogil=True)
def _next(lots):  # type: ignore[no-untyped-def]
    """The next of a row of random 64-bit numbers: Marsaglia's xorshift, which never gives 0."""
    lots ^= lots << np.uint64(13)
    lots ^= lots >> np.uint64(7)
    return lots ^ (lots << np.uint64(17))


@njit(cache=True, nogil=True)
def _near(sequence, slot, kind, gaps, last, both):  # type: ignore[no-untyped-def]
    """Broken gaps before a post of `kind` in `slot`; with `both` the change in broken gaps that it makes by standing there."""
    gap = gaps[kind]
    before = after = 0
    for step in range(1, gap + 1):
        other = slot - step
        if other == last[kind] or (other >= 0 and sequence[other] == kind):
            before = step
            break
    if not both:
        return int(before > 0)
    for step in range(1, gap + 1):
        other = slot + step
        if other >= len(sequence):
            break
        if sequence[other] == kind:
            after = step
            break
    return int(before > 0) + int(after > 0) - int(before > 0 and after > 0 and before + after <= gap)


@njit(cache=True, nogil=True)
def _improve(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    scores,
    kinds,
    groups,
    caps,
    chosen,
    fixed,
    toll,
    gaps,
    last,
    attention,
    gap_weight,
    weights,
    held,
    on,
    counts,
    sequence,
    soft,
):
    """Exchange until nothing helps, at these weights.

    `chosen`, `held`, `on`, `counts` and `sequence` describe the page and are changed in place. Unless caps are `soft`, a page
    above one is only brought back.
    """
    slots, dims = len(chosen), groups.shape[1]
    outside = np.empty((4, len(scores)), np.int64)
    found = np.zeros(4, np.int64)
    change = np.zeros((slots, 4))
    arranged = False
    for _ in range(STEPS):
        found[:] = 0
        for place in range(len(scores)):
            if not on[place]:
                outside[kinds[place], found[kinds[place]]] = place
                found[kinds[place]] += 1
        best, slot1, in1, slot2, in2 = TINY, -1, -1, -1, -1
        for one in range(slots):
            if fixed[one]:
                continue
            leaves, own, relief = chosen[one], sequence[one], 0.0
            for dim in range(dims):
                group = groups[leaves, dim]
                if group >= 0 and held[dim, group] > caps[dim]:
                    relief += weights[dim, group]
            stays = _near(sequence, one, own, gaps, last, True)
            for kind in range(4):
                change[one, kind] = 0.0
                if kind != own:
                    moved = _near(sequence, one, kind, gaps, last, True) - stays
                    change[one, kind] = gap_weight * moved + (
                        toll[kind, counts[kind] + 1] - toll[kind, counts[kind]]
                        + toll[own, counts[own] - 1] - toll[own, counts[own]]
                    )  # fmt: skip
                for rank in range(found[kind]):
                    enters = outside[kind, rank]
                    gain = attention[one] * (scores[enters] - scores[leaves]) - change[one, kind]
                    if gain + relief <= best:
                        break
                    full = False
                    for dim in range(dims):
                        into, out = groups[enters, dim], groups[leaves, dim]
                        if into != out:
                            if into >= 0 and held[dim, into] >= caps[dim]:
                                gain -= weights[dim, into]
                                full = True
                            if out >= 0 and held[dim, out] > caps[dim]:
                                gain += weights[dim, out]
                        elif into >= 0 and held[dim, into] > caps[dim]:
                            full = True
                    if gain > best:
                        best, slot1, in1, slot2, in2 = gain, one, enters, -1, -1
                    if not full:
                        break
        clean = True
        for slot in range(0 if soft else slots):
            for dim in range(dims):
                group = groups[chosen[slot], dim]
                clean = clean and (group < 0 or held[dim, group] <= caps[dim])
        if slot1 < 0 and not arranged and clean:
            arranged = True
            if _arrange(scores, chosen, fixed, gaps, last, attention, gap_weight, sequence, True):
                continue
        if slot1 < 0 and clean:
            slot1, in1, slot2, in2 = _pair(
                scores, groups, caps, chosen, fixed, toll, gaps, last, attention, gap_weight,
                held, counts, sequence, outside, found,
            )  # fmt: skip
        if slot1 < 0:
            break
        for step in range(2):
            slot, enters = (slot1, in1) if step == 0 else (slot2, in2)
            if slot < 0:
                continue
            leaves = chosen[slot]
            on[leaves], on[enters] = False, True
            for dim in range(dims):
                if groups[leaves, dim] >= 0:
                    held[dim, groups[leaves, dim]] -= 1
                if groups[enters, dim] >= 0:
                    held[dim, groups[enters, dim]] += 1
            counts[kinds[leaves]] -= 1
            counts[kinds[enters]] += 1
            sequence[slot] = kinds[enters]
            chosen[slot] = enters
        _arrange(scores, chosen, fixed, gaps, last, attention, gap_weight, sequence, False)
        arranged = False


@njit(cache=True, nogil=True)
def _pair(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    scores, groups, caps, chosen, fixed, toll, gaps, last, attention, gap_weight, held, counts, sequence, outside, found
):
    """The best exchange of two: one that a full group or a rule of kinds blocks, and one that makes room for it."""
    slots, dims = len(chosen), groups.shape[1]
    best, slot1, in1, slot2, in2 = TINY, -1, -1, -1, -1
    tried = np.full(held.shape, -1, np.int64)
    full = np.zeros(len(scores), np.int64)
    # Ranks of the best post that no group blocks, by kind, and of the best one of a full group, by group and kind: what could
    # fill a slot is one of the former, or of a group that the exchange makes room in.
    open_from = found.copy()
    group_from = np.empty((dims, held.shape[1], 4), np.int64)
    for kind in range(4):
        group_from[:, :, kind] = found[kind]
    # The slots of each group: the first, and after each the next.
    first_slot, next_slot = np.full(held.shape, -1, np.int64), np.empty((dims, slots), np.int64)
    for slot in range(slots - 1, -1, -1):
        for dim in range(dims):
            group = groups[chosen[slot], dim]
            if group >= 0:
                next_slot[dim, slot] = first_slot[dim, group]
                first_slot[dim, group] = slot
    for kind in range(4):
        for rank in range(found[kind]):
            place = outside[kind, rank]
            for dim in range(dims):
                group = groups[place, dim]
                if group >= 0 and held[dim, group] >= caps[dim]:
                    full[place] |= 1 << dim
                    group_from[dim, group, kind] = min(group_from[dim, group, kind], rank)
            if full[place] == 0:
                open_from[kind] = min(open_from[kind], rank)
    # What each slot's gaps cost more if it held each kind and all others stayed; of two slots far apart that adds up.
    reach = gaps.max()
    moves = np.empty((slots, 4))
    for slot in range(slots):
        stays = _near(sequence, slot, sequence[slot], gaps, last, True)
        for kind in range(4):
            moves[slot, kind] = gap_weight * (_near(sequence, slot, kind, gaps, last, True) - stays)
    for one in range(slots):
        leaves, a = chosen[one], sequence[one]
        for kind in range(0 if fixed[one] else 4):
            sequence[one] = kind
            moved = moves[one, kind]
            for rank in range(found[kind]):
                enters = outside[kind, rank]
                value = attention[one] * (scores[enters] - scores[leaves])
                if value <= TINY:
                    break
                blocks, only = 0, 0
                for dim in range(dims):
                    if full[enters] >> dim & 1 and groups[enters, dim] != groups[leaves, dim]:
                        blocks, only = blocks + 1, dim
                if blocks == 1:
                    # Of those that only this group blocks, the best one stands for all.
                    if tried[only, groups[enters, only]] == one * 4 + kind:
                        continue
                    tried[only, groups[enters, only]] = one * 4 + kind
                if blocks == 0 and kind == a:
                    break
                # Where one group blocks, only its own slots make room.
                following = first_slot[only, groups[enters, only]] if blocks == 1 else 0
                while 0 <= following < slots:
                    two = following
                    following = next_slot[only, two] if blocks == 1 else two + 1
                    room, b = chosen[two], sequence[two]
                    if two == one or fixed[two]:
                        continue
                    useful = True
                    for dim in range(dims if blocks > 1 else 0):
                        group = groups[enters, dim]
                        if full[enters] >> dim & 1 and group != groups[leaves, dim] and group != groups[room, dim]:
                            useful = False
                            break
                    if not useful:
                        continue
                    for other in range(4):
                        start = open_from[other]
                        for dim in range(dims):
                            if groups[leaves, dim] >= 0:
                                start = min(start, group_from[dim, groups[leaves, dim], other])
                            if groups[room, dim] >= 0:
                                start = min(start, group_from[dim, groups[room, dim], other])
                        if start >= found[other]:
                            continue
                        gain = value + attention[two] * (scores[outside[other, start]] - scores[room])
                        if gain <= best:
                            continue
                        due = 0.0
                        if (kind != a or other != b) and (kind != b or other != a):
                            for each in range(4):
                                more = (each == kind) + (each == other) - (each == a) - (each == b)
                                if more:
                                    due += toll[each, counts[each] + more] - toll[each, counts[each]]
                            if gain - due - moved <= best and due > 0:
                                continue
                        due += moved
                        if other != b:
                            if kind == a or abs(one - two) > reach:
                                due += moves[two, other]
                            else:
                                stays = _near(sequence, two, b, gaps, last, True)
                                sequence[two] = other
                                due += gap_weight * (_near(sequence, two, other, gaps, last, True) - stays)
                                sequence[two] = b
                        if gain - due <= best:
                            continue
                        for place in range(start, found[other]):
                            fills = outside[other, place]
                            gain = value + attention[two] * (scores[fills] - scores[room]) - due
                            if gain <= best:
                                break
                            fine = fills != enters
                            for dim in range(dims):
                                group = groups[fills, dim]
                                if group < 0:
                                    continue
                                away = (groups[leaves, dim] == group) + (groups[room, dim] == group)
                                here = groups[enters, dim] == group
                                if full[fills] >> dim & 1:
                                    fine = fine and away > 0 and held[dim, group] - away + here < caps[dim]
                                elif here:
                                    fine = fine and held[dim, group] - away + here < caps[dim]
                            if fine:
                                best, slot1, in1, slot2, in2 = gain, one, enters, two, fills
                                break
                if blocks == 0:
                    break
        sequence[one] = a
    return slot1, in1, slot2, in2


@njit(cache=True, nogil=True)
def _arrange(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    scores, chosen, fixed, gaps, last, attention, gap_weight, sequence, swaps
):
    """The better post of a kind into the earlier slot; with `swaps`, swap kinds of two free slots while that helps. In place."""
    slots = len(chosen)
    ranked = np.empty((4, slots), np.int64)
    size = np.zeros(4, np.int64)
    for slot in range(slots):
        if not fixed[slot]:
            kind, place = sequence[slot], chosen[slot]
            at = size[kind]
            while at > 0 and ranked[kind, at - 1] > place:
                ranked[kind, at] = ranked[kind, at - 1]
                at -= 1
            ranked[kind, at] = place
            size[kind] += 1
    nexts = np.zeros((slots + 1, 4), np.int64)
    swapped = False
    while swaps:
        for slot in range(slots):
            nexts[slot + 1] = nexts[slot]
            if not fixed[slot]:
                nexts[slot + 1, sequence[slot]] += 1
        relief = 0.0
        for slot in range(slots):
            if _near(sequence, slot, sequence[slot], gaps, last, False):
                relief = 4 * gap_weight
        best, left, right = TINY, -1, -1
        for one in range(slots):
            a = sequence[one]
            if fixed[one]:
                continue
            stays = _near(sequence, one, a, gaps, last, True)
            for two in range(one + 1, slots):
                b = sequence[two]
                if fixed[two] or a == b:
                    continue
                # Only posts of the two kinds between the two slots move: those of `a` one place later, those of `b` earlier.
                ia, ib = nexts[one, a], nexts[one, b]
                most = scores[ranked[b, ib]] - scores[ranked[a, nexts[two, a] - 1]]
                if (attention[one] - attention[two]) * most <= best - relief:
                    continue
                gain = attention[one] * (scores[ranked[b, ib]] - scores[ranked[a, ia]])
                mine, theirs = ia, ib + 1
                ia += 1
                for slot in range(one + 1, two):
                    if fixed[slot]:
                        continue
                    if sequence[slot] == a:
                        gain += attention[slot] * (scores[ranked[a, mine]] - scores[ranked[a, ia]])
                        mine += 1
                        ia += 1
                    elif sequence[slot] == b:
                        gain += attention[slot] * (scores[ranked[b, theirs]] - scores[ranked[b, ib]])
                        theirs += 1
                        ib += 1
                gain += attention[two] * (scores[ranked[a, mine]] - scores[ranked[b, ib]])
                if gain <= best - relief:
                    continue
                moved = -stays
                sequence[one] = b
                moved += _near(sequence, one, b, gaps, last, True) - _near(sequence, two, b, gaps, last, True)
                sequence[two] = a
                moved += _near(sequence, two, a, gaps, last, True)
                sequence[one], sequence[two] = a, b
                if gain - gap_weight * moved > best:
                    best, left, right = gain - gap_weight * moved, one, two
        if left < 0:
            break
        sequence[left], sequence[right] = sequence[right], sequence[left]
        swapped = True
    size[:] = 0
    for slot in range(slots):
        if not fixed[slot]:
            chosen[slot] = ranked[sequence[slot], size[sequence[slot]]]
            size[sequence[slot]] += 1
    return swapped
