"""Draws the clip of one demo post and puts it through the same processing as an upload."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from core.bootstrap import Services, clock
from core.demo.clips import film
from core.demo.posts import MAKER, Fate, plans
from core.domain.errors import Conflict
from core.domain.ids import Millis
from core.domain.job import Job
from core.domain.moderation import Reason
from core.domain.ports.media import Progress
from core.domain.post import Post, PostStatus
from core.domain.upload import Upload, UploadState
from core.services.audit import MACHINE
from core.services.lifecycle import Lifecycle

DRAWING = 0.6
"""The share of the work that is drawing; the rest is processing."""


def render_post(services: Services, job: Job, progress: Progress) -> None:
    """Draw, store as an upload, process, and let the post go where its plan says. A repeated run goes on where one stopped."""
    plan = plans().get(job.subject)
    post = services.stores.posts.find_one(job.subject)
    if plan is None or post is None:
        return
    if post.media is None:
        if post.upload is None:
            post = _drawn(services, post, lambda done: progress(DRAWING * done, "Drawing the clip"))
        services.processing.process(job, lambda done, step: progress(DRAWING + (1 - DRAWING) * done, step), clock=clock)
    _settle(services, services.stores.posts.get(post.id), plan.fate, clock())


def _drawn(services: Services, post: Post, report: Callable[[float], None]) -> Post:
    plan = plans()[post.id]
    upload_id = f"{post.id}-clip"
    key = f"uploads/{upload_id}/clip.mp4"
    with tempfile.TemporaryDirectory(prefix="feedroom-demo-") as folder:
        path = Path(folder) / "clip.mp4"
        film.write(plan.brief(), plan.kind, path, report)
        services.stores.objects.put_file(key, path, "video/mp4")
        size = path.stat().st_size
    now = clock()
    upload = Upload(
        id=upload_id,
        account=post.author,
        publisher=post.publisher,
        name=f"{plan.title}.mp4",
        size=size,
        content_type="video/mp4",
        key=key,
        state=UploadState.COMPLETE,
        post=post.id,
        created_at=now,
        updated_at=now,
    )
    services.stores.uploads.upsert_many([upload])
    return Lifecycle(services.stores).change(post, {"upload": upload_id}, now=now)


def _settle(services: Services, post: Post, fate: Fate, now: Millis) -> None:
    """Move a post that has its clip now to where its plan says. Live ones are there already."""
    if post.status is not PostStatus.DRAFT or fate in (Fate.LIVE, Fate.DRAFT):
        return
    lifecycle = Lifecycle(services.stores)
    try:
        post = lifecycle.move(post, PostStatus.SCREENING, by=MACHINE, now=now, note=MAKER)
        if fate is Fate.REVIEW:
            services.moderation.screen(post.id, now=now)
        elif fate is Fate.REJECTED:
            post = lifecycle.move(post, PostStatus.IN_REVIEW, by=MACHINE, now=now, note="A person looks at it.")
            note = f"{Reason.MISLEADING_CLAIM.label}. Change the words and send it in again, or appeal."
            lifecycle.move(post, PostStatus.REJECTED, by=MACHINE, now=now, note=note)
        elif fate is Fate.WITHDRAWN:
            post = lifecycle.move(post, PostStatus.LIVE, by=MACHINE, now=now, note="Published with the demo world.")
            lifecycle.move(post, PostStatus.WITHDRAWN, by=MACHINE, now=now, note="Withdrawn by its brand.")
    except Conflict:
        return  # a person was quicker; theirs counts
