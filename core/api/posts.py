"""`/api/v1/posts`: live posts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from core.api.answers import answer, described
from core.api.examples import POST, POSTS
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import ApiKey, Scope
from core.domain.collection import Page
from core.domain.events import MAX_ID
from core.domain.post import PostKind
from core.services.public_posts import MAX_POSTS, PublicPost

router = APIRouter(prefix="/api/v1/posts", tags=["posts"])

Open = Annotated[Services, Depends(services_of)]
Reader = Annotated[ApiKey, Depends(key_with(Scope.POSTS_READ))]
PostId = Annotated[str, Path(max_length=MAX_ID, examples=["01KAX8Y5Q2M4Z7V9T1R3N5B7C9"])]


@router.get(
    "",
    summary="Live posts",
    response_class=Response,
    responses={200: described(Page[PublicPost], POSTS, "A page of posts."), **responses(401, 403, 422, 429)},
)
def find_posts(
    services: Open,
    key: Reader,
    kind: PostKind | None = None,
    publisher: Annotated[str | None, Query(max_length=MAX_ID)] = None,
    tag: Annotated[str | None, Query(max_length=MAX_ID, examples=["saree"])] = None,
    limit: Annotated[int, Query(description=f"1 to {MAX_POSTS}")] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Live posts, the last changed first."""
    return answer(
        services.public_posts.find(kind=kind, publisher=publisher, tag=tag, limit=limit, cursor=cursor, now=clock())
    )


@router.get(
    "/{id}",
    summary="One live post",
    response_class=Response,
    responses={200: described(PublicPost, POST, "The post."), **responses(401, 403, 404, 429)},
)
def get_post(services: Open, key: Reader, id: PostId) -> Response:
    """A post with its media addresses, product cards and counts. Posts that are not live do not exist here."""
    return answer(services.public_posts.get(id, now=clock()))
