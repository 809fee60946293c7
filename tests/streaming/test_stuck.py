"""Posts that wait for work nobody queued."""

from __future__ import annotations

from core.domain.ids import MINUTE
from core.domain.job import JobKind
from core.domain.post import Post, PostStatus
from core.services.jobs import Jobs
from core.streaming.stuck import requeue_stuck
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000


def test_only_posts_that_wait_long_and_have_no_job_are_queued_again() -> None:
    stores = memory_stores()
    jobs = Jobs(stores)
    late = NOW + 5 * MINUTE
    for id, status, at in (
        ("forgotten", PostStatus.SCREENING, NOW),
        ("queued", PostStatus.SCREENING, NOW),
        ("just now", PostStatus.SCREENING, late),
        ("unprocessed", PostStatus.PROCESSING, NOW),
        ("live", PostStatus.LIVE, NOW),
    ):
        stores.posts.insert(Post(id=id, publisher="kiln", author="a", status=status, created_at=at, updated_at=at))
    jobs.enqueue(JobKind.SCREEN_POST, "queued", now=NOW)
    assert requeue_stuck(stores, jobs, now=late) == 2
    assert requeue_stuck(stores, jobs, now=late) == 0
    assert jobs.unfinished("forgotten", JobKind.SCREEN_POST)
    assert jobs.unfinished("unprocessed", JobKind.PROCESS_MEDIA)
