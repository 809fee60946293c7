"""From an uploaded file to a playable post: guard, render, store, and only then show.

Two jobs. `process` makes the post playable (clip, poster, preview) in a few seconds; `stream` adds the adaptive stream. Each
run writes under object keys of its own and the post is changed last, in one patch, so nobody ever sees half-made media and a
run that was overtaken leaves what the winner made alone.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.domain.errors import Conflict, NotFound, UnsafeFile
from core.domain.ids import Millis
from core.domain.job import PRIORITY, Job, JobKind, JobState
from core.domain.ports.media import MediaTools, Progress
from core.domain.post import Media, MediaKind, Post, PostStatus
from core.domain.upload import Upload, UploadState
from core.services.audit import MACHINE
from core.services.jobs import Jobs
from core.services.lifecycle import Lifecycle
from core.services.stores import Stores

Clock = Callable[[], Millis]
CONTENT_TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".jpg": "image/jpeg",
}
GONE: Final = "The uploaded file is no longer here. Upload it again."
BROKE_DOWN: Final = "The file could not be processed because of a fault on our side. Try again."
_TRIES: Final = 6


class Processing:
    """What the worker does with files. Acts for the machine, so there is no account; takes a clock, because it takes time."""

    def __init__(self, stores: Stores, jobs: Jobs, tools: MediaTools, work_dir: Path) -> None:
        self._stores = stores
        self._jobs = jobs
        self._tools = tools
        self._work = work_dir
        self._lifecycle = Lifecycle(stores)

    def process(self, job: Job, progress: Progress, *, clock: Clock) -> None:
        """Make the post of a PROCESS_MEDIA job playable; a submitted post goes on to screening.

        Raises UnsafeFile after the file was refused: the post has failed with that sentence, and the file is gone.
        """
        found = self._file_of(job.subject)
        if found is None:
            return
        post, upload = found
        if _made_from(post.media, upload):
            self._continue(post, clock())
            return
        with self._folder(job) as folder:
            try:
                progress(0.01, "Checking the file")
                source = self._fetch(upload, folder)
                probe = self._tools.probe(source)
                media = self._tools.render(
                    source, probe, _made(folder / "made"), lambda done, step: progress(0.03 + 0.9 * done, step)
                )
            except UnsafeFile as refused:
                self._refuse(post, upload, refused.detail, clock())
                raise
            progress(0.95, "Storing")
            media = replace(media, prefix=f"posts/{post.id}/{upload.id}-{secrets.token_hex(4)}")
            self._store(folder / "made", media.prefix)
        # The last look at the lease: whoever lost it stops here and leaves the post alone.
        progress(0.99, "Storing")
        if not self._show(post.id, upload, media, clock()):
            self._stores.objects.delete_prefix(f"{media.prefix}/")

    def stream(self, job: Job, progress: Progress, *, clock: Clock) -> None:
        """Add the adaptive stream to the post of a STREAM_MEDIA job; without it the clip goes on playing."""
        found = self._file_of(job.subject)
        if found is None:
            return
        post, upload = found
        media = post.media
        if media is None or not _made_from(media, upload) or media.hls or media.kind is not MediaKind.VIDEO:
            return
        with self._folder(job) as folder:
            progress(0.01, "Making the adaptive stream")
            source = self._fetch(upload, folder)
            clip = folder / "clip.mp4"
            self._stores.objects.fetch(f"{media.prefix}/{media.clip}", clip)
            into = _made(folder / "made")
            made = self._tools.stream(
                source, clip, self._tools.probe(source), into, lambda done, step: progress(0.03 + 0.9 * done, step)
            )
            place = f"hls-{secrets.token_hex(4)}"
            progress(0.95, "Storing")
            self._store(into, f"{media.prefix}/{place}")
        progress(0.99, "Storing")
        for _ in range(_TRIES):
            current = self._stores.posts.find_one(post.id)
            if current is None or current.media is None or current.media.prefix != media.prefix or current.media.hls:
                self._stores.objects.delete_prefix(f"{media.prefix}/{place}/")
                return
            whole = replace(current.media, hls=f"{place}/{made.playlist}", rungs=made.rungs)
            if self._try_change(current, {"media": whole}, clock()):
                self._tidy(post.id, whole)
                return
        raise Conflict(f"post {post.id} kept changing while its stream was stored")

    def give_up(self, job: Job, *, now: Millis) -> None:
        """After the last try of a PROCESS_MEDIA job: the post has failed, its file is kept so that it can be tried again."""
        found = self._file_of(job.subject)
        if found is not None and not _made_from(found[0].media, found[1]):
            self._fail(found[0].id, found[1], BROKE_DOWN, {}, now)

    def sweep(self) -> int:
        """Remove work folders that killed workers left; returns how many."""
        removed = 0
        for folder in self._work.glob("*-*") if self._work.exists() else ():
            job = self._stores.jobs.find_one(folder.name.partition("-")[0])
            if job is None or job.state is not JobState.RUNNING or folder.name != _folder_name(job):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def _file_of(self, id: str) -> tuple[Post, Upload] | None:
        post = self._stores.posts.find_one(id)
        if post is None or post.upload is None:
            return None
        upload = self._stores.uploads.find_one(post.upload)
        return None if upload is None else (post, upload)

    @contextmanager
    def _folder(self, job: Job) -> Iterator[Path]:
        """A private, empty folder for this try; whatever happens, nothing stays behind."""
        folder = self._work / _folder_name(job)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _fetch(self, upload: Upload, folder: Path) -> Path:
        source = _made(folder / "source") / "file"
        try:
            self._stores.objects.fetch(upload.key, source)
        except NotFound:
            raise UnsafeFile(GONE) from None
        return source

    def _store(self, folder: Path, prefix: str) -> None:
        """Playlists last: whoever can read one can read all it names."""
        files = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.suffix == ".m3u8")
        for file in files:
            key = f"{prefix}/{file.relative_to(folder).as_posix()}"
            self._stores.objects.put_file(key, file, CONTENT_TYPES[file.suffix])

    def _show(self, id: str, upload: Upload, media: Media, now: Millis) -> bool:
        """Give the post its media and move it on; False if it is gone, took another file, or was given media meanwhile."""
        for _ in range(_TRIES):
            post = self._stores.posts.find_one(id)
            if post is None or post.upload != upload.id or _made_from(post.media, upload):
                return False
            changes: dict[str, object] = {"media": media, "problem": ""}
            submitted = post.status is PostStatus.PROCESSING
            if self._try_change(post, changes, now, to=PostStatus.SCREENING if submitted else None):
                self._tidy(id, media)
                self._continue(self._stores.posts.get(id), now)
                return True
        raise Conflict(f"post {id} kept changing while its media was stored")

    def _continue(self, post: Post, now: Millis) -> None:
        """Queue what comes next; harmless when repeated, as a killed worker's job is."""
        if post.status is PostStatus.PROCESSING and self._try_change(post, {}, now, to=PostStatus.SCREENING):
            post = self._stores.posts.get(post.id)
        if post.status is PostStatus.SCREENING and not self._jobs.unfinished(post.id, JobKind.SCREEN_POST):
            self._jobs.enqueue(JobKind.SCREEN_POST, post.id, now=now)
        media = post.media
        missing = media is not None and media.kind is MediaKind.VIDEO and not media.hls
        if missing and not self._jobs.unfinished(post.id, JobKind.STREAM_MEDIA):
            later = PRIORITY[JobKind.RENDER_DEMO] + 10 if post.generated else None
            self._jobs.enqueue(JobKind.STREAM_MEDIA, post.id, now=now, priority=later)

    def _try_change(self, post: Post, changes: dict[str, object], now: Millis, *, to: PostStatus | None = None) -> bool:
        try:
            if to is None:
                self._lifecycle.change(post, changes, now=now)
            else:
                self._lifecycle.move(post, to, by=MACHINE, now=now, note="The file is ready.", also=changes)
        except (Conflict, NotFound):
            return False
        return True

    def _tidy(self, id: str, media: Media) -> None:
        """Delete what earlier runs of this post left in the object store."""
        stream = media.hls.partition("/")[0]
        for key in self._stores.objects.list(f"posts/{id}/"):
            own, _, name = key.removeprefix(f"{media.prefix}/").partition("/")
            if not key.startswith(f"{media.prefix}/") or (stream and name and own != stream):
                self._stores.objects.delete_prefix(key)

    def _refuse(self, post: Post, upload: Upload, problem: str, now: Millis) -> None:
        self._stores.objects.delete_prefix(f"uploads/{upload.id}/")
        self._stores.uploads.patch(upload.id, {"state": UploadState.REFUSED, "problem": problem, "updated_at": now})
        self._fail(post.id, upload, problem, {"upload": None}, now)

    def _fail(self, id: str, upload: Upload, problem: str, also: dict[str, object], now: Millis) -> None:
        changes = also | {"problem": problem}
        for _ in range(_TRIES):
            post = self._stores.posts.find_one(id)
            if post is None or post.upload != upload.id:
                return
            try:
                if post.status in (PostStatus.DRAFT, PostStatus.PROCESSING):
                    self._lifecycle.move(post, PostStatus.FAILED, by=MACHINE, now=now, note=problem, also=changes)
                else:
                    self._lifecycle.change(post, changes, now=now)
                return
            except Conflict:
                continue
        raise Conflict(f"post {id} kept changing while its failure was noted")


def _folder_name(job: Job) -> str:
    return f"{job.id}-{job.attempts}"


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _made_from(media: Media | None, upload: Upload) -> bool:
    return media is not None and f"/{upload.id}-" in media.prefix
