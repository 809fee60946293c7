"""Shares with links, follows, and reports of posts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from core.api.answers import answer, described
from core.api.bodies import body_of, checked, described_body
from core.api.comments import Cursor, Limit, PostId, Received, ViewerPath
from core.api.community_examples import FOLLOWS, OPENED, PUBLISHER, REPORT, REPORTED, SHARE
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import ApiKey, Scope
from core.domain.collection import Page
from core.domain.errors import TooLarge
from core.domain.events import MAX_ID
from core.domain.report import MAX_REPORT_NOTE, ReportReason
from core.domain.social import PublicPublisher, PublicShare
from core.services.social import CHANNELS, MOST_FOLLOWS, Opened

router = APIRouter(prefix="/api/v1", tags=["social"])

MAX_BODY = 16 * 1024
_TOO_LARGE = TooLarge(f"this request takes at most {MAX_BODY // 1024} KB")

Open = Annotated[Services, Depends(services_of)]
Reader = Annotated[ApiKey, Depends(key_with(Scope.POSTS_READ))]
Writer = Annotated[ApiKey, Depends(key_with(Scope.EVENTS_WRITE))]
ShareId = Annotated[str, Path(max_length=MAX_ID, examples=[SHARE["id"]])]
PublisherId = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["kiran-crafts"])]


class NewShare(BaseModel):
    """A viewer shares a post. `id`, if the app chooses one, makes asking twice harmless."""

    viewer: str = Field(examples=["viewer-1042"])
    channel: str = Field(default="", description=f"one of {', '.join(name for name in CHANNELS if name)}, or empty")
    id: str | None = Field(default=None, max_length=MAX_ID)


class NewOpen(BaseModel):
    """A viewer came by a link."""

    viewer: str = Field(examples=["viewer-88"])


class NewReport(BaseModel):
    """What a viewer says is wrong with a post."""

    viewer: str = Field(examples=["viewer-88"])
    reason: str = Field(default=ReportReason.OTHER.value, description=f"one of {', '.join(ReportReason)}")
    note: str = Field(default="", description=f"at most {MAX_REPORT_NOTE} characters")


@router.post(
    "/posts/{id}/report",
    summary="Report a post",
    status_code=202,
    response_class=Response,
    responses={202: described(Received, REPORTED, "It was received."), **responses(401, 403, 404, 413, 422, 429, 503)},
    openapi_extra=described_body(NewReport, REPORT),
)
async def report_post(request: Request, key: Writer, id: PostId) -> Response:
    """Once per viewer. The post is gone from this viewer's feed at once; reports of several viewers bring it before a moderator,
    those of many take it out of the feed until one has looked. The same as a `report` event.
    """
    body = checked(await body_of(request, MAX_BODY, _TOO_LARGE), NewReport)
    reports = services_of(request).reports
    new = await run_in_threadpool(
        reports.report, services_of(request).engagement, id, body.viewer, body.reason, body.note, now=clock()
    )
    return answer(Received(known=not new).model_dump(), 202)


@router.post(
    "/posts/{id}/shares",
    summary="Share a post",
    status_code=201,
    response_class=Response,
    responses={201: described(PublicShare, SHARE, "The link."), **responses(401, 403, 404, 409, 413, 422, 429, 503)},
    openapi_extra=described_body(NewShare, {"viewer": "viewer-1042", "channel": "whatsapp"}),
)
async def share_post(request: Request, key: Writer, id: PostId) -> Response:
    """A link of this viewer to the post, which opens it in the app. Also counts as a share event."""
    body = checked(await body_of(request, MAX_BODY, _TOO_LARGE), NewShare)
    social = services_of(request).social
    made = await run_in_threadpool(social.share, id, body.viewer, channel=body.channel, id=body.id, now=clock())
    return answer(made, 201)


@router.get(
    "/shares/{share}",
    summary="A shared link",
    response_class=Response,
    responses={200: described(PublicShare, SHARE, "The link."), **responses(401, 403, 404, 422, 429)},
)
def get_share(services: Open, key: Reader, share: ShareId) -> Response:
    """Which post a link opens, and how many viewers came by it."""
    return answer(services.social.shared(share))


@router.post(
    "/shares/{share}/opens",
    summary="A viewer came by a link",
    response_class=Response,
    responses={200: described(Opened, OPENED, "The post to show."), **responses(401, 403, 404, 413, 422, 429, 503)},
    openapi_extra=described_body(NewOpen, {"viewer": "viewer-88"}),
)
async def open_share(request: Request, key: Writer, share: ShareId) -> Response:
    """Counted once per viewer, within a second; also a share_open event."""
    body = checked(await body_of(request, MAX_BODY, _TOO_LARGE), NewOpen)
    return answer(await run_in_threadpool(services_of(request).social.open, share, body.viewer, now=clock()))


@router.get(
    "/viewers/{viewer:path}/follows",
    summary="Whom a viewer follows",
    response_class=Response,
    responses={200: described(Page[PublicPublisher], FOLLOWS, "Publishers."), **responses(401, 403, 422, 429, 503)},
)
def find_follows(
    services: Open, key: Reader, viewer: ViewerPath, limit: Limit = MOST_FOLLOWS, cursor: Cursor = None
) -> Response:
    """The latest first, as the feed knows it at this moment; the latest 5,000 are kept."""
    return answer(services.social.follows(viewer, limit=limit, cursor=cursor))


@router.put(
    "/viewers/{viewer:path}/follows/{publisher}",
    summary="Follow a publisher",
    response_class=Response,
    responses={200: described(PublicPublisher, PUBLISHER, "The publisher."), **responses(401, 403, 404, 422, 429, 503)},
)
def follow(services: Open, key: Writer, viewer: ViewerPath, publisher: PublisherId) -> Response:
    """Counts on the viewer's very next page; the same as a follow event. The publisher's count follows within a second."""
    return answer(services.social.follow(viewer, publisher, following=True, now=clock()))


@router.delete(
    "/viewers/{viewer:path}/follows/{publisher}",
    summary="Unfollow a publisher",
    response_class=Response,
    responses={200: described(PublicPublisher, PUBLISHER, "The publisher."), **responses(401, 403, 404, 422, 429, 503)},
)
def unfollow(services: Open, key: Writer, viewer: ViewerPath, publisher: PublisherId) -> Response:
    """Harmless if the viewer did not follow."""
    return answer(services.social.follow(viewer, publisher, following=False, now=clock()))


@router.get(
    "/publishers/{publisher}",
    summary="A publisher",
    response_class=Response,
    responses={200: described(PublicPublisher, PUBLISHER, "The publisher."), **responses(401, 403, 404, 422, 429)},
)
def get_publisher(services: Open, key: Reader, publisher: PublisherId) -> Response:
    """Name, followers and live posts of a brand or creator."""
    return answer(services.social.publisher(publisher))
