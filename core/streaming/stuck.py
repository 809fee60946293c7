"""Posts that wait for work nobody has queued, because a process was killed between two writes: queue it again."""

from __future__ import annotations

from typing import Final

from core.domain.ids import MINUTE, Millis
from core.domain.job import JobKind
from core.domain.post import PostStatus
from core.services.jobs import Jobs
from core.services.stores import Stores

PATIENCE: Final[Millis] = 2 * MINUTE
_NEEDS: Final = {PostStatus.SCREENING: JobKind.SCREEN_POST, PostStatus.PROCESSING: JobKind.PROCESS_MEDIA}


def requeue_stuck(stores: Stores, jobs: Jobs, *, now: Millis) -> int:
    """Queue the missing job of each post that has been waiting for over two minutes without one; returns how many.

    A screening that failed for good is tried again here too: an unscreened post is never shown, but it is not forgotten.
    """
    queued = 0
    for status, kind in _NEEDS.items():
        for post in stores.posts.each({"status": status, "updated_at": {"lt": now - PATIENCE}}, order="updated_at"):
            latest = jobs.latest(post.id, kind=kind)
            if jobs.unfinished(post.id, kind) or (latest is not None and now - latest.updated_at < PATIENCE):
                continue
            jobs.enqueue(kind, post.id, now=now)
            queued += 1
    return queued
