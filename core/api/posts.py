"""`/api/v1/posts`: live posts and their comments."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from core.api.answers import answer, described
from core.api.examples import COMMENT, COMMENTS, POST, POSTS
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import ApiKey, Scope
from core.domain.collection import Page
from core.domain.comment import Comment
from core.domain.events import MAX_ID
from core.domain.post import PostKind
from core.services.comments import MAX_COMMENT, Thread
from core.services.public_posts import MAX_POSTS, PublicPost

router = APIRouter(prefix="/api/v1/posts", tags=["posts"])

Open = Annotated[Services, Depends(services_of)]
Reader = Annotated[ApiKey, Depends(key_with(Scope.POSTS_READ))]
Commenter = Annotated[ApiKey, Depends(key_with(Scope.COMMENTS_WRITE))]
PostId = Annotated[str, Path(max_length=MAX_ID, examples=["01KAX8Y5Q2M4Z7V9T1R3N5B7C9"])]


class NewComment(BaseModel):
    """A viewer's comment. `id`, if the app chooses one, makes sending it twice harmless; `parent` answers a comment."""

    viewer: str = Field(examples=["viewer-1042"])
    text: str = Field(description=f"1 to {MAX_COMMENT:,} characters", examples=["Does it come in maroon?"])
    parent: str | None = Field(default=None, max_length=MAX_ID)
    id: str | None = Field(default=None, max_length=MAX_ID, examples=["c-7781"])


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


@router.get(
    "/{id}/comments",
    summary="Comments of a post",
    response_class=Response,
    responses={
        200: described(Page[Thread], COMMENTS, "Comments with their answers."),
        **responses(401, 403, 404, 422, 429),
    },
)
def find_comments(
    services: Open,
    key: Reader,
    id: PostId,
    limit: Annotated[int, Query(description="1 to 100")] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Visible comments, newest first, each with its answers, oldest first."""
    return answer(services.comments.threads(id, limit=limit, cursor=cursor))


@router.post(
    "/{id}/comments",
    summary="Comment on a post",
    status_code=201,
    response_class=Response,
    responses={
        201: described(Comment, COMMENT, "The comment. It is held for review if `visible` is false."),
        **responses(401, 403, 404, 409, 422, 429, 503),
    },
)
def add_comment(services: Open, key: Commenter, id: PostId, comment: NewComment) -> Response:
    """Add a comment or an answer. It is screened at once: `visible` says whether others see it. Also counts as a comment event."""
    made = services.comments.add(id, comment.viewer, comment.text, parent=comment.parent, id=comment.id, now=clock())
    return answer(made, 201)
