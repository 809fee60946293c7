"""Experiments for the shopping app: which arm a viewer is in, and that they met it. Plain HTTP, no library needed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from core.api.bodies import body_of, checked, described_body
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import clock
from core.domain.account import ApiKey, Scope
from core.domain.errors import TooLarge
from core.domain.events import MAX_ID
from core.domain.given_ids import check_id
from core.services.assignments import Assignments
from core.statistics.assignment import Attributes

router = APIRouter(prefix="/api/v1", tags=["experiments"])
MAX_BODY = 16 * 1024
_TOO_LARGE = TooLarge(f"this request takes at most {MAX_BODY // 1024} KB")

Viewer = Annotated[str, Query(min_length=1, max_length=MAX_ID, examples=["viewer-4711"])]


class Assignment(BaseModel):
    """A viewer's arm in one experiment, and what it stands for."""

    experiment: str = Field(examples=["01KA0000000000000000000000"])
    name: str = Field(examples=["More educational posts"])
    arm: str = Field(examples=["treatment"])
    policy: str | None = Field(
        default=None, description="version of the mix; the feed serves it by itself", examples=["for_you-7"]
    )
    model: str | None = Field(
        default=None, description="trained model; the feed serves it by itself", examples=["neighbours-3"]
    )
    flags: dict[str, str] = Field(
        default={}, description="what the app itself has to do", examples=[{"button": "round"}]
    )
    counted: bool = Field(default=True, description="false for a tester, who is shown the arm but not measured")


class Exposures(BaseModel):
    """Which experiments a viewer met just now; empty means all that they are in."""

    viewer: str = Field(min_length=1, max_length=MAX_ID, examples=["viewer-4711"])
    experiments: list[Annotated[str, Field(max_length=MAX_ID)]] = Field(default=[], max_length=50)
    segment: str = Field(default="", max_length=40, examples=["metro"])
    region: str = Field(default="", max_length=40)
    platform: str = Field(default="", max_length=40)
    newcomer: bool | None = None


class Exposed(BaseModel):
    """How many exposures were new (those sent before count once), the viewer's arms, and the experiments named in which they are
    not: ended, out of range, or unknown."""

    new: int = Field(examples=[1])
    arms: dict[str, str] = Field(examples=[{"01KA0000000000000000000000": "treatment"}])
    skipped: list[str] = Field(default=[], examples=[[]])


@router.get("/assignments")
async def assignments(
    request: Request,
    key: Annotated[ApiKey, Depends(key_with(Scope.FEED_READ))],
    viewer: Viewer,
    segment: Annotated[str, Query(max_length=40)] = "",
    region: Annotated[str, Query(max_length=40)] = "",
    platform: Annotated[str, Query(max_length=40)] = "",
    newcomer: bool | None = None,
) -> list[Assignment]:
    """The arms of a viewer in everything that runs. Asking is not being exposed: report that when the arm is shown."""
    attributes = Attributes(segment=segment, region=region, platform=platform, newcomer=newcomer)
    found = await run_in_threadpool(services_of(request).assignments.of, viewer, attributes, now=clock())
    return [
        Assignment(
            experiment=experiment.id,
            name=experiment.name,
            arm=arm.name,
            policy=experiment.arms[arm.arm].policy,
            model=experiment.arms[arm.arm].model,
            flags=experiment.arms[arm.arm].flags,
            counted=arm.counted,
        )
        for experiment, arm in found
    ]


@router.post(
    "/exposures",
    responses=responses(401, 403, 413, 422, 429, 503),
    openapi_extra=described_body(Exposures, {"viewer": "viewer-4711", "segment": "metro"}),
)
async def exposures(request: Request, key: Annotated[ApiKey, Depends(key_with(Scope.EVENTS_WRITE))]) -> Exposed:
    """Write down that a viewer met the arms they are in. Arms are worked out here, so that a client cannot report a wrong one."""
    body = checked(await body_of(request, MAX_BODY, _TOO_LARGE), Exposures)
    check_id("viewer", body.viewer)
    return await run_in_threadpool(_exposed, services_of(request).assignments, body)


def _exposed(service: Assignments, body: Exposures) -> Exposed:
    attributes = Attributes(segment=body.segment, region=body.region, platform=body.platform, newcomer=body.newcomer)
    now = clock()
    found = service.of(body.viewer, attributes, now=now)
    met = [(e, arm) for e, arm in found if not body.experiments or e.id in body.experiments]
    new = service.expose(body.viewer, met, segment=body.segment, now=now)
    arms = {experiment.id: arm.name for experiment, arm in met}
    return Exposed(new=new, arms=arms, skipped=[id for id in body.experiments if id not in arms])
