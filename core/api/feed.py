"""`GET /api/v1/feed`: the next page of a viewer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from core.api.answers import answer, described
from core.api.examples import FEED_PAGE
from core.api.groups import Groups, groups_of
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services
from core.domain.account import ApiKey, Scope
from core.domain.events import MAX_ID
from core.domain.feed import MAX_PAGE, FeedPage

router = APIRouter(prefix="/api/v1", tags=["feed"])

Key = Annotated[ApiKey, Depends(key_with(Scope.FEED_READ))]
Open = Annotated[Services, Depends(services_of)]
Together = Annotated[Groups, Depends(groups_of)]
Platform = Annotated[
    str,
    Query(max_length=40, description="what the viewer's app runs on; experiments may ask for it", examples=["android"]),
]
Newcomer = Annotated[
    bool | None, Query(description="whether this viewer is new to the app; experiments may ask for it")
]


@router.get(
    "/feed",
    summary="The next page of a viewer",
    response_class=Response,
    responses={
        200: described(FeedPage, FEED_PAGE, "A page. Media addresses are absolute paths on this server."),
        **responses(401, 403, 422, 429, 503),
    },
)
async def feed_page(
    services: Open,
    groups: Together,
    key: Key,
    viewer: Annotated[str, Query(description="the app's own id of the viewer", examples=["viewer-1042"])],
    size: Annotated[int, Query(description=f"slots, 1 to {MAX_PAGE}", examples=[20])] = 20,
    cursor: Annotated[
        str | None, Query(description="`cursor` of the page before, to go on in the same session")
    ] = None,
    session: Annotated[str | None, Query(max_length=MAX_ID, description="the app's id of the viewer's session")] = None,
    region: Annotated[str | None, Query(max_length=12, examples=["IN"])] = None,
    language: Annotated[
        list[str] | None, Query(max_length=8, description="only these languages", examples=[["en", "hi"]])
    ] = None,
    segment: Annotated[
        str | None,
        Query(max_length=MAX_ID, description="the segment the app counts the viewer to", examples=["home cook"]),
    ] = None,
    platform: Platform = "",
    newcomer: Newcomer = None,
    policy: Annotated[
        str | None, Query(max_length=MAX_ID, description="a version of the mix; by default the one in force")
    ] = None,
    reasons: Annotated[
        Literal["yes", "no"],
        Query(description="`no` leaves out each slot's `reason` and the `stages`: a third of the bytes"),
    ] = "yes",
) -> Response:
    """Posts that the viewer has not been served before, ranked and mixed for them; an unknown viewer gets a first page.

    The last 10,000 posts that a viewer was served count as seen. When the catalogue is exhausted `cursor` is null, and asking again
    brings back what was seen longest ago. Each slot says why it is there, unless `reasons=no`; `propensity` is the chance with
    which exploration put it there. `reason.scores` says nothing of what a post earns, as apps may pass it on: `business`,
    `campaign` and `score` are told by `GET /api/v1/feed/explain` only. One with a `campaign` is sponsored: the app tells the
    viewer.

    503 with `Retry-After` says that more pages are asked for than this process can make; nothing was marked as seen.
    """
    page = await groups.page(
        services,
        viewer,
        size=size,
        cursor=cursor,
        session=session,
        policy=policy,
        region=region,
        languages=tuple(language or ()),
        segment=segment,
        platform=platform,
        newcomer=newcomer,
        reasons=reasons == "yes",
    )
    return answer(page)
