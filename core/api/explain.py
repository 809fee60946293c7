"""`GET /api/v1/feed/explain`: how a page comes about, and why a post is not on it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from core.api.answers import answer, described
from core.api.examples import EXPLAINED_PAGE
from core.api.feed import Newcomer, Platform
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import ApiKey, Scope
from core.domain.errors import InvalidInput
from core.domain.events import MAX_ID
from core.domain.feed import MAX_PAGE
from core.services.explain import Explanation
from core.services.feed_request import checked

router = APIRouter(prefix="/api/v1", tags=["feed"])

Key = Annotated[ApiKey, Depends(key_with(Scope.FEED_EXPLAIN))]
Open = Annotated[Services, Depends(services_of)]
EXPLANATION: dict[str, Any] = {
    "page": EXPLAINED_PAGE,
    "candidates": 194,
    "facts": {
        "01KAX8Y5Q2M4Z7V9T1R3N5B7C9": {"price": 1499.0, "margin": 449.7, "impressions": 310, "reputation": 1.0},
    },
    "why_not": {
        "post": "01KAX8Y5Q2M4Z7V9T1R3N5B7D2",
        "code": "not_proposed",
        "sentence": "No source proposed it. Nearest was tag affinity: 312th in 'Silk sarees', the source takes 40.",
        "slot": None,
        "score": None,
        "rank": None,
        "candidates": 0,
        "lowest": None,
        "needed": None,
        "rule": "",
        "scores": None,
        "standings": [
            {"source": "following", "detail": "the viewer does not follow its publisher", "rank": None, "takes": 0},
            {
                "source": "tag affinity",
                "detail": "312th in 'Silk sarees', the source takes 40",
                "rank": 312,
                "takes": 40,
            },
        ],
        "facts": {"price": 0.0, "margin": 0.0, "impressions": 12, "reputation": 1.0},
    },
    "kept": None,
}


@router.get(
    "/feed/explain",
    summary="How a page comes about, and why a post is not on it",
    response_class=Response,
    responses={
        200: described(Explanation, EXPLANATION, "The page with its trace, and the answer for `post`."),
        **responses(401, 403, 404, 422, 429, 503),
    },
)
def explain(
    services: Open,
    key: Key,
    viewer: Annotated[
        str | None, Query(description="explain the page that this viewer would get now", examples=["viewer-1042"])
    ] = None,
    request: Annotated[
        str | None, Query(max_length=MAX_ID, description="or: explain the served page with this `request`")
    ] = None,
    post: Annotated[str | None, Query(description="why is this post not on the page?")] = None,
    size: Annotated[int, Query(description=f"slots, 1 to {MAX_PAGE}", examples=[20])] = 20,
    cursor: str | None = None,
    session: Annotated[str | None, Query(max_length=MAX_ID)] = None,
    region: Annotated[str | None, Query(max_length=12, examples=["IN"])] = None,
    language: Annotated[list[str] | None, Query(max_length=8)] = None,
    segment: Annotated[str | None, Query(max_length=MAX_ID)] = None,
    platform: Platform = "",
    newcomer: Newcomer = None,
    policy: Annotated[str | None, Query(max_length=MAX_ID)] = None,
) -> Response:
    """With `viewer`: the page that they would get now, as `GET /api/v1/feed` with the same parameters, under the same arms of
    experiments, but nothing counts as seen.

    With `request`: a page that was served, made again from what was kept of it; `kept.identical` says whether every post, score and
    chance came out the same. A share of pages is kept (`FEEDROOM_TRACE_SHARE`), and every page of sample viewers, for 7 days.
    Words and media are of today: of a post that was taken down since, title "Not shown any more", there are none.

    It is for tools of the staff: unlike a page for an app, `reason.scores` also has `business` (chance of an order × margin),
    `campaign` (what the campaign pays, as it is paced) and `score` (by which the page is made), and `facts` has margins.

    `page.stages` is what each source proposed and passed over and what each filter left out and why, with times; `page.prices`
    what each binding rule costs. With `post`, `why_not` is the first reason why it is not on the page, as a `code` and a sentence.
    """
    if (viewer is None) == (request is None):
        raise InvalidInput("viewer", viewer, "send either `viewer` or `request`")
    now = clock()
    if request is not None:
        return answer(services.explain.served(request, post=post, now=now))
    asked = checked(
        viewer or "",
        size,
        cursor=cursor,
        session=session,
        region=region,
        languages=tuple(language or ()),
        segment=segment,
        platform=platform,
        newcomer=newcomer,
    )
    return answer(services.explain.now(asked, policy=policy, region=region, post=post, now=now))
