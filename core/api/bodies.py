"""Request bodies read with a limit before anything is made of them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from core.domain.errors import FeedroomError, InvalidInput

Body = TypeVar("Body", bound=BaseModel)
LARGE = 256 * 1024
"""Bytes from which on a body is too long to be read a second time, and to be read where all pages would wait for it."""


async def body_of(request: Request, limit: int, too_large: FeedroomError) -> bytes:
    """The body, never more than `limit` bytes of it in memory. Raises `too_large` before the rest is read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def json_of(body: bytes) -> Any:
    """What the JSON says. NaN, Infinity and halves of character pairs are let through, so that they can be refused by name, if the
    body is not LARGE.

    Raises InvalidInput naming `body`.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        if len(body) <= LARGE and not isinstance(error, RecursionError):
            with suppress(ValueError, RecursionError):
                return json.loads(body)
        raise not_json(body, error) from None


def not_json(body: bytes, error: Exception) -> InvalidInput:
    """What to raise for a body that `msgspec` could not read."""
    why = "this is nested too deeply" if isinstance(error, RecursionError) else f"this is not JSON: {error}"
    return InvalidInput("body", body[:60].decode(errors="replace"), why)


def checked(body: bytes, kind: type[Body]) -> Body:
    """The body as `kind`. Raises RequestValidationError, which is answered by a problem that names field and value."""
    try:
        return kind.model_validate(json_of(body))
    except ValidationError as error:
        found = [one | {"loc": ("body", *one["loc"])} for one in error.errors(include_url=False, include_context=False)]
        raise RequestValidationError(found) from None


def described_body(kind: type[BaseModel], example: Any) -> dict[str, Any]:
    """`openapi_extra=` of a route that reads its body by itself."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}
