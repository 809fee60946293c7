"""Reading viewer events that come from outside: each is accepted, known already, or refused with the field and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from core.domain.errors import InvalidInput
from core.domain.events import CLOCK_AHEAD, MAX_ID, OLDEST, EventKind, ViewerEvent
from core.domain.ids import DAY, MINUTE, Millis

MAX_SECONDS = 24 * 3_600.0
MAX_COMPLETION = 100.0


class EventStatus(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class EventResult:
    """The answer for one event of a batch, in the batch's order. `field` and `reason` are empty unless it was refused."""

    id: str
    status: EventStatus
    field: str = ""
    reason: str = ""

    @staticmethod
    def refused(id: str, field: str, reason: str) -> EventResult:
        return EventResult(id, EventStatus.REFUSED, field, reason)


def read_event(raw: ViewerEvent | Mapping[str, object], *, now: Millis) -> ViewerEvent:
    """The event, checked. Raises InvalidInput naming the field."""
    event = raw if isinstance(raw, ViewerEvent) else _converted(raw)
    if event.kind is EventKind.SERVED:
        raise InvalidInput(
            "kind", event.kind.value, "the feed writes this itself; report an impression when it was seen"
        )
    if event.at > now + CLOCK_AHEAD:
        raise InvalidInput(
            "at", event.at, f"this is more than {CLOCK_AHEAD // MINUTE} minutes ahead of the server's clock"
        )
    if event.at < now - OLDEST:
        raise InvalidInput("at", event.at, f"events older than {OLDEST // DAY} days are not taken")
    for name in ("post", "publisher", "product", "request"):
        value = getattr(event, name)
        if len(value) > MAX_ID:
            raise InvalidInput(name, value, f"at most {MAX_ID} characters")
    if event.text:
        raise InvalidInput(
            "text",
            event.text,
            f"send a comment's words to /api/v1/posts/{event.post}/comments, which records this event too",
        )
    if event.seconds > MAX_SECONDS:
        raise InvalidInput("seconds", event.seconds, "a watch lasts at most a day")
    if event.completion > MAX_COMPLETION:
        raise InvalidInput("completion", event.completion, f"at most {MAX_COMPLETION:.0f} loops")
    if event.value_minor > 10**12:
        raise InvalidInput("value_minor", event.value_minor, "this is more than an order can be worth")
    if event.quantity < 1:
        raise InvalidInput("quantity", event.quantity, "at least 1")
    return event


def id_of(raw: ViewerEvent | Mapping[str, object]) -> str:
    """The event's id for its answer, whatever else is wrong with it."""
    if isinstance(raw, ViewerEvent):
        return raw.id
    found = raw.get("id") if isinstance(raw, Mapping) else None
    return found[:MAX_ID] if isinstance(found, str) else ""


def _converted(raw: Mapping[str, object]) -> ViewerEvent:
    if not isinstance(raw, Mapping):
        raise InvalidInput("event", raw, "an event is an object with named fields")
    try:
        return msgspec.convert(raw, ViewerEvent)
    except InvalidInput:
        raise
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InvalidInput):
            raise error.__cause__ from None
        text = str(error)
        if missing := re.search(r"missing required field `(\w+)`", text):
            raise InvalidInput(missing.group(1), None, "this field is needed") from None
        at = re.search(r"`\$\.(\w+)", text)
        field = at.group(1) if at else "event"
        why = text.split(" - at ", maxsplit=1)[0].replace("`", "").replace("Expected", "expected")
        if field == "kind":
            why = f"one of {', '.join(kind.value for kind in EventKind if kind is not EventKind.SERVED)}"
        raise InvalidInput(field, raw.get(field), why) from None
