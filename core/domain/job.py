"""Work that the worker does behind the screen, claimed under a lease so that a killed worker's job is taken up again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import MINUTE, Millis

JOB_LEASE: Millis = 1 * MINUTE
MAX_ATTEMPTS = 3


class JobKind(StrEnum):
    PROCESS_MEDIA = "process_media"
    SCREEN_POST = "screen_post"
    RENDER_DEMO = "render_demo"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work on `subject` (a post or upload id). `progress` is 0..1, `step` a phrase for the screen."""

    id: str
    version: int = 1
    kind: JobKind
    subject: str
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    step: str = ""
    attempts: int = 0
    worker: str = ""
    lease_until: Millis = 0
    not_before: Millis = 0
    problem: str = ""
    created_at: Millis = 0
    updated_at: Millis = 0
