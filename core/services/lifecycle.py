"""The one way a post changes: patched with its version, then announced to every feed process."""

from __future__ import annotations

from core.domain.ids import Millis
from core.domain.post import Post, PostStatus
from core.services.stores import Stores

CATALOGUE = "catalogue"
"""The signal that every stored change of a post or product bumps; feed processes compare it on each request."""


class Lifecycle:
    """Patch posts so that version, history and the catalogue signal always move together."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def change(self, post: Post, changes: dict[str, object], *, now: Millis) -> Post:
        """Patch fields of a post as it was read. Raises Conflict if it has changed since."""
        stored = self._stores.posts.patch(post.id, changes | {"updated_at": now}, expected_version=post.version)
        if PostStatus.LIVE in (post.status, stored.status):
            self._stores.live.signals.bump(CATALOGUE)
        return stored

    def move(
        self,
        post: Post,
        status: PostStatus,
        *,
        by: str,
        now: Millis,
        note: str = "",
        also: dict[str, object] | None = None,
    ) -> Post:
        """Move to another status, with a line of history whose `note` the creator reads. Raises Conflict."""
        return self.change(post, post.moved(status, at=now, by=by, note=note) | (also or {}), now=now)
