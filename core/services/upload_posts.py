"""The posts that uploaded files become: a new draft, or the draft that the file was sent for."""

from __future__ import annotations

import re
from typing import Final

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Duplicate, NotFound
from core.domain.ids import HOUR, MINUTE, Millis
from core.domain.job import JobKind
from core.domain.post import MAX_TITLE, Post, PostStatus, StatusChange
from core.domain.upload import Upload, UploadState
from core.services.catalog_fields import kinds_for, post_search_text
from core.services.jobs import Jobs
from core.services.lifecycle import Lifecycle
from core.services.stores import Stores

UPLOADERS: Final = (Role.BRAND, Role.CREATOR)
FILLABLE: Final = frozenset({PostStatus.DRAFT, PostStatus.FAILED})
"""Statuses in which a post takes a file: nobody has decided on one yet."""


class UploadPosts:
    """Make or fill drafts, and see that their files are processed."""

    def __init__(self, stores: Stores, jobs: Jobs) -> None:
        self._stores = stores
        self._jobs = jobs
        self._lifecycle = Lifecycle(stores)

    def fillable(self, actor: Account, id: str) -> Post:
        """A post of this account's publisher that takes a file. Raises NotFound, Conflict."""
        post = self._stores.posts.find_one(id)
        if post is None or (actor.role in UPLOADERS and post.publisher != actor.publisher):
            raise NotFound(f"no post {id!r}", field="post", value=id)
        if post.status not in FILLABLE:
            raise Conflict(f"this post is {post.status.label.lower()}; it takes no other file")
        return post

    def with_file(self, actor: Account, upload: Upload, *, now: Millis) -> Post:
        """The post `upload.post` with this file: made if it does not exist, filled if it does. Harmless when repeated.

        Raises Conflict if the post takes no file any more.
        """
        if upload.post is None:
            raise Conflict("this upload has no post yet")
        existing = self._stores.posts.find_one(upload.post)
        if existing is None:
            return self._draft(actor, upload, upload.post, now)
        for _ in range(3):
            if existing.upload == upload.id:
                return existing
            try:
                return self._attach(actor, existing, upload, now)
            except Conflict:
                if (latest := self._stores.posts.get(existing.id)).version == existing.version:
                    raise
                existing = latest
        return self._attach(actor, existing, upload, now)

    def _draft(self, actor: Account, upload: Upload, id: str, now: Millis) -> Post:
        title = _title(upload.name)
        draft = Post(
            id=id, publisher=upload.publisher, author=actor.id, kind=kinds_for(actor)[0], title=title, upload=upload.id,
            history=(StatusChange(status=PostStatus.DRAFT, at=now, by=actor.id),),
            search_text=post_search_text(title, "", (), ()), created_at=now, updated_at=now,
        )  # fmt: skip
        try:
            return self._stores.posts.insert(draft)
        except Duplicate:
            return self._stores.posts.get(id)

    def _attach(self, actor: Account, post: Post, upload: Upload, now: Millis) -> Post:
        if post.status not in FILLABLE:
            raise Conflict(f"this post is {post.status.label.lower()}; it takes no other file")
        changes: dict[str, object] = {"upload": upload.id, "media": None, "problem": ""}
        stored = self._replace(actor, post, changes, now)
        if post.upload is not None:
            self._stores.objects.delete_prefix(f"uploads/{post.upload}/")
        return stored

    def _replace(self, actor: Account, post: Post, changes: dict[str, object], now: Millis) -> Post:
        if post.status is PostStatus.DRAFT:
            return self._lifecycle.change(post, changes, now=now)
        submitted = any(line.status is PostStatus.PROCESSING for line in post.history)
        status = PostStatus.PROCESSING if submitted else PostStatus.DRAFT
        return self._lifecycle.move(post, status, by=actor.id, now=now, note="A new file was uploaded.", also=changes)

    def ensure_queued(self, post: Post, *, now: Millis) -> None:
        """Queue the processing of a post's file unless that is under way, done, or has failed already.

        A job that was queued before the file was complete was for another file.
        """
        if (
            post.media is not None
            or post.upload is None
            or post.status not in (PostStatus.DRAFT, PostStatus.PROCESSING)
        ):
            return
        latest = self._jobs.latest(post.id, kind=JobKind.PROCESS_MEDIA)
        if latest is None or latest.created_at < self._stores.uploads.get(post.upload).updated_at:
            self._jobs.enqueue(JobKind.PROCESS_MEDIA, post.id, now=now)

    def sweep(self, *, now: Millis) -> None:
        """Queue what a server that was killed between completing an upload and queueing its processing left behind."""
        window = {"gte": now - HOUR, "lt": now - MINUTE}
        for upload in self._stores.uploads.each({"state": UploadState.COMPLETE, "updated_at": window}):
            post = self._stores.posts.find_one(upload.post or "")
            if post is not None and post.upload == upload.id:
                self.ensure_queued(post, now=now)


def _title(name: str) -> str:
    """A first title: the file's name in words.

    >>> _title("diwali-sale_final.MP4")
    'Diwali sale final'
    """
    words = re.sub(r"[\s_.-]+", " ", re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name)).strip()
    return (words[:1].upper() + words[1:])[:MAX_TITLE]
