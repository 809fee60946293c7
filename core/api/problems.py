"""Every error as an RFC 9457 problem document, with the field and the value that were not accepted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from core.domain.errors import Busy, FeedroomError, Throttled, Unauthenticated

CONTENT_TYPE = "application/problem+json"
MAX_SHOWN = 200
SECRET_FIELDS = frozenset({"password", "current", "secret", "authorization", "setup_code"})

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field that was not accepted."""

    field: str = Field(examples=["limit"])
    detail: str = Field(examples=["Input should be less than or equal to 50"])
    value: Any = Field(default=None, examples=[500])


class Problem(BaseModel):
    """A problem document. `type` names the sort of problem and never changes; `detail` is a sentence about this one."""

    type: str = Field(examples=["/problems/invalid-input"])
    title: str = Field(examples=["A value is not accepted"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["limit: Input should be less than or equal to 50"])
    instance: str = Field(default="", examples=["/api/v1/feed"])
    field: str | None = None
    value: Any = None
    errors: list[FieldProblem] = Field(default_factory=list)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route for these statuses, so that the OpenAPI description shows problem documents."""
    return {
        status: {
            "model": Problem,
            "description": HTTPStatus(status).phrase,
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem document."""
    app.add_exception_handler(FeedroomError, _feedroom_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


class ProblemResponse(JSONResponse):
    """A problem document. Half a surrogate pair, which UTF-8 has no place for, is repeated as its JSON escape."""

    media_type = CONTENT_TYPE

    def render(self, content: Any) -> bytes:
        text: str = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def problem_response(
    request: Request,
    *,
    kind: str,
    title: str,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """A problem document as an answer; `more` are further members, left out where None or empty."""
    body: dict[str, object] = {
        "type": f"/problems/{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    body |= {name: value for name, value in more.items() if value not in (None, [], "")}
    return ProblemResponse(body, status_code=status, headers=dict(headers or {}))


def from_error(request: Request, error: FeedroomError) -> JSONResponse:
    """The answer to one of our own errors. A server's fault is logged, and its cause is not told."""
    headers: dict[str, str] = {}
    if isinstance(error, Throttled | Busy):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="feedroom"'
    return problem_response(
        request,
        kind=_dashed(type(error).__name__),
        title=error.title,
        status=error.status,
        detail=error.detail,
        headers=headers,
        field=error.field,
        value=shown(error.field, error.value),
    )


def shown(field: str | None, value: object) -> object:
    """A value as a problem may repeat it: short, plain JSON, and nothing of a secret."""
    if value is None or (field or "").rpartition(".")[2].lower() in SECRET_FIELDS:
        return None
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


async def _feedroom_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FeedroomError)  # noqa: S101 - the handler is registered for this class
    if error.status >= 500:
        log.error("service error", path=request.url.path, detail=error.detail, error=type(error).__name__)
    return from_error(request, error)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = []
    for one in error.errors():
        # The first part of `loc` says where it was (query, body …), the rest is the field's path.
        field = ".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0])
        value = None if one["type"] == "missing" else shown(field, one.get("input"))
        found.append({"field": field, "detail": one["msg"], "value": value})
    first = found[0] if found else {"field": None, "detail": "the request is not valid", "value": None}
    return problem_response(
        request,
        kind="invalid-input",
        title="A value is not accepted",
        status=422,
        detail=f"{first['field']}: {first['detail']}",
        field=first["field"],
        value=first["value"],
        errors=found,
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    title = HTTPStatus(error.status_code).phrase
    return problem_response(
        request,
        kind=_dashed(title.replace(" ", "")),
        title=title,
        status=error.status_code,
        detail=str(error.detail),
        headers=error.headers,
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.exception("unexpected error", path=request.url.path, exc_info=error)
    return problem_response(
        request,
        kind="unexpected",
        title="Something went wrong on our side",
        status=500,
        detail="The request failed for a reason that is not its own. Try again; if it happens again, tell an administrator.",
    )


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
