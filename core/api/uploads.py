"""Resumable uploads from the browser: parts go straight from the socket to the object store, a few chunks at a time."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Final

import anyio
import anyio.from_thread
import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from core.api.problems import responses
from core.api.security import services_of, signed_in
from core.bootstrap import clock
from core.domain.account import Account
from core.domain.errors import CallerError, Forbidden, InvalidInput
from core.domain.ports.objects import CHUNK
from core.domain.upload import MAX_FILE, PART_SIZE, UploadState
from core.services.intake import UploadStatus

WRITERS: Final = 12
"""Parts written at the same time by one process; the others wait in their sockets, not in memory."""

router = APIRouter(prefix="/api/uploads", tags=["uploads"])


class UploadRequest(BaseModel):
    """The file that a browser wants to send. `fingerprint` lets the same file go on after a restart."""

    name: str = Field(min_length=1, max_length=1_000, examples=["diwali-sale.mp4"])
    size: int = Field(examples=[48_211_003], description=f"bytes, 1 to {MAX_FILE:,}")
    content_type: str = Field(default="", max_length=200, examples=["video/mp4"])
    fingerprint: str = Field(default="", max_length=300, examples=["diwali-sale.mp4:48211003:1795000000000"])
    post: str | None = Field(default=None, max_length=40, description="the draft that the file is for")


class UploadAnswer(BaseModel):
    """Where an upload stands: `held` are the parts that are here, 1 to `parts`, each `part_size` bytes but for the last."""

    id: str
    name: str
    size: int
    part_size: int = PART_SIZE
    parts: int
    held: list[int]
    state: UploadState
    post: str | None = None
    problem: str = ""


class CompletedUpload(BaseModel):
    """The post that the file became."""

    id: str
    post: str
    title: str
    status: str


def uploader(request: Request, account: Annotated[Account, Depends(signed_in)]) -> Account:
    """The signed-in account, if the request says that it means to upload: other sites cannot make a browser send this header."""
    if request.headers.get("x-feedroom", "").lower() != "upload":
        raise Forbidden("send the header `X-Feedroom: upload` with each request of an upload")
    return account


Uploader = Annotated[Account, Depends(uploader)]


@router.post("", summary="Begin or resume", status_code=201, responses=responses(401, 403, 404, 409, 422, 429))
async def begin(request: Request, wanted: UploadRequest, account: Uploader) -> UploadAnswer:
    """Begin an upload, or go on with the open one of the same file by the same account."""
    status = await run_in_threadpool(
        services_of(request).intake.begin,
        account,
        name=wanted.name,
        size=wanted.size,
        content_type=wanted.content_type,
        fingerprint=wanted.fingerprint,
        post=wanted.post,
        now=clock(),
    )
    return _answer(status)


@router.get("", summary="Unfinished uploads", responses=responses(401, 403))
async def unfinished(request: Request, account: Uploader) -> list[UploadAnswer]:
    """What this account has begun and not finished, newest first."""
    found = await run_in_threadpool(services_of(request).intake.open_uploads, account, now=clock())
    return [_answer(status) for status in found]


@router.get("/{id}", summary="Where an upload stands", responses=responses(401, 403, 404))
async def status(request: Request, id: str, account: Uploader) -> UploadAnswer:
    """An upload and the parts that are here."""
    return _answer(await run_in_threadpool(services_of(request).intake.status, account, id, now=clock()))


@router.put(
    "/{id}/parts/{number}",
    summary="Send a part",
    status_code=204,
    responses=responses(401, 403, 404, 409, 411, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def write_part(
    request: Request,
    id: str,
    number: int,
    account: Uploader,
    content_length: Annotated[int | None, Header()] = None,
    x_part_crc32: Annotated[str | None, Header(description="CRC-32 of the part, 8 hex digits")] = None,
) -> Response:
    """Store one part, whole or not at all. Sending it again replaces it."""
    if content_length is None:
        raise LengthRequired("say how long the part is: Content-Length is missing")
    checksum = _checksum(x_part_crc32)
    intake = services_of(request).intake
    blocks = _blocks(request.stream())

    def pull() -> Iterator[bytes]:
        """Blocks of the body, fetched one by one by the thread that writes them: nothing piles up in between."""
        sum_so_far = 0
        while block := anyio.from_thread.run(anext, blocks, b""):
            sum_so_far = zlib.crc32(block, sum_so_far)
            yield block
        if checksum is not None and sum_so_far != checksum:
            raise InvalidInput("x-part-crc32", x_part_crc32, f"part {number} arrived damaged; send it again")

    def store() -> None:
        intake.write_part(account, id, number, pull(), content_length, now=clock())

    try:
        await anyio.to_thread.run_sync(store, limiter=_writers(request))
    except ClientDisconnect:
        # Nobody reads this answer; the part was not stored, and the browser will send it again.
        return Response(status_code=400)
    return Response(status_code=204)


@router.post("/{id}/complete", summary="Finish", responses=responses(401, 403, 404, 409))
async def complete(request: Request, id: str, account: Uploader) -> CompletedUpload:
    """Join the parts into the file and make it a post. Doing it twice gives the same post."""
    post = await run_in_threadpool(services_of(request).intake.complete, account, id, now=clock())
    return CompletedUpload(id=id, post=post.id, title=post.title, status=post.status)


@router.delete("/{id}", summary="Cancel", status_code=204, responses=responses(401, 403, 404, 409))
async def cancel(request: Request, id: str, account: Uploader) -> Response:
    """Forget an upload and all its parts."""
    await run_in_threadpool(services_of(request).intake.cancel, account, id, now=clock())
    return Response(status_code=204)


class LengthRequired(CallerError):
    """A part must say its length before it comes."""

    status = 411
    title = "The length is missing"


async def _blocks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body in blocks of about CHUNK bytes: fewer hops between threads than the socket's pieces would need."""
    pieces: list[bytes] = []
    size = 0
    async for piece in stream:
        pieces.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(pieces)
            pieces, size = [], 0
    if pieces and size:
        yield b"".join(pieces)


def _writers(request: Request) -> anyio.CapacityLimiter:
    """The application's limiter; made late, because it belongs to a running event loop."""
    state = request.app.state
    if not hasattr(state, "upload_writers"):
        state.upload_writers = anyio.CapacityLimiter(WRITERS)
    found: anyio.CapacityLimiter = state.upload_writers
    return found


def _checksum(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 16)
    except ValueError:
        raise InvalidInput("x-part-crc32", text, "8 hexadecimal digits are needed") from None


def _answer(status: UploadStatus) -> UploadAnswer:
    upload = status.upload
    return UploadAnswer(
        id=upload.id,
        name=upload.name,
        size=upload.size,
        parts=upload.parts,
        held=list(status.held),
        state=upload.state,
        post=upload.post,
        problem=upload.problem,
    )
