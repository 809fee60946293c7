"""`GET /api/v1/policies`: the versions of the mix that an app may name, and the one in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from core.api.answers import answer, described
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services
from core.domain.account import ApiKey, Scope
from core.domain.ids import Millis
from core.domain.mix import Pin, Share
from core.domain.post import PostKind

router = APIRouter(prefix="/api/v1", tags=["feed"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the mix; it never changes. Shares are parts from 0 to 1, gaps and caps count slots and posts."""

    id: str
    name: str
    base: str
    shares: dict[PostKind, Share]
    session_shares: dict[PostKind, Share]
    gap: dict[PostKind, int]
    per_publisher: int
    per_brand: int | None
    per_topic: int | None
    pins: tuple[Pin, ...]
    explore: float
    weights: dict[str, float]
    note: str
    created_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """`current` is the id of the version in force for viewers outside experiments; `policies` are all versions, newest first."""

    current: str
    policies: tuple[Version, ...]


_EXAMPLE = {
    "current": "for_you-2",
    "policies": [
        {
            "id": "for_you-2", "name": "For you, calmer", "base": "for_you-1",
            "shares": {"promotional": {"least": 0.0, "most": 0.1}}, "session_shares": {}, "gap": {"promotional": 3},
            "per_publisher": 3, "per_brand": None, "per_topic": None, "pins": [], "explore": 0.1,
            "weights": {"like": 1.0}, "note": "Fewer promotions", "created_at": 1_795_000_000_000,
        }
    ],
}  # fmt: skip


@router.get(
    "/policies",
    summary="Versions of the mix",
    response_class=Response,
    responses={
        200: described(Policies, _EXAMPLE, "The version in force and all versions."),
        **responses(401, 403, 429),
    },
)
def policies(
    services: Annotated[Services, Depends(services_of)], key: Annotated[ApiKey, Depends(key_with(Scope.FEED_READ))]
) -> Response:
    """Any of these ids may be sent as `policy` to `GET /api/v1/feed`. Publishing is done by a person on the console."""
    current, versions = services.mix.in_force_now()
    ordered = sorted(versions, key=lambda policy: (policy.created_at, policy.id), reverse=True)
    shown = tuple(
        Version(
            id=one.id, name=one.name, base=one.base, shares=one.shares, session_shares=one.session_shares, gap=one.gap,
            per_publisher=one.per_publisher, per_brand=one.per_brand, per_topic=one.per_topic, pins=one.pins,
            explore=one.explore, weights=one.weights, note=one.note, created_at=one.created_at,
        )
        for one in ordered
    )  # fmt: skip
    return answer(Policies(current=current.id, policies=shown))
