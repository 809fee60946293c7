"""The mix that a new Feedroom starts with."""

from __future__ import annotations

from core.domain.mix import DEFAULT_WEIGHTS, MixPolicy, Share
from core.domain.post import PostKind

DEFAULT_POLICY = MixPolicy(
    id="for_you-1",
    name="For you",
    family="for_you",
    shares={
        PostKind.UGC: Share(least=0.4, most=0.7),
        PostKind.PROMOTIONAL: Share(least=0.0, most=0.2),
        PostKind.EDUCATIONAL: Share(least=0.1, most=0.3),
        PostKind.PRODUCT: Share(least=0.1, most=0.4),
    },
    gap={PostKind.PROMOTIONAL: 2, PostKind.PRODUCT: 1},
    per_publisher=3,
    weights=dict(DEFAULT_WEIGHTS),
    note="What Feedroom starts with",
    created_by="feedroom",
)
