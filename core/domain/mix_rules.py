"""The rules of a mix by field and by name: what a slider, a price, a note and a refusal all call the same."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.mix import CAPS, MixPolicy, Share
from core.domain.post import PostKind


def rules(policy: MixPolicy) -> Iterator[tuple[str, str]]:
    """Every rule that the policy sets, as (field, name), in the order of a page: shares, session, gaps, caps, pins.

    Fields are `shares.ugc.least`, `session_shares.ugc.most`, `gap.product`, `per_brand`, `pins.0` (the position, from 0).

    >>> dict(rules(MixPolicy(id="p", name="p", gap={PostKind.PRODUCT: 1})))["gap.product"]
    'gap between Product posts'
    """
    for group in ("shares", "session_shares"):
        for kind in PostKind:
            share: Share = getattr(policy, group).get(kind, Share())
            if share.least > 0:
                yield f"{group}.{kind}.least", share_name(kind, share.least, "least", session=group != "shares")
            if share.most < 1:
                yield f"{group}.{kind}.most", share_name(kind, share.most, "most", session=group != "shares")
    for kind in PostKind:
        if policy.gap.get(kind, 0):
            yield f"gap.{kind}", gap_name(kind)
    for field in CAPS:
        if (cap := getattr(policy, field)) is not None:
            yield field, cap_name(field, cap)
    for pin in policy.pins:
        yield f"pins.{pin.position}", pin_name(pin.position)


def share_name(kind: PostKind, share: float, end: str, *, session: bool = False) -> str:
    """`UGC at least 40%`, for a session `UGC at least 40% of a session`; `end` is least or most."""
    return f"{kind.label} at {end} {round(100 * share, 1):g}%" + (" of a session" if session else "")


def gap_name(kind: PostKind) -> str:
    """`gap between Product posts`."""
    return f"gap between {kind.label} posts"


def cap_name(field: str, cap: int) -> str:
    """`at most 3 posts of one publisher`."""
    return f"at most {cap} post{'s' * (cap != 1)} of one {CAPS[field]}"


def pin_name(position: int) -> str:
    """`pin at position 1`: people count from 1."""
    return f"pin at position {position + 1}"
