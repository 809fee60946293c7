"""Media for players: signed addresses, HTTP Range, validators. Bytes flow from the object store in chunks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from core.api.security import services_of
from core.bootstrap import clock
from core.domain.errors import NotFound
from core.domain.ids import SECOND
from core.domain.ports.objects import ObjectInfo

TYPES: Final = {
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int


class Unsatisfiable(Exception):
    """The range lies outside the object."""


def parse_range(header: str | None, size: int) -> Span | None:
    """The span that a Range header asks for, None for the whole object. Raises Unsatisfiable.

    Several ranges, other units and nonsense are answered with the whole object, as RFC 9110 allows.

    >>> parse_range("bytes=0-99", 1000), parse_range("bytes=-100", 1000), parse_range("bytes=990-", 1000)
    (Span(first=0, last=99), Span(first=900, last=999), Span(first=990, last=999))
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return Span(max(0, size - int(last)), size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Span(int(first), min(int(last), size - 1) if last else size - 1)


@router.api_route("/media/{token}/{key:path}", methods=["GET", "HEAD"])
async def media(request: Request, token: str, key: str) -> Response:
    """One object, whole or in part. The token in the address is the permission; see `core.services.delivery`."""
    services, now = services_of(request), clock()
    services.delivery.check(token, key, now=now)
    info: ObjectInfo | None = await run_in_threadpool(services.stores.objects.stat, key)
    if info is None:
        raise NotFound("there is no such media")
    remaining = int(token.partition("-")[0]) - now // SECOND
    etag = f'"{info.etag.strip(chr(34))}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": f"private, max-age={max(0, remaining)}, immutable",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if _holds(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    content_type = TYPES.get(key.rpartition(".")[2], "application/octet-stream")
    wanted = request.headers.get("range")
    if wanted and request.headers.get("if-range", etag) != etag:
        wanted = None
    try:
        span = parse_range(wanted, info.size) if request.method == "GET" else None
    except Unsatisfiable:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{info.size}"})
    if request.method == "HEAD" or info.size == 0:
        return Response(headers=headers | {"Content-Length": str(info.size)}, media_type=content_type)
    first, last = (span.first, span.last) if span else (0, info.size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{info.size}"
    chunks: Iterator[bytes] = await run_in_threadpool(services.stores.objects.read, key, first, last)
    return StreamingResponse(chunks, 206 if span else 200, headers, content_type)


def _holds(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this version; weak and strong tags count alike there."""
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))
