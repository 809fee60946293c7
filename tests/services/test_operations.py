"""What administrators read about the house, also when a part of it is down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from core.bootstrap import Services
from core.domain.account import Account, Role
from core.domain.errors import Forbidden, Unavailable
from core.domain.ids import MINUTE
from core.domain.job import JobKind
from core.services.audit import MACHINE, Audit
from core.services.jobs import Jobs
from core.services.operations import CONSUMERS, FOLDER_AGE, Operations
from core.services.stores import Stores
from core.streaming.handlers import consumers
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000
ADMIN = Account(id="a1", email="a@example.in", name="Asha", role=Role.ADMINISTRATOR)
MODERATOR = Account(id="a2", email="m@example.in", name="Arjun", role=Role.MODERATOR)


class SilentLog(MemoryEventLog):
    """An event log whose server is down."""

    def ping(self) -> None:
        raise Unavailable("the event log does not answer")


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


def test_a_store_that_is_down_is_reported_and_the_others_are_still_asked(stores: Stores, tmp_path: Path) -> None:
    health = Operations(replace(stores, log=SilentLog()), tmp_path).health(ADMIN)
    assert {one.purpose: one.problem for one in health} == {
        "Documents": "", "Live state": "", "Event log": "the event log does not answer", "Media": "",
    }  # fmt: skip
    assert all(one.milliseconds >= 0 for one in health)


def test_the_queue_says_how_long_its_oldest_job_has_waited(stores: Stores, tmp_path: Path) -> None:
    operations, jobs = Operations(stores, tmp_path), Jobs(stores)
    assert operations.queue(ADMIN, now=NOW).oldest_wait is None
    jobs.enqueue(JobKind.SCREEN_POST, "post-1", now=NOW)
    jobs.enqueue(JobKind.SCREEN_POST, "post-2", now=NOW + MINUTE)
    queue = operations.queue(ADMIN, now=NOW + 3 * MINUTE)
    assert queue.oldest_wait == 3 * MINUTE
    assert queue.counts == {"queued": 2, "running": 0, "done": 0, "failed": 0}


def test_failed_jobs_are_shown_with_what_went_wrong(stores: Stores, tmp_path: Path) -> None:
    jobs = Jobs(stores)
    jobs.enqueue(JobKind.SCREEN_POST, "post-1", now=NOW)
    claimed = jobs.claim("worker-1", now=NOW)
    assert claimed is not None
    jobs.fail(claimed, "the rules cannot be read", now=NOW, final=True)
    failed = Operations(stores, tmp_path).queue(ADMIN, now=NOW).failed
    assert [job.problem for job in failed] == ["the rules cannot be read"]


def test_the_data_folder_is_counted_and_then_remembered_for_a_while(stores: Stores, tmp_path: Path) -> None:
    operations = Operations(stores, tmp_path)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "clip.mp4").write_bytes(b"x" * 1_000)
    first = operations.folder(ADMIN, now=NOW)
    assert (first.bytes, first.files) == (1_000, 1)
    (tmp_path / "more").write_bytes(b"x")
    assert operations.folder(ADMIN, now=NOW + FOLDER_AGE - 1) is first
    assert operations.folder(ADMIN, now=NOW + FOLDER_AGE).files == 2


def test_versions_name_python_and_the_main_parts(stores: Stores, tmp_path: Path) -> None:
    versions = Operations(stores, tmp_path).versions(ADMIN)
    assert versions["Python"].startswith("3.")
    assert "not installed" not in (versions["streamlit"], versions["fastapi"])


def test_only_administrators_look_into_the_house(stores: Stores, tmp_path: Path) -> None:
    operations = Operations(stores, tmp_path)
    looks: tuple[Callable[[], object], ...] = (
        lambda: operations.health(MODERATOR),
        lambda: operations.queue(MODERATOR, now=NOW),
        lambda: operations.folder(MODERATOR, now=NOW),
        lambda: operations.versions(MODERATOR),
        lambda: operations.lag(MODERATOR),
    )
    for look in looks:
        with pytest.raises(Forbidden):
            look()


def test_audit_lines_are_found_by_subject_and_by_whom_newest_first(stores: Stores) -> None:
    audit = Audit(stores)
    audit.record(ADMIN, "post.withdraw", "post-1", now=NOW)
    audit.record(None, "post.screen", "post-1", now=NOW + 1)
    audit.record(ADMIN, "post.withdraw", "post-2", now=NOW + 2)
    assert [line.action for line in audit.find(ADMIN, subject="post-1").items] == ["post.screen", "post.withdraw"]
    assert [line.subject for line in audit.find(ADMIN, by=ADMIN.id).items] == ["post-2", "post-1"]
    assert [line.subject for line in audit.find(ADMIN, by=MACHINE).items] == ["post-1"]
    first = audit.find(ADMIN, limit=2)
    assert first.cursor is not None
    assert [line.at for line in audit.find(ADMIN, limit=2, cursor=first.cursor).items] == [NOW]


def test_moderators_read_the_lines_of_a_post_but_not_of_everything(stores: Stores) -> None:
    audit = Audit(stores)
    audit.record(ADMIN, "post.withdraw", "post-1", now=NOW)
    assert len(audit.find(MODERATOR, subject="post-1").items) == 1
    with pytest.raises(Forbidden):
        audit.find(MODERATOR)
    with pytest.raises(Forbidden):
        audit.find(MODERATOR, by=ADMIN.id)


def test_every_reader_that_the_worker_runs_is_watched() -> None:
    read = set(consumers(cast(Services, None)))
    assert {group for _, group in CONSUMERS} == read
