"""Work that the worker does behind the screen, claimed under a lease so that a killed worker's job is taken up again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import SECOND, Millis

JOB_LEASE: Millis = 20 * SECOND
"""How long a silent worker keeps a job. Workers renew every 5 s, so a killed one is replaced within 20 s."""
MAX_ATTEMPTS = 3


class JobKind(StrEnum):
    """`PROCESS_MEDIA` makes a post playable, `STREAM_MEDIA` adds the adaptive stream to it."""

    PROCESS_MEDIA = "process_media"
    STREAM_MEDIA = "stream_media"
    SCREEN_POST = "screen_post"
    RENDER_DEMO = "render_demo"
    TRAIN_MODEL = "train_model"
    CALIBRATE = "calibrate"
    LIVE_TRAFFIC = "live_traffic"
    REHEARSE = "rehearse"


PRIORITY: dict[JobKind, int] = {
    JobKind.SCREEN_POST: 10,
    JobKind.PROCESS_MEDIA: 20,
    JobKind.STREAM_MEDIA: 30,
    JobKind.RENDER_DEMO: 40,
    JobKind.TRAIN_MODEL: 40,
    JobKind.CALIBRATE: 25,
    JobKind.LIVE_TRAFFIC: 50,
    JobKind.REHEARSE: 28,
}
"""Lower goes first: what a person waits for comes before what may take its time."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work on `subject` (a post id, or what is trained). `progress` is 0..1, `step` a phrase for the screen; low
    `priority` first; `asked_by` is the account of the person who asked for it, if one did."""

    id: str
    version: int = 1
    kind: JobKind
    subject: str
    priority: int = 0
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    step: str = ""
    attempts: int = 0
    worker: str = ""
    asked_by: str = ""
    lease_until: Millis = 0
    not_before: Millis = 0
    problem: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0
