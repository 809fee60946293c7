"""`/api/v1/policies`: the versions of the mix that an app may name, the one in force, and saving a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, StrictFloat, StrictInt
from starlette.concurrency import run_in_threadpool

from core.api.answers import answer, described
from core.api.bodies import body_of, checked, described_body
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import Account, ApiKey, Role, Scope
from core.domain.errors import TooLarge
from core.domain.events import MAX_ID
from core.domain.feed import MAX_PAGE
from core.domain.ids import Millis
from core.domain.mix import DEFAULT_WEIGHTS, MAX_EXPLORE, MAX_GAP, MixPolicy, Pin, Share
from core.domain.mix_fields import MAX_WEIGHT
from core.domain.post import PostKind

router = APIRouter(prefix="/api/v1", tags=["feed"])

MAX_BODY = 64 * 1024
_TOO_LARGE = TooLarge(f"this request takes at most {MAX_BODY // 1024} KB")


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


_VERSION = {
    "id": "for_you-2", "name": "For you, calmer", "base": "for_you-1",
    "shares": {"promotional": {"least": 0.0, "most": 0.1}}, "session_shares": {}, "gap": {"promotional": 3},
    "per_publisher": 3, "per_brand": None, "per_topic": None, "pins": [], "explore": 0.1,
    "weights": {"like": 1.0}, "note": "Fewer promotions", "created_at": 1_795_000_000_000,
}  # fmt: skip
_NEW_VERSION = {
    "base": "for_you-1", "name": "For you, calmer", "values": {"shares.promotional.most": 0.1, "gap.promotional": 3},
}  # fmt: skip
_EXAMPLE = {"current": "for_you-2", "policies": [_VERSION]}


@router.get(
    "/policies",
    summary="Versions of the mix",
    response_class=Response,
    responses={
        200: described(Policies, _EXAMPLE, "The version in force and all versions."),
        **responses(401, 403, 429, 503),
    },
)
def policies(
    services: Annotated[Services, Depends(services_of)], key: Annotated[ApiKey, Depends(key_with(Scope.FEED_READ))]
) -> Response:
    """Any of these ids may be sent as `policy` to `GET /api/v1/feed`. Publishing is done by a person on the console."""
    current, versions = services.mix.in_force_now()
    ordered = sorted(versions, key=lambda policy: (policy.created_at, policy.id), reverse=True)
    return answer(Policies(current=current.id, policies=tuple(_version(one) for one in ordered)))


class NewVersion(BaseModel):
    """A version to save: `base` with `values` instead. Fields are named as on the content mix page's API."""

    base: str = Field(max_length=MAX_ID, examples=["for_you-1"])
    name: str = Field(max_length=200, examples=["For you, calmer"])
    note: str = Field(default="", max_length=2_000, examples=["Fewer promotions"])
    values: dict[Annotated[str, Field(max_length=MAX_ID)], StrictFloat | list[tuple[StrictInt, str]] | None] = Field(
        max_length=200,
        description=(
            "Settings by flat name: `shares.KIND.least`, `shares.KIND.most`, `session_shares.KIND.least` and `.most` (0 to 1), "
            f"`gap.KIND` (0 to {MAX_GAP} slots), `per_publisher`, `per_brand`, `per_topic` (1 to {MAX_PAGE} posts; null: no cap on "
            f"brands or topics), `explore` (0 to {MAX_EXPLORE}), `weights.NAME` (up to {MAX_WEIGHT:g}; NAME is one of "
            f"{', '.join(DEFAULT_WEIGHTS)}), and `pins` as pairs of position and post."
        ),
        examples=[{"shares.promotional.most": 0.1, "gap.promotional": 3}],
    )


@router.post(
    "/policies",
    status_code=201,
    summary="Save a version of the mix",
    response_class=Response,
    responses={
        201: described(Version, _VERSION, "The new version."),
        **responses(401, 403, 404, 413, 422, 429, 503),
    },
    openapi_extra=described_body(NewVersion, _NEW_VERSION),
)
async def save(request: Request, key: Annotated[ApiKey, Depends(key_with(Scope.POLICIES_WRITE))]) -> Response:
    """For mixes that are kept as code. Nothing is served by it until somebody publishes it on the console, or asks for it by id.

    A setting that cannot be, or rules that no page can keep, is refused with the field, the value and what would make it possible.
    """
    program = Account(
        id=f"key:{key.id}", email=f"{key.prefix.lower()}@keys.feedroom", name=key.name, role=Role.PRODUCT_MANAGER
    )
    body = checked(await body_of(request, MAX_BODY, _TOO_LARGE), NewVersion)
    saved = await run_in_threadpool(
        services_of(request).mix.save,
        program, body.values, base=body.base, name=body.name, note=body.note, now=clock(),
    )  # fmt: skip
    return answer(_version(saved), status=201)


def _version(one: MixPolicy) -> Version:
    return Version(
        id=one.id, name=one.name, base=one.base, shares=one.shares, session_shares=one.session_shares, gap=one.gap,
        per_publisher=one.per_publisher, per_brand=one.per_brand, per_topic=one.per_topic, pins=one.pins,
        explore=one.explore, weights=one.weights, note=one.note, created_at=one.created_at,
    )  # fmt: skip
