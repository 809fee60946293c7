"""The catalogue of posts: drafting, submitting, editing, withdrawing, by the people who publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from core.domain.account import Account, Role
from core.domain.errors import Conflict, InvalidInput
from core.domain.ids import Millis, new_id
from core.domain.job import JobKind
from core.domain.post import MAX_TITLE, Post, PostKind, PostStatus, StatusChange
from core.services.audit import Audit
from core.services.catalog_fields import SCREENED, accepted, kinds_for
from core.services.catalog_reading import CatalogReading
from core.services.jobs import Jobs
from core.services.lifecycle import Lifecycle
from core.services.stores import Stores

WRITERS = (Role.BRAND, Role.CREATOR)
WRITABLE: Final = frozenset({PostStatus.DRAFT, PostStatus.PROCESSING, PostStatus.FAILED})
"""Statuses in which words are saved as they are typed: nothing of the post has been screened yet."""
EDIT_AGAIN: Final = frozenset({PostStatus.LIVE, PostStatus.IN_REVIEW, PostStatus.REJECTED})
"""Statuses in which an edit of what screening reads screens the post again."""
_TRIES = 4


class Catalog(CatalogReading):
    """Every change of a post that a person makes. Brand members and creators act on the posts of their publisher."""

    def __init__(self, stores: Stores, jobs: Jobs, audit: Audit) -> None:
        super().__init__(stores, jobs)
        self._audit = audit
        self._lifecycle = Lifecycle(stores)

    def create_draft(
        self,
        actor: Account,
        *,
        now: Millis,
        changes: Mapping[str, object] | None = None,
        publisher: str | None = None,
        upload: str | None = None,
    ) -> Post:
        """A new draft, empty or with fields set. Only an administrator names the `publisher`. Raises InvalidInput."""
        actor.require(*WRITERS)
        owner = actor.publisher or publisher
        if owner is None or self._stores.publishers.find_one(owner) is None:
            raise InvalidInput("publisher", owner, "a draft belongs to a publisher that exists")
        blank = Post(
            id=new_id(now),
            publisher=owner,
            author=actor.id,
            kind=kinds_for(actor)[0],
            upload=upload,
            history=(StatusChange(status=PostStatus.DRAFT, at=now, by=actor.id),),
            created_at=now,
            updated_at=now,
        )
        clean = accepted(self._stores, actor, blank, changes or {})
        post = self._stores.posts.insert(replace(blank, **clean))  # type: ignore[arg-type]  # `accepted` has checked every field
        self._audit.record(actor, "post.create", post.id, now=now)
        return post

    def kinds(self, actor: Account) -> tuple[PostKind, ...]:
        """The kinds this account may choose for its posts."""
        return kinds_for(actor)

    def save(
        self,
        actor: Account,
        id: str,
        changes: Mapping[str, object],
        *,
        now: Millis,
        expected_version: int | None = None,
        seen: Mapping[str, object] | None = None,
    ) -> Post:
        """Autosave: set fields of a post that has not been screened yet.

        Two ways to notice somebody else's change: `expected_version` refuses any, `seen` (the values that were on the
        screen) refuses only one of the same field, so that background processing never disturbs a person who types.
        Raises Conflict, InvalidInput, NotFound.
        """

        def act(post: Post) -> Post:
            if post.status not in WRITABLE:
                raise Conflict(f"this post is {post.status.label.lower()}; edit it on its own page")
            _expect(post, expected_version)
            clean = accepted(self._stores, actor, post, changes)
            for name in clean.keys() & (seen or {}).keys():
                if _plain(getattr(post, name)) != _plain((seen or {})[name]):
                    raise Conflict(f"the {name} was changed in another window; reload to see it before you change it")
            if not clean:
                return post
            stored = self._lifecycle.change(post, clean, now=now)
            self._audit.record(actor, "post.save", id, now=now, fields=_names(clean))
            return stored

        return self._with_latest(actor, id, act)

    def edit(
        self,
        actor: Account,
        id: str,
        changes: Mapping[str, object],
        *,
        now: Millis,
        expected_version: int | None = None,
    ) -> Post:
        """Change a post in any status that allows it: a draft is saved, a screened post is screened again if needed.

        Raises Conflict when the status does not allow it (a held post waits for a moderator) or the version moved on.
        """
        post = self._own(actor, id)
        if post.status in WRITABLE:
            return self.save(actor, id, changes, now=now, expected_version=expected_version)
        if post.status not in EDIT_AGAIN:
            raise Conflict(f"a post that is {post.status.label.lower()} cannot be edited now")
        _expect(post, expected_version)
        clean = accepted(self._stores, actor, post, changes)
        if not clean:
            return post
        again = bool(clean.keys() & SCREENED)
        if again:
            self._raise_missing(replace(post, **clean))  # type: ignore[arg-type]  # `accepted` has checked every field
            note = "Edited; it is checked again before it is shown."
            stored = self._lifecycle.move(post, PostStatus.SCREENING, by=actor.id, now=now, note=note, also=clean)
            self._jobs.enqueue(JobKind.SCREEN_POST, id, now=now)
        else:
            stored = self._lifecycle.change(post, clean, now=now)
        self._audit.record(actor, "post.edit", id, now=now, fields=_names(clean), screened_again=str(again).lower())
        return stored

    def missing(self, post: Post) -> tuple[str, ...]:
        """What a draft still needs before it can be submitted, one plain sentence each; empty when it is ready."""
        needs: list[str] = []
        if post.status is PostStatus.FAILED:
            again = "Replace the file that could not be processed, or try again."
            needs.append(again if post.upload else "Upload another file in place of the one that was refused.")
        elif post.media is None and post.upload is None:
            needs.append("Upload a clip or a picture.")
        if not post.caption and not post.title:
            needs.append("Write a caption.")
        if not post.tags:
            needs.append("Choose at least one tag.")
        if post.kind is PostKind.PRODUCT and not post.products:
            needs.append("Link at least one product, as its kind is product.")
        return tuple(needs)

    def submit(self, actor: Account, id: str, *, now: Millis) -> Post:
        """Send a draft to screening, or first to processing if its media is not ready. Raises InvalidInput."""

        def act(post: Post) -> Post:
            if post.status is not PostStatus.DRAFT:
                raise Conflict(f"this post is {post.status.label.lower()} already")
            self._raise_missing(post)
            titled: dict[str, object] = {} if post.title else {"title": _title_of(post.caption)}
            if post.media is None:
                note = "Submitted; the file is still being processed."
                return self._lifecycle.move(post, PostStatus.PROCESSING, by=actor.id, now=now, note=note, also=titled)
            stored = self._lifecycle.move(
                post, PostStatus.SCREENING, by=actor.id, now=now, note="Submitted.", also=titled
            )
            self._jobs.enqueue(JobKind.SCREEN_POST, id, now=now)
            return stored

        stored = self._with_latest(actor, id, act)
        self._audit.record(actor, "post.submit", id, now=now)
        return stored

    def withdraw(self, actor: Account, id: str, *, now: Millis, note: str = "") -> Post:
        """Take a post out of the feed at once. Raises Conflict for a draft (delete it) or a withdrawn one."""

        def act(post: Post) -> Post:
            if post.status is PostStatus.DRAFT:
                raise Conflict("a draft is not published; delete it instead")
            return self._lifecycle.move(post, PostStatus.WITHDRAWN, by=actor.id, now=now, note=note)

        stored = self._with_latest(actor, id, act)
        self._audit.record(actor, "post.withdraw", id, now=now, **({"note": note} if note else {}))
        return stored

    def restore(self, actor: Account, id: str, *, now: Millis) -> Post:
        """Bring a withdrawn post back: screened again, or a draft again if it has no media. Raises Conflict."""

        def act(post: Post) -> Post:
            if post.status is not PostStatus.WITHDRAWN:
                raise Conflict(f"only a withdrawn post can be restored; this one is {post.status.label.lower()}")
            if post.media is None:
                return self._lifecycle.move(post, PostStatus.DRAFT, by=actor.id, now=now, note="Restored as a draft.")
            note = "Restored; it is checked again before it is shown."
            stored = self._lifecycle.move(post, PostStatus.SCREENING, by=actor.id, now=now, note=note)
            self._jobs.enqueue(JobKind.SCREEN_POST, id, now=now)
            return stored

        stored = self._with_latest(actor, id, act)
        self._audit.record(actor, "post.restore", id, now=now)
        return stored

    def retry(self, actor: Account, id: str, *, now: Millis) -> Post:
        """Process a post's file again after a failure. Raises Conflict if nothing failed or there is no file."""

        def act(post: Post) -> Post:
            if post.status is not PostStatus.FAILED or post.upload is None:
                raise Conflict("only a post whose file could not be processed can be tried again")
            submitted = any(line.status is PostStatus.PROCESSING for line in post.history)
            status = PostStatus.PROCESSING if submitted else PostStatus.DRAFT
            stored = self._lifecycle.move(
                post, status, by=actor.id, now=now, note="Trying again.", also={"problem": ""}
            )
            self._jobs.enqueue(JobKind.PROCESS_MEDIA, id, now=now)
            return stored

        stored = self._with_latest(actor, id, act)
        self._audit.record(actor, "post.retry", id, now=now)
        return stored

    def delete_draft(self, actor: Account, id: str, *, now: Millis) -> None:
        """Delete a draft (or one whose file failed before it was submitted) with its media. Raises Conflict."""
        post = self._own(actor, id)
        submitted = any(line.status not in (PostStatus.DRAFT, PostStatus.FAILED) for line in post.history)
        if post.status not in (PostStatus.DRAFT, PostStatus.FAILED) or submitted:
            raise Conflict("only a draft that was never submitted can be deleted; withdraw the post instead")
        self._stores.posts.delete(id)
        self._stores.objects.delete_prefix(f"posts/{id}/")
        if post.upload is not None:
            self._stores.objects.delete_prefix(f"uploads/{post.upload}/")
        self._audit.record(actor, "post.delete_draft", id, now=now, title=post.title)

    def choose_poster(self, actor: Account, id: str, name: str, *, now: Millis) -> Post:
        """Show another of the candidates that processing made. Raises InvalidInput for any other name."""

        def act(post: Post) -> Post:
            if post.media is None or name not in post.media.posters:
                raise InvalidInput("poster", name, "choose one of this post's poster candidates")
            if post.media.poster == name:
                return post
            return self._lifecycle.change(post, {"media": replace(post.media, poster=name)}, now=now)

        stored = self._with_latest(actor, id, act)
        self._audit.record(actor, "post.choose_poster", id, now=now, poster=name)
        return stored

    def _own(self, actor: Account, id: str) -> Post:
        actor.require(*WRITERS)
        return self.get(actor, id)

    def _raise_missing(self, post: Post) -> None:
        if needs := self.missing(post):
            raise InvalidInput("post", post.id, " ".join(needs))

    def _with_latest(self, actor: Account, id: str, act: Callable[[Post], Post]) -> Post:
        """Act on the post as it is now, and again when the worker changed it between reading and writing."""
        for _ in range(_TRIES - 1):
            post = self._own(actor, id)
            try:
                return act(post)
            except Conflict:
                if self._stores.posts.get(id).version == post.version:
                    raise
        return act(self._own(actor, id))


def _expect(post: Post, version: int | None) -> None:
    if version is not None and post.version != version:
        raise Conflict(f"the post is at version {post.version}, not {version}; read it again")


def _names(clean: Mapping[str, object]) -> str:
    return ", ".join(sorted(name for name in clean if name != "search_text"))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _title_of(caption: str) -> str:
    """The first line of a caption, cut at a word: what a list shows for a post without a title."""
    line = caption.strip().splitlines()[0]
    if len(line) <= MAX_TITLE:
        return line
    return line[: MAX_TITLE - 1].rsplit(" ", 1)[0] + "…"
