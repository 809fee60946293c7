"""`POST /api/v1/events`: what viewers did, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool

from core.api.answers import answer, described
from core.api.examples import EVENT_BATCH, EVENT_RESULTS
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import clock
from core.domain.account import ApiKey, Scope
from core.domain.errors import InvalidInput, TooLarge
from core.domain.events import MAX_BATCH, EventKind, ViewerEvent
from core.services.event_intake import EventResult, EventStatus

router = APIRouter(prefix="/api/v1", tags=["events"])

MAX_BODY = 2 * 1024 * 1024
Key = Annotated[ApiKey, Depends(key_with(Scope.EVENTS_WRITE))]


@dataclass(frozen=True, slots=True)
class EventsAnswer:
    """How many of the batch were accepted, known already and refused, and one result per event, in order."""

    accepted: int
    duplicates: int
    refused: int
    results: list[EventResult]


def _batch_schema() -> dict[str, Any]:
    """`{"events": [ViewerEvent]}` for the description. Events are checked one by one: a bad one holds no other up."""
    event = TypeAdapter(ViewerEvent).json_schema()
    event.pop("$defs", None)
    kinds = [kind.value for kind in EventKind if kind is not EventKind.SERVED]
    event["properties"]["kind"] = {"type": "string", "enum": kinds}
    events = {"type": "array", "maxItems": MAX_BATCH, "items": event}
    return {"type": "object", "required": ["events"], "properties": {"events": events}}


_BATCH_SCHEMA = _batch_schema()


@router.post(
    "/events",
    summary="Report what viewers did",
    response_class=Response,
    responses={
        200: described(EventsAnswer, EVENT_RESULTS, "One result per event."),
        **responses(401, 403, 413, 422, 429, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _BATCH_SCHEMA, "example": EVENT_BATCH}},
        }
    },
)
async def events(request: Request, key: Key) -> Response:
    """Take up to 1,000 events in: `{"events": […]}`. They are durable when this answers, and the viewer's next page knows them.

    `id` is yours to choose; the same event sent again is a `duplicate` and changes nothing. Each refused event names its field
    and the reason and does not hold the others up.
    """
    raw = _events_in(await _body(request))
    results = await run_in_threadpool(services_of(request).engagement.accept, raw, clock())
    count = {status: sum(result.status is status for result in results) for status in EventStatus}
    return answer(
        EventsAnswer(count[EventStatus.ACCEPTED], count[EventStatus.DUPLICATE], count[EventStatus.REFUSED], results)
    )


async def _body(request: Request) -> bytes:
    """The body, never more than MAX_BODY of it in memory. Raises TooLarge."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge(f"a batch of events has at most {MAX_BODY // 1024 // 1024} MB; send it in parts")
        parts.append(part)
    return b"".join(parts)


def _events_in(body: bytes) -> list[Any]:
    try:
        read = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise InvalidInput("body", body[:60].decode(errors="replace"), f"this is not JSON: {error}") from None
    found = read.get("events") if isinstance(read, dict) else None
    if not isinstance(found, list):
        raise InvalidInput("events", found, 'send `{"events": […]}`')
    return found
