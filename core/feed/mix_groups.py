"""Publishers, brands and topics as small numbers, and the candidates that a page may need at all, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

SPARE = 12
"""With several caps, a kind's posts of one group that are kept beyond the cap: other caps may block the best ones."""


@njit(cache=True, nogil=True)
def shortlist(  # type: ignore[no-untyped-def]  # noqa: PLR0912, PLR0915 - one compiled loop nest, quickest as one
    scores, kinds, names, caps, pinned, slots, each, spare
):
    """The candidates that a page of `slots` may need: (places, scores, kinds, groups, caps, greedy).

    `names` (d, n) are the candidates' groups by any numbers, below 0 for none; `caps` (d,). A cap of `slots` or more binds nothing
    and is left out with its groups. Of each kind and group only the best `cap` posts are kept, `spare` more if several caps
    bind, and of each kind the best `each`; pinned candidates (slots,) always. `groups` (m, d) are numbered from 0; `greedy` (m,)
    are those that a walk from the best down would take while all caps hold, the pinned first.
    """
    count, dims = len(kinds), 0
    for cap in caps:
        dims += cap < slots
    size = 16
    while size < 2 * count:
        size *= 2
    groups = np.full((count, dims), -1, np.int32)
    binding = np.empty(dims, np.int64)
    dim = -1
    for sort in range(len(caps)):
        if caps[sort] >= slots:
            continue
        dim += 1
        binding[dim] = caps[sort]
        table = np.full(size, -1, np.int32)
        known = np.empty(size, np.int64)
        following = 0
        for place in range(count):
            name = names[sort, place]
            if name < 0:
                continue
            at = (name * 2654435761) & (size - 1)
            while table[at] >= 0 and known[at] != name:
                at = (at + 1) & (size - 1)
            if table[at] < 0:
                table[at], known[at] = following, name
                following += 1
            groups[place, dim] = table[at]
    caps = binding
    must = np.zeros(count, np.bool_)
    for slot in range(slots):
        if pinned[slot] >= 0:
            must[pinned[slot]] = True
    spare = spare if dims > 1 or spare > SPARE else 0
    seen = np.zeros((dims, count + 1, 4), np.int32)
    kept = np.empty(count, np.int64)
    taken = np.zeros(4, np.int64)
    total = 0
    for place in range(count):
        kind = kinds[place]
        keep = taken[kind] < each
        for dim in range(dims):
            group = groups[place, dim]
            keep = keep and (group < 0 or seen[dim, group, kind] < caps[dim] + spare)
        if keep or must[place]:
            for dim in range(dims):
                if groups[place, dim] >= 0:
                    seen[dim, groups[place, dim], kind] += 1
            taken[kind] += 1
            kept[total] = place
            total += 1
    kept = kept[:total]
    groups = groups[kept]
    held = np.zeros((dims, count + 1), np.int32)
    greedy = np.zeros(total, np.bool_)
    for wanted in (True, False):
        for at in range(total):
            if must[kept[at]] != wanted:
                continue
            free = True
            for dim in range(dims):
                group = groups[at, dim]
                free = free and (group < 0 or held[dim, group] < caps[dim])
            greedy[at] = free or wanted
            if greedy[at]:
                for dim in range(dims):
                    if groups[at, dim] >= 0:
                        held[dim, groups[at, dim]] += 1
    return kept, scores[kept], kinds[kept], groups, caps, greedy
