"""The content mix of a page against what its policy allows."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core.domain.feed import FeedPage
from core.domain.mix import MixPolicy
from core.domain.post import PostKind
from dashboard import charts
from dashboard.formatting import percent
from dashboard.literal import literal


def mix_bars(page: FeedPage, policy: MixPolicy | None, *, key: str) -> None:
    """Draw each kind's share over the band that is allowed, and say in words what is outside."""
    served = Counter(slot.kind for slot in page.slots)
    allowed = {kind: (share.least, share.most) for kind, share in policy.shares.items()} if policy else {}
    st.plotly_chart(
        charts.mix_bars(served, allowed), key=key, config={"displayModeBar": False}, alt=_words(served, len(page.slots))
    )
    st.caption("Bars: shares of this page. Bands: from the least to the greatest share that the policy allows.")
    if policy is None or not page.slots:
        return
    outside = [words for kind in PostKind if (words := _outside(kind, served, len(page.slots), allowed))]
    if outside:
        st.warning(" ".join(outside), icon=":material/rule:")
    else:
        st.success(f"Every share keeps to the policy “{literal(policy.name)}”.", icon=":material/check_circle:")
    gaps = ", ".join(f"{gap} between two of kind {kind.label}" for kind, gap in policy.gap.items() if gap)
    kept = f"Other rules: at most {policy.per_publisher} posts of one publisher"
    st.caption(f"{kept}; slots kept free: {gaps}." if gaps else f"{kept}.")


def _outside(
    kind: PostKind, served: Counter[PostKind], slots: int, allowed: dict[PostKind, tuple[float, float]]
) -> str:
    """A sentence if the kind's count cannot be explained by rounding to whole slots."""
    least, most = allowed.get(kind, (0.0, 1.0))
    count = served[kind]
    if count < int(least * slots + 1e-9):
        return f"{kind.label}: {percent(count / slots, 0)} of the slots, less than {percent(least, 0)}; too few posts were left."
    if count > -int(-most * slots // 1):
        return f"{kind.label}: {percent(count / slots, 0)} of the slots, more than {percent(most, 0)}."
    return ""


def _words(served: Counter[PostKind], slots: int) -> str:
    return "Shares of this page: " + ", ".join(
        f"{kind.label} {percent(served[kind] / max(1, slots), 0)}" for kind in PostKind
    )
