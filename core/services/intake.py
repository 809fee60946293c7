"""Uploads: files come in parts, survive a closed tab or a killed server, and become posts when all parts are here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from core.domain.account import Account
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Throttled
from core.domain.ids import DAY, MINUTE, Millis, new_id
from core.domain.post import Post
from core.domain.upload import Upload, UploadState
from core.services.audit import Audit
from core.services.jobs import Jobs
from core.services.stores import Stores
from core.services.upload_posts import UPLOADERS, UploadPosts

MAX_OPEN: Final = 20
BEGINS_PER_MINUTE: Final = 120
STALE: Final[Millis] = 7 * DAY


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """An upload and the numbers of the parts that are here, ascending."""

    upload: Upload
    held: tuple[int, ...]

    @property
    def bytes_held(self) -> int:
        """How much of the file is here."""
        return sum(self.upload.part_length(number) for number in self.held)


class Intake:
    """Begin or resume, write parts, complete, cancel. Accounts see and change only uploads of their own."""

    def __init__(self, stores: Stores, jobs: Jobs, audit: Audit) -> None:
        self._stores = stores
        self._audit = audit
        self._posts = UploadPosts(stores, jobs)

    def begin(
        self,
        actor: Account,
        *,
        name: str,
        size: int,
        now: Millis,
        content_type: str = "",
        fingerprint: str = "",
        post: str | None = None,
    ) -> UploadStatus:
        """Start an upload, or go on with the open one of the same account, fingerprint and size.

        With `post` the file goes to that draft, else completing makes a draft. Raises InvalidInput, Forbidden, NotFound,
        Conflict (the post takes no file), Throttled (too many at once).
        """
        actor.require(*UPLOADERS)
        if wait := self._stores.live.limits.hit(
            f"uploads:{actor.id}", limit=BEGINS_PER_MINUTE, window_ms=MINUTE, now=now
        ):
            raise Throttled(f"at most {BEGINS_PER_MINUTE} uploads can be started in a minute", wait)
        target = self._posts.fillable(actor, post) if post is not None else None
        if fingerprint and (known := self._resumable(actor, fingerprint, size)) is not None:
            if target is not None and known.post != target.id:
                known = self._stores.uploads.patch(known.id, {"post": target.id, "updated_at": now})
            return self._status(known, now)
        if self._stores.uploads.count({"account": actor.id, "state": UploadState.OPEN}) >= MAX_OPEN:
            raise Throttled(f"{MAX_OPEN} uploads are open already; finish or cancel one first", 60)
        publisher = actor.publisher or (target.publisher if target else None)
        if publisher is None:
            raise Forbidden("this account belongs to no publisher; name the draft that the file is for")
        id = new_id(now)
        key = f"uploads/{id}/source"
        upload = Upload(
            id=id, account=actor.id, publisher=publisher, name=_base_name(name), size=size,
            content_type=content_type[:100], fingerprint=fingerprint[:300], key=key,
            post=target.id if target else None, created_at=now, updated_at=now,
        )  # fmt: skip
        handle = self._stores.objects.begin_parts(key, "application/octet-stream")
        stored = self._stores.uploads.insert(replace(upload, handle=handle))
        self._audit.record(actor, "upload.begin", id, now=now, name=upload.name, size=str(size))
        return UploadStatus(stored, ())

    def status(self, actor: Account, id: str, *, now: Millis) -> UploadStatus:
        """An upload of this account and the parts that are here. Raises NotFound."""
        return self._status(self._own(actor, id), now)

    def open_uploads(self, actor: Account, *, now: Millis) -> list[UploadStatus]:
        """What this account began and has not finished, newest first."""
        actor.require(*UPLOADERS)
        where = {"account": actor.id, "state": UploadState.OPEN}
        page = self._stores.uploads.find(where, order="created_at", descending=True, limit=MAX_OPEN)
        return [self._status(upload, now) for upload in page.items]

    def write_part(
        self, actor: Account, id: str, number: int, data: Iterable[bytes], length: int, *, now: Millis
    ) -> None:
        """Store a part from a stream. Raises NotFound, Conflict (no longer open), InvalidInput (wrong number or length)."""
        upload = self._open(actor, id)
        if length != upload.part_length(number):
            raise InvalidInput("length", length, f"part {number} of this file has {upload.part_length(number)} bytes")
        try:
            self._stores.objects.write_part(upload.key, upload.handle, number, data, length)
        except NotFound:
            raise Conflict("this upload was finished or cancelled meanwhile") from None
        if now - upload.updated_at > MINUTE:
            self._stores.uploads.patch(id, {"updated_at": now})

    def complete(self, actor: Account, id: str, *, now: Millis) -> Post:
        """Join the parts, make or fill a draft, queue its processing. Doing it twice gives the same post.

        Every step may be repeated, so that a server killed in between loses nothing: the post's id is kept before the post is
        made. Raises NotFound, Conflict (a part is missing, or cancelled).
        """
        upload = self._own(actor, id)
        if upload.state is UploadState.COMPLETE and upload.post is not None:
            post = self._stores.posts.get(upload.post)
            self._posts.ensure_queued(post, now=now)
            return post
        if upload.state is not UploadState.OPEN:
            raise Conflict(f"this upload is {upload.state}; begin again")
        self._join(upload)
        if upload.post is None:
            upload = self._stores.uploads.patch(
                upload.id, {"post": new_id(now), "updated_at": now}, expected_version=upload.version
            )
        post = self._posts.with_file(actor, upload, now=now)
        self._stores.uploads.patch(upload.id, {"state": UploadState.COMPLETE, "updated_at": now})
        self._posts.ensure_queued(post, now=now)
        self._audit.record(actor, "upload.complete", id, now=now, post=post.id, name=upload.name)
        return post

    def cancel(self, actor: Account, id: str, *, now: Millis) -> None:
        """Forget an upload and its parts; fine if it is cancelled already. Raises Conflict once it is complete."""
        upload = self._own(actor, id)
        if upload.state is UploadState.COMPLETE:
            raise Conflict("this upload is complete; delete or withdraw its post instead")
        if upload.state is UploadState.OPEN:
            self._forget(upload, now)
            self._audit.record(actor, "upload.cancel", id, now=now, name=upload.name)

    def sweep(self, *, now: Millis) -> int:
        """Forget uploads left alone for a week, and go on where a killed server stopped; returns how many were forgotten."""
        stale = {"state": UploadState.OPEN, "updated_at": {"lt": now - STALE}}
        uploads = self._stores.uploads.find(stale, order="updated_at", limit=100).items
        for upload in uploads:
            self._forget(upload, now)
            self._audit.record(None, "upload.expire", upload.id, now=now, name=upload.name)
        self._posts.sweep(now=now)
        return len(uploads)

    def _own(self, actor: Account, id: str) -> Upload:
        actor.require(*UPLOADERS)
        upload = self._stores.uploads.find_one(id)
        if upload is None or upload.account != actor.id:
            raise NotFound(f"no upload {id!r}", field="id", value=id)
        return upload

    def _open(self, actor: Account, id: str) -> Upload:
        upload = self._own(actor, id)
        if upload.state is not UploadState.OPEN:
            raise Conflict(f"this upload is {upload.state}; nothing more can be added to it")
        return upload

    def _resumable(self, actor: Account, fingerprint: str, size: int) -> Upload | None:
        where = {"account": actor.id, "state": UploadState.OPEN, "fingerprint": fingerprint[:300], "size": size}
        return next(iter(self._stores.uploads.find(where, limit=1).items), None)

    def _status(self, upload: Upload, now: Millis) -> UploadStatus:
        if upload.state is not UploadState.OPEN:
            everything = upload.state is UploadState.COMPLETE
            return UploadStatus(upload, tuple(range(1, upload.parts + 1)) if everything else ())
        try:
            held = self._stores.objects.parts(upload.key, upload.handle)
        except NotFound:
            if self._is_joined(upload):
                return UploadStatus(upload, tuple(range(1, upload.parts + 1)))
            # An object store may drop unfinished uploads by itself; the browser then sends all parts again.
            handle = self._stores.objects.begin_parts(upload.key, "application/octet-stream")
            return UploadStatus(self._stores.uploads.patch(upload.id, {"handle": handle, "updated_at": now}), ())
        whole = (
            number for number, length in held.items() if number <= upload.parts and length == upload.part_length(number)
        )
        return UploadStatus(upload, tuple(sorted(whole)))

    def _is_joined(self, upload: Upload) -> bool:
        info = self._stores.objects.stat(upload.key)
        return info is not None and info.size == upload.size

    def _join(self, upload: Upload) -> None:
        try:
            self._stores.objects.complete_parts(upload.key, upload.handle, upload.parts)
        except NotFound:
            if not self._is_joined(upload):
                raise Conflict("this upload's parts are gone; send the file again") from None
        if not self._is_joined(upload):
            raise Conflict(f"the joined file does not have the {upload.size} bytes that were announced")

    def _forget(self, upload: Upload, now: Millis) -> None:
        self._stores.objects.abort_parts(upload.key, upload.handle)
        self._stores.objects.delete_prefix(f"uploads/{upload.id}/")
        self._stores.uploads.patch(upload.id, {"state": UploadState.CANCELLED, "updated_at": now})


def _base_name(name: str) -> str:
    """The last part of whatever path a browser sends, without control characters. Raises InvalidInput if nothing is left."""
    base = PureWindowsPath(PurePosixPath(name).name).name
    clean = "".join(letter for letter in base if letter.isprintable()).strip()[:200]
    if not clean:
        raise InvalidInput("name", name, "a file name is needed")
    return clean
