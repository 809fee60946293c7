"""`/api/v1/posts/{id}/comments`: what viewers write under posts, in threads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from core.api.answers import answer, described
from core.api.bodies import body_of, checked, described_body
from core.api.community_examples import (
    ANSWERS,
    CHANGED_COMMENT,
    COMMENT,
    HELD,
    NEW_COMMENT,
    OWN,
    REPORTED,
    THREADS,
)
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import Services, clock
from core.domain.account import ApiKey, Scope
from core.domain.collection import Page
from core.domain.comment import MAX_COMMENT, PublicComment, Thread
from core.domain.errors import InvalidInput
from core.domain.events import MAX_ID
from core.domain.report import ReportReason

router = APIRouter(prefix="/api/v1", tags=["comments"])

MAX_BODY = 16 * 1024
"""A comment of MAX_COMMENT characters takes 12 KB at most, with every one of them spelled as \\uXXXX\\uXXXX."""
_TOO_LONG = InvalidInput(
    "text", f"more than {MAX_BODY:,} bytes", f"a comment has 1 to {MAX_COMMENT:,} characters; this request is larger"
)

Open = Annotated[Services, Depends(services_of)]
Reader = Annotated[ApiKey, Depends(key_with(Scope.POSTS_READ))]
Writer = Annotated[ApiKey, Depends(key_with(Scope.COMMENTS_WRITE))]
PostId = Annotated[str, Path(max_length=MAX_ID, examples=["01KAX8Y5Q2M4Z7V9T1R3N5B7C9"])]
CommentId = Annotated[str, Path(max_length=MAX_ID, examples=["c-7781"])]
Limit = Annotated[int, Query(description="1 to 100")]
Cursor = Annotated[str | None, Query(max_length=500)]
ViewerPath = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["viewer-1042"])]
ViewerQuery = Annotated[str, Query(min_length=1, max_length=MAX_ID, examples=["viewer-1042"])]


class NewComment(BaseModel):
    """A viewer's comment. `id`, if the app chooses one, makes sending it twice harmless; `parent` answers a comment."""

    viewer: str = Field(examples=["viewer-1042"])
    text: str = Field(description=f"1 to {MAX_COMMENT:,} characters", examples=["Does it come in maroon?"])
    parent: str | None = Field(default=None, max_length=MAX_ID)
    id: str | None = Field(default=None, max_length=MAX_ID, examples=["c-7781"])


class ChangedComment(BaseModel):
    """Other words for a comment of this viewer."""

    viewer: str = Field(examples=["viewer-1042"])
    text: str = Field(description=f"1 to {MAX_COMMENT:,} characters")


class CommentReport(BaseModel):
    """What a viewer says is wrong with a comment."""

    viewer: str = Field(examples=["viewer-88"])
    reason: str = Field(default=ReportReason.OTHER.value, description=f"one of {', '.join(ReportReason)}")


class Received(BaseModel):
    """A report arrived; `known` if this viewer had sent one before."""

    received: bool = True
    known: bool = False


@router.get(
    "/posts/{id}/comments",
    summary="Threads of a post",
    response_class=Response,
    responses={200: described(Page[Thread], THREADS, "Threads."), **responses(401, 403, 404, 422, 429)},
)
def find_comments(services: Open, key: Reader, id: PostId, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Newest first, each with its first answers, oldest first; `cursor` of a thread continues these.

    Threads have two levels: an answer to an answer joins the thread and names it in `reply_to`. A comment that is not shown leaves
    a placeholder without words as long as it has answers.
    """
    return answer(services.comments.threads(id, limit=limit, cursor=cursor))


@router.post(
    "/posts/{id}/comments",
    summary="Comment on a post",
    status_code=201,
    response_class=Response,
    responses={
        201: described(PublicComment, COMMENT, "The comment. It is held for review if `visible` is false."),
        **responses(401, 403, 404, 409, 422, 429, 503),
    },
    openapi_extra=described_body(NewComment, NEW_COMMENT),
)
async def add_comment(request: Request, key: Writer, id: PostId) -> Response:
    """Add a comment or an answer. It is screened at once: `state` says whether others see it, `why` what the viewer may be told.

    Also counts as a comment event. A viewer who writes too many in a short time gets a 429.
    """
    comment = checked(await body_of(request, MAX_BODY, _TOO_LONG), NewComment)
    made = await run_in_threadpool(
        services_of(request).comments.add,
        id, comment.viewer, comment.text, parent=comment.parent, id=comment.id, now=clock(),
    )  # fmt: skip
    return answer(made, 201)


@router.get(
    "/posts/{id}/comments/{comment}",
    summary="One comment, or what became of it",
    response_class=Response,
    responses={200: described(PublicComment, HELD, "The comment."), **responses(401, 403, 404, 422, 429)},
)
def get_comment(services: Open, key: Writer, id: PostId, comment: CommentId, viewer: ViewerQuery) -> Response:
    """A comment as this viewer sees it: one that is not shown exists for its writer only, with the reason."""
    return answer(services.comments.get(id, comment, reader=viewer))


@router.patch(
    "/posts/{id}/comments/{comment}",
    summary="Change one's own comment",
    response_class=Response,
    responses={
        200: described(PublicComment, COMMENT, "The comment."),
        **responses(401, 403, 404, 409, 422, 429),
    },
    openapi_extra=described_body(ChangedComment, CHANGED_COMMENT),
)
async def edit_comment(request: Request, key: Writer, id: PostId, comment: CommentId) -> Response:
    """Other words; they are screened again. Only the viewer who wrote it may, and not after a moderator removed it."""
    changed = checked(await body_of(request, MAX_BODY, _TOO_LONG), ChangedComment)
    comments = services_of(request).comments
    return answer(await run_in_threadpool(comments.edit, id, comment, changed.viewer, changed.text, now=clock()))


@router.delete(
    "/posts/{id}/comments/{comment}",
    summary="Delete one's own comment",
    status_code=204,
    response_class=Response,
    responses=responses(401, 403, 404, 422, 429),
)
def delete_comment(services: Open, key: Writer, id: PostId, comment: CommentId, viewer: ViewerQuery) -> Response:
    """The words are gone for good; answers stay under a placeholder."""
    services.comments.delete(id, comment, viewer, now=clock())
    return Response(status_code=204)


@router.get(
    "/posts/{id}/comments/{comment}/answers",
    summary="Answers in a thread",
    response_class=Response,
    responses={200: described(Page[PublicComment], ANSWERS, "Answers."), **responses(401, 403, 404, 422, 429)},
)
def find_answers(
    services: Open, key: Reader, id: PostId, comment: CommentId, limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Oldest first."""
    return answer(services.comments.answers(id, comment, limit=limit, cursor=cursor))


@router.put(
    "/posts/{id}/comments/{comment}/likes/{viewer:path}",
    summary="Like a comment",
    response_class=Response,
    responses={200: described(PublicComment, COMMENT, "The comment."), **responses(401, 403, 404, 422, 429)},
)
def like_comment(services: Open, key: Writer, id: PostId, comment: CommentId, viewer: ViewerPath) -> Response:
    """Once per viewer; a second time changes nothing."""
    return answer(services.comment_marks.like(id, comment, viewer, now=clock()))


@router.delete(
    "/posts/{id}/comments/{comment}/likes/{viewer:path}",
    summary="Take a like back",
    response_class=Response,
    responses={200: described(PublicComment, COMMENT, "The comment."), **responses(401, 403, 404, 422, 429)},
)
def unlike_comment(services: Open, key: Writer, id: PostId, comment: CommentId, viewer: ViewerPath) -> Response:
    """Harmless if there is none."""
    return answer(services.comment_marks.unlike(id, comment, viewer))


@router.post(
    "/posts/{id}/comments/{comment}/report",
    summary="Report a comment",
    status_code=202,
    response_class=Response,
    responses={202: described(Received, REPORTED, "It was received."), **responses(401, 403, 404, 422, 429)},
    openapi_extra=described_body(CommentReport, {"viewer": "viewer-88", "reason": "spam"}),
)
async def report_comment(request: Request, key: Writer, id: PostId, comment: CommentId) -> Response:
    """Once per viewer. Reports of several viewers take a comment out of sight until a person has looked at it."""
    body = checked(await body_of(request, MAX_BODY, _TOO_LONG), CommentReport)
    marks = services_of(request).comment_marks
    new = await run_in_threadpool(marks.report, id, comment, body.viewer, body.reason, now=clock())
    return answer(Received(known=not new).model_dump(), 202)


@router.get(
    "/viewers/{viewer:path}/comments",
    summary="A viewer's own comments",
    response_class=Response,
    responses={200: described(Page[PublicComment], OWN, "Comments."), **responses(401, 403, 422, 429)},
)
def own_comments(services: Open, key: Writer, viewer: ViewerPath, limit: Limit = 20, cursor: Cursor = None) -> Response:
    """Newest first, with what became of each: for the app's page of one's own comments."""
    return answer(services.comments.of_viewer(viewer, limit=limit, cursor=cursor))
