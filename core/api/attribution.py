"""Orders and revenue that served slots brought."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from core.api.answers import answer, described
from core.api.comments import Cursor, PostId
from core.api.community_examples import ATTRIBUTION, POST_ATTRIBUTION
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import ApiKey, Scope
from core.domain.attribution import AttributionReport, Grouping, PostAttribution
from core.domain.events import MAX_ID
from core.services.attribution_results import MOST_ROWS, USUAL_ROWS

router = APIRouter(prefix="/api/v1", tags=["attribution"])

Open = Annotated[Services, Depends(services_of)]
Key = Annotated[ApiKey, Depends(key_with(Scope.METRICS_READ))]


@router.get(
    "/posts/{id}/attribution",
    summary="What a post brought",
    response_class=Response,
    responses={
        200: described(PostAttribution, POST_ATTRIBUTION, "Funnel, sums, paths."),
        **responses(401, 403, 404, 422, 429),
    },
)
def post_attribution(services: Open, key: Key, id: PostId) -> Response:
    """From impression to order: the funnel, orders and revenue by day and by basis, and the latest orders with their path.

    An order goes to the last click on the product before it, else to the last view; `basis` says which. Amounts in minor units.
    """
    return answer(services.attribution_results.post(id))


@router.get(
    "/attribution",
    summary="Orders and revenue by post, kind, policy, publisher, campaign or day",
    response_class=Response,
    responses={
        200: described(AttributionReport, ATTRIBUTION, "One row per key and day."),
        **responses(401, 403, 422, 429),
    },
)
def attribution(
    services: Open,
    key: Key,
    by: Annotated[Grouping, Query(examples=["kind"])] = Grouping.DAY,
    from_day: Annotated[str | None, Query(alias="from", max_length=10, examples=["2026-10-24"])] = None,
    to_day: Annotated[str | None, Query(alias="to", max_length=10, examples=["2026-11-20"])] = None,
    publisher: Annotated[str | None, Query(min_length=1, max_length=MAX_ID)] = None,
    daily: Annotated[bool, Query(description="false: one row per key for the whole time")] = True,
    limit: Annotated[int, Query(description=f"1 to {MOST_ROWS:,} rows")] = USUAL_ROWS,
    cursor: Cursor = None,
) -> Response:
    """By default of the last 28 days. Days are UTC, both ends are included; rows of several answers may be added up.

    The sums are those of all rows, also of those that only `cursor` brings. Orders that arrive meanwhile move rows of their days.
    """
    return answer(
        services.attribution_results.report(
            by=by, from_day=from_day, to_day=to_day, publisher=publisher, daily=daily, limit=limit, cursor=cursor,
            now=clock(),
        )
    )  # fmt: skip
