"""Reading viewer events that come from outside: each is accepted, known already, or refused with the field and why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from core.domain.errors import InvalidInput, TooLarge
from core.domain.events import CLOCK_AHEAD, MAX_BATCH, MAX_ID, MAX_LINES, OLDEST, EventKind, ViewerEvent
from core.domain.given_ids import UNFIT, check_id, is_fit
from core.domain.ids import DAY, MINUTE, Millis, joined
from core.domain.report import MAX_REPORT_NOTE, ReportReason

MAX_SECONDS = 24 * 3_600.0
MAX_COMPLETION = 100.0
MAX_SLOT = 1_000
MAX_QUANTITY = 10_000
MAX_VALUE = 10**12
OWN = frozenset({EventKind.SERVED, EventKind.EXPOSURE})
"""Kinds that Feedroom writes itself."""
_TEXTS = ("id", "viewer", "post", "publisher", "product", "request", "order", "share", "experiment", "arm")
_texts_of = attrgetter(*_TEXTS)


class EventStatus(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class EventResult(msgspec.Struct, frozen=True):
    """The answer for one event of a batch, in the batch's order. `field` and `reason` are empty unless it was refused."""

    id: str
    status: EventStatus
    field: str = ""
    reason: str = ""

    @staticmethod
    def refused(id: str, field: str, reason: str) -> EventResult:
        return EventResult(id, EventStatus.REFUSED, field, reason)


def check_length(events: int) -> None:
    """Raises TooLarge for more than MAX_BATCH events."""
    if events > MAX_BATCH:
        why = f"a batch has at most {MAX_BATCH:,} events, this one has {events:,}; send it in parts"
        raise TooLarge(why, field="events", value=events)


def read_event(raw: ViewerEvent | Mapping[str, object], *, now: Millis) -> ViewerEvent:
    """The event, checked. Raises InvalidInput naming the field."""
    event = raw if isinstance(raw, ViewerEvent) else _converted(raw)
    if event.kind is EventKind.SERVED:
        raise InvalidInput(
            "kind", event.kind.value, "the feed writes this itself; report an impression when it was seen"
        )
    if event.kind is EventKind.EXPOSURE:
        raise InvalidInput("kind", event.kind.value, "report it to /api/v1/exposures, which knows the viewer's arm")
    if event.at > now + CLOCK_AHEAD:
        raise InvalidInput(
            "at", event.at, f"this is more than {CLOCK_AHEAD // MINUTE} minutes ahead of the server's clock"
        )
    if event.at < now - OLDEST:
        raise InvalidInput("at", event.at, f"events older than {OLDEST // DAY} days are not taken")
    _check_names(event)
    if event.reason or event.text:
        _check_words(event)
    if event.slot is not None and not 0 <= event.slot <= MAX_SLOT:
        raise InvalidInput("slot", event.slot, f"0 to {MAX_SLOT:,}")
    if event.seconds > MAX_SECONDS:
        raise InvalidInput("seconds", event.seconds, "a watch lasts at most a day")
    if event.completion > MAX_COMPLETION:
        raise InvalidInput("completion", event.completion, f"at most {MAX_COMPLETION:.0f} loops")
    if event.value_minor > MAX_VALUE:
        raise InvalidInput("value_minor", event.value_minor, "this is more than an order can be worth")
    if not 1 <= event.quantity <= MAX_QUANTITY:
        raise InvalidInput("quantity", event.quantity, f"1 to {MAX_QUANTITY:,}")
    return _with_total(event) if event.products else event


def is_text(value: str) -> bool:
    """Whether a text can be stored and sent: JSON can spell half a surrogate pair, UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def id_of(raw: ViewerEvent | Mapping[str, object]) -> str:
    """The event's id for its answer, whatever else is wrong with it."""
    if isinstance(raw, ViewerEvent):
        return raw.id
    found = raw.get("id") if isinstance(raw, Mapping) else None
    return found[:MAX_ID].encode(errors="replace").decode() if isinstance(found, str) else ""


def own_id(prefix: str, *parts: str) -> str:
    """The id of an event that Feedroom writes itself: the same for the same parts, never too long."""
    id = joined(":", prefix, *parts)
    return id if len(id) <= MAX_ID else f"{prefix}:{hashlib.sha256(id.encode()).hexdigest()[:48]}"


def _check_names(event: ViewerEvent) -> None:
    """Ids and names are short texts without control characters. Raises InvalidInput."""
    values = _texts_of(event)
    together = "".join(values)
    if together.isascii() and together.isprintable() and (len(together) <= MAX_ID or max(map(len, values)) <= MAX_ID):
        return
    for name, value in zip(_TEXTS, values, strict=True):
        if len(value) > MAX_ID:
            raise InvalidInput(name, value, f"at most {MAX_ID} characters")
        if not is_fit(value):
            raise InvalidInput(name, ascii(value), UNFIT)


def _check_words(event: ViewerEvent) -> None:
    """Reason and words belong to reports. Raises InvalidInput."""
    if event.kind is EventKind.REPORT:
        if event.reason and event.reason not in set(ReportReason):
            raise InvalidInput("reason", event.reason, f"one of {', '.join(ReportReason)}")
        if len(event.text) > MAX_REPORT_NOTE:
            raise InvalidInput("text", event.text[:100], f"at most {MAX_REPORT_NOTE} characters")
        if not is_text(event.text):
            raise InvalidInput("text", ascii(event.text), "this is half of a character pair, not text")
        return
    if event.reason:
        raise InvalidInput("reason", event.reason, "only a report has a reason")
    if event.text:
        why = f"send a comment's words to /api/v1/posts/{event.post}/comments, which records this event too"
        raise InvalidInput("text", event.text[:100], why)


def _with_total(event: ViewerEvent) -> ViewerEvent:
    """An order with lines, its value the sum of them. Raises InvalidInput."""
    if event.kind is not EventKind.ORDER:
        raise InvalidInput("products", len(event.products), "only an order has several products; name one in `product`")
    if len(event.products) > MAX_LINES:
        raise InvalidInput("products", len(event.products), f"an order has at most {MAX_LINES} lines")
    for place, line in enumerate(event.products):
        check_id(f"products.{place}.product", line.product)
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise InvalidInput(f"products.{place}.quantity", line.quantity, f"1 to {MAX_QUANTITY:,}")
        if not 0 <= line.value_minor <= MAX_VALUE:
            raise InvalidInput(f"products.{place}.value_minor", line.value_minor, f"0 to {MAX_VALUE:,}")
    total = sum(line.value_minor for line in event.products)
    if total and event.value_minor not in (0, total):
        raise InvalidInput(
            "value_minor", event.value_minor, f"the lines add up to {total:,}; leave it out or send that"
        )
    return replace(event, value_minor=total) if total else event


def _converted(raw: Mapping[str, object]) -> ViewerEvent:
    if type(raw) is not dict and not isinstance(raw, Mapping):  # the first is the usual case and quicker
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
            why = f"one of {', '.join(kind.value for kind in EventKind if kind not in OWN)}"
        raise InvalidInput(field, raw.get(field), why) from None
