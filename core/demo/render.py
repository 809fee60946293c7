"""Draw the clip of one demo post and bring the post to the state that was planned for it.

The clip goes the way of every upload: it is stored as a file, probed by the guard, and made playable by the processing service.
Only then does the post go live, under the time at which it was published in the demo world.
"""

from __future__ import annotations

import shutil

from core.bootstrap import Services, clock
from core.demo.clips import film
from core.demo.posts import MAKER, Fate, Plan, plans
from core.domain.errors import Conflict, NotFound
from core.domain.ids import HOUR, MINUTE, Millis
from core.domain.job import Job, JobKind
from core.domain.moderation import Case, CaseState, Outcome, Reason, Screening, Severity, Signal, Verdict
from core.domain.ports.media import Progress
from core.domain.post import Post, PostStatus, StatusChange
from core.domain.review import REASON_TEXT
from core.domain.upload import Upload, UploadState
from core.services.audit import MACHINE
from core.services.lifecycle import Lifecycle
from core.services.stores import Stores
from core.services.verdicts import MODERATION

DRAWN = 0.6
"""Share of the time that drawing takes."""


def render_post(services: Services, job: Job, progress: Progress) -> None:
    """Draw, process and settle the post of a RENDER_DEMO job; a repeated run goes on where one stopped.

    A post that somebody has submitted meanwhile gets its clip and is screened like any other; one that was withdrawn is left alone.
    Raises UnsafeFile or RenderFailed.
    """
    plan, post = plans().get(job.subject), services.stores.posts.find_one(job.subject)
    if plan is None or post is None or post.status not in (PostStatus.DRAFT, PostStatus.PROCESSING):
        return
    if post.media is None:
        if post.upload is None:
            _draw(services, plan, post, progress, clock())
        services.processing.process(job, lambda done, step: progress(DRAWN + (1 - DRAWN) * done, step), clock=clock)
    settle(services, plan, now=clock())


def settle(services: Services, plan: Plan, *, now: Millis) -> None:
    """Bring a post whose clip plays from draft to its planned state."""
    post = services.stores.posts.find_one(plan.id)
    if post is None or post.media is None or post.status is not PostStatus.DRAFT or plan.fate is Fate.DRAFT:
        return
    lifecycle = Lifecycle(services.stores)
    try:
        if plan.fate is Fate.REVIEW:
            lifecycle.move(post, PostStatus.SCREENING, by=post.author, now=now, note="Sent for review.")
            services.jobs.enqueue(JobKind.SCREEN_POST, post.id, now=now)
            return
        history = _history(post, plan, published := post.published_at or post.created_at + 3 * HOUR)
        lifecycle.change(post, {"status": history[-1].status, "history": history}, now=now)
        if plan.fate is Fate.REJECTED:
            _keep_case(services.stores, post, published)
    except (Conflict, NotFound):
        return


def _draw(services: Services, plan: Plan, post: Post, progress: Progress, now: Millis) -> None:
    """Write the clip and attach it to the post as a finished upload."""
    folder = services.settings.data / "work" / "clips" / plan.id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        path = folder / "clip.mp4"
        film.write(plan.brief(), plan.kind, path, lambda done: progress(DRAWN * done, "Drawing the clip"))
        upload = Upload(
            id=f"{plan.id}-clip",
            account=post.author,
            publisher=plan.publisher,
            name=f"{plan.id}.mp4",
            size=path.stat().st_size,
            content_type="video/mp4",
            key=f"uploads/{plan.id}-clip/file",
            state=UploadState.COMPLETE,
            post=plan.id,
            created_at=post.created_at,
            updated_at=now,
        )
        services.stores.objects.put_file(upload.key, path, "video/mp4")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    services.stores.uploads.upsert_many([upload])
    Lifecycle(services.stores).change(services.stores.posts.get(plan.id), {"upload": upload.id}, now=now)


def _history(post: Post, plan: Plan, published: Millis) -> tuple[StatusChange, ...]:
    """The post's past, as it would have been; every line lies before now."""
    made = post.created_at
    lines = [
        StatusChange(status=PostStatus.DRAFT, at=made, by=MACHINE, note=MAKER),
        StatusChange(status=PostStatus.SCREENING, at=published - 4 * MINUTE, by=post.author, note="Sent for review."),
    ]
    if plan.fate is Fate.REJECTED:
        told = " ".join(REASON_TEXT[Reason.SPAM])
        lines.append(
            StatusChange(
                status=PostStatus.IN_REVIEW, at=published - 3 * MINUTE, by=MACHINE, note="A person looks at it."
            )
        )
        lines.append(StatusChange(status=PostStatus.REJECTED, at=published, by=MODERATION, note=told))
        return tuple(lines)
    lines.append(StatusChange(status=PostStatus.LIVE, at=published, by=MACHINE, note="Published."))
    if plan.fate is Fate.WITHDRAWN:
        ended = published + 9 * 24 * HOUR
        lines.append(StatusChange(status=PostStatus.WITHDRAWN, at=ended, by=post.author, note="The offer has ended."))
    return tuple(lines)


def _keep_case(stores: Stores, post: Post, decided: Millis) -> None:
    """The case of the rejected post, as a moderator closed it."""
    signal = Signal(name="text.spam", score=0.6, detail="asks viewers to share it with 100 people")
    case = Case(
        id=f"{post.id}.1",
        post=post.id,
        publisher=post.publisher,
        state=CaseState.DECIDED,
        severity=Severity.P1,
        round=1,
        author=post.author,
        screening=Screening(outcome=Outcome.QUEUE, risk=0.6, signals=(signal,), at=decided - 3 * MINUTE),
        verdict=Verdict.REJECT,
        reason=Reason.SPAM,
        note="Chain message with a giveaway that does not exist.",
        decided_by="demo-moderator",
        decided_at=decided,
        due_at=decided + HOUR,
        created_at=decided - 3 * MINUTE,
        updated_at=decided,
    )
    stores.cases.upsert_many([case])
