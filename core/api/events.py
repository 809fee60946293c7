"""`POST /api/v1/events`: what viewers did, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from core.api.answers import answer, described
from core.api.bodies import LARGE, body_of, json_of, not_json
from core.api.examples import EVENT_BATCH, EVENT_RESULTS
from core.api.groups import groups_of
from core.api.problems import responses
from core.api.security import key_with, services_of
from core.bootstrap import clock
from core.domain.account import ApiKey, Scope
from core.domain.errors import FeedroomError, InvalidInput, TooLarge
from core.domain.events import MAX_BATCH, EventKind, ViewerEvent
from core.services.engagement import Engagement
from core.services.event_intake import OWN, EventResult, EventStatus, check_length

router = APIRouter(prefix="/api/v1", tags=["events"])

MAX_BODY = 8 * 1024 * 1024
_TOO_LARGE = TooLarge(
    f"a batch of events has at most {MAX_BATCH:,} events and {MAX_BODY // 1024 // 1024} MB; send it in parts",
    field="events",
)
Key = Annotated[ApiKey, Depends(key_with(Scope.EVENTS_WRITE))]
_NO_BATCH = 'send `{"events": […]}`'
FEW = 50
"""Events of a batch that are taken in at once; larger ones must not hold up the pages of others."""


@dataclass(frozen=True, slots=True)
class EventsAnswer:
    """How many of the batch were accepted, known already and refused, and one result per event, in order."""

    accepted: int
    duplicates: int
    refused: int
    results: list[EventResult]


def _batch_schema() -> dict[str, Any]:
    """`{"events": [ViewerEvent]}` for the description. Events are checked one by one: a bad one holds no other up."""
    parts = msgspec.json.schema(ViewerEvent)["$defs"]
    event = parts["ViewerEvent"]
    event["properties"]["products"]["items"] = parts["OrderLine"]
    kinds = [kind.value for kind in EventKind if kind not in OWN]
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
    """Take up to 10,000 events in: `{"events": […]}`. They are durable when this answers, and the viewer's next page knows them.

    `id` is yours to choose, unique over all viewers; the same event sent again is a `duplicate` and changes nothing. Each refused
    event names its field and the reason and does not hold the others up: an unknown post or publisher, a clock more than 5 minutes
    ahead or 90 days behind, a number that is none. Fields that are not named here are ignored. If the answer is 503, send the same
    batch again. A batch of more than 256 KB has to be JSON to the letter: NaN or half of a character pair refuses all of it.
    """
    body = await body_of(request, MAX_BODY, _TOO_LARGE)
    services = services_of(request)
    if len(body) > LARGE:
        return await run_in_threadpool(_take_large, services.engagement, body)
    raw = _events_in(body)
    if len(raw) <= FEW:
        return answer(events_answer(await groups_of(request).events(services, raw)))
    return answer(events_answer(await run_in_threadpool(services.engagement.accept, raw, clock())))


def events_answer(results: list[EventResult]) -> EventsAnswer:
    """The results with how many there are of each sort."""
    count = [result.status for result in results].count
    return EventsAnswer(count(EventStatus.ACCEPTED), count(EventStatus.DUPLICATE), count(EventStatus.REFUSED), results)


def _events_in(body: bytes) -> list[Any]:
    read = json_of(body)
    found = read.get("events") if isinstance(read, dict) else None
    if not isinstance(found, list):
        raise InvalidInput("events", found, _NO_BATCH)
    return found


class _Large(msgspec.Struct, gc=False):
    events: list[msgspec.Raw]


_large, _event = msgspec.json.Decoder(_Large), msgspec.json.Decoder(ViewerEvent)


def _take_large(engagement: Engagement, body: bytes) -> Response:
    """In a thread: the events are counted before anything is made of them, then read one by one, so that pages come in between."""
    try:
        parts = _large.decode(body).events
    except msgspec.ValidationError:
        raise InvalidInput("events", None, _NO_BATCH) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise not_json(body, error) from None
    check_length(len(parts))
    return answer(events_answer(engagement.accept([_one_of_many(part) for part in parts], clock())))


def _one_of_many(part: msgspec.Raw) -> Any:
    """A well-formed event, or what its JSON says, to be refused by name: nothing if that would take long to make."""
    try:
        return _event.decode(part)
    except (msgspec.DecodeError, FeedroomError, RecursionError):
        return json_of(bytes(part)) if len(memoryview(part)) <= LARGE else None
