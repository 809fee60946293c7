"""Requests in their plain form, which are nearly all of an app's traffic: a page of the feed, and a small batch of events.

What is asked for is read here, begun together with what others ask for at the same moment, and written as it is sent. Two ways
lead here: the middleware of `core.api.quick`, and the straight way of `core.api.straight`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from core.api.answers import json_of
from core.api.events import FEW, events_answer
from core.api.groups import Groups
from core.bootstrap import Services, clock
from core.domain.account import Scope
from core.domain.errors import FeedroomError
from core.domain.events import MAX_ID, ViewerEvent
from core.domain.feed import FeedPage, PackedPage
from core.services import feed_packed
from core.services.event_intake import EventResult

LONGEST: Final = {
    "viewer": MAX_ID, "size": 3, "cursor": 400, "session": MAX_ID, "region": 12, "language": 12, "segment": MAX_ID,
    "platform": 40, "newcomer": 5, "policy": MAX_ID, "reasons": 3,
}  # fmt: skip
"""Parameters of a plain request for a page, and how long each may be."""
SMALL: Final = 64 * 1024
"""Bytes of a batch of events that is read here."""
Result = FeedPage | PackedPage | list[EventResult]
Headers = Iterable[tuple[bytes, bytes]]


class PlainRequest(NamedTuple):
    """What a plain request asks for: what its key has to allow, and how it is begun. Beginning raises as the work does."""

    needed: Scope
    begin: Callable[[Services], asyncio.Future[Any]]


def plainly_asked(groups: Groups, scope: Mapping[str, Any], body: bytes | bytearray) -> PlainRequest | None:
    """What a request that may be plain asks for, or None if it is to go the long way."""
    if scope["method"] == "GET":
        wanted = _page(scope["query_string"])
        return None if wanted is None else PlainRequest(Scope.FEED_READ, partial(groups.page, **wanted, packed=True))
    events = _batch(body)
    return None if events is None else PlainRequest(Scope.EVENTS_WRITE, partial(groups.events, events=events))


def may_be_plain(scope: Mapping[str, Any]) -> bool:
    """Whether this is a request over HTTP for one of the two."""
    path = scope.get("path")
    if path == "/api/v1/feed":
        return bool(scope["type"] == "http" and scope["method"] == "GET")
    return bool(path == "/api/v1/events" and scope["type"] == "http" and scope["method"] == "POST")


def secret_of(headers: Headers) -> str:
    """The secret of the request's key, "" if it does not come in the usual form."""
    for name, value in headers:
        if name == b"authorization":
            return value[7:].decode("latin-1") if value.startswith(b"Bearer ") else ""
    return ""


def remembered(services: Services, secret: str, needed: Scope) -> bool:
    """Whether the process knows without asking a store that the key may do this. Raises Forbidden if it knows the contrary."""
    return services.api_keys.remembered(secret, needed, now=clock()) is not None


def written(result: Result) -> bytes:
    """The answer as it is sent."""
    if isinstance(result, PackedPage):
        return feed_packed.json_of(result)
    return json_of(events_answer(result) if isinstance(result, list) else result)


def _page(query: bytes) -> dict[str, Any] | None:
    """The arguments of `Feed.page`, or None for a request that is to go the long way."""
    asked: dict[str, Any] = {}
    try:
        for name, value in _pairs(query.decode("ascii")):
            if name in asked or not 0 < len(value) <= LONGEST.get(name, 0):
                return None
            asked[name] = value
    except ValueError:  # not ASCII, or not pairs
        return None
    if "viewer" not in asked or not asked.get("size", "20").isdecimal():
        return None
    asked["size"] = int(asked.get("size", 20))
    if "reasons" in asked:
        if asked["reasons"] not in ("yes", "no"):
            return None
        asked["reasons"] = asked["reasons"] == "yes"
    if "newcomer" in asked:
        if asked["newcomer"] not in ("true", "false"):
            return None
        asked["newcomer"] = asked["newcomer"] == "true"
    if "language" in asked:
        asked["languages"] = (asked.pop("language"),)
    return asked


def _pairs(query: str) -> Iterable[Sequence[str]]:
    """Names and values of a query. What is no pair raises ValueError here or is none to whoever takes it apart."""
    if "%" in query or "+" in query:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
    return [pair.split("=", 1) for pair in query.split("&")]


class _Batch(msgspec.Struct, gc=False):
    events: list[ViewerEvent]


_events = msgspec.json.Decoder(_Batch)


def _batch(body: bytes | bytearray) -> Sequence[Any] | None:
    """The events of a small batch, or None for one that is to go the long way.

    Nearly always all are well-formed and are read straight into events; if one is not, each is looked at for itself later.
    """
    if len(body) > SMALL:
        return None
    found: Any
    try:
        found = _events.decode(body).events
    except (msgspec.DecodeError, FeedroomError, RecursionError):
        try:
            read = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return None
        found = read.get("events") if isinstance(read, dict) else None
    return found if isinstance(found, list) and len(found) <= FEW else None
