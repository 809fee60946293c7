"""`python -m core.demo`: fill the store with the demo world; with `--media-now` draw the clips here and now.

Without it, the worker draws them in the background. `--again` fills a store that is in use already: what is missing comes back,
what people have changed in posts stays.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from core.bootstrap import Services, clock, open_services
from core.demo import seed
from core.demo.render import render_post
from core.domain.errors import FeedroomError
from core.domain.job import Job, JobKind, JobState
from core.domain.ports.media import Progress
from core.settings import SettingsError

HERE = "demo"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m core.demo", description="Fill the store with the demo world.")
    parser.add_argument(
        "--media-now", action="store_true", help="draw the clips here instead of leaving them to the worker"
    )
    parser.add_argument("--again", action="store_true", help="fill although the store is in use")
    asked = parser.parse_args(arguments)
    try:
        services = open_services()
    except (SettingsError, FeedroomError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        started = time.monotonic()
        if asked.again:
            seed.fill(services, clock(), print)
        if asked.again or seed.ensure(services, clock(), print):
            print(f"Filled in {time.monotonic() - started:.1f} s.")
        else:
            print(
                "The store is in use, or FEEDROOM_DEMO is 0, so nothing was filled in. --again fills it all the same."
            )
        if asked.media_now:
            draw_all(services)
    finally:
        services.stores.live.close()
    return 0


def draw_all(services: Services) -> int:
    """Do all waiting jobs of the demo world in the foreground; returns how many clips were drawn."""
    total = services.stores.jobs.count(
        {"kind": JobKind.RENDER_DEMO, "state": {"in": [JobState.QUEUED, JobState.RUNNING]}}
    )
    drawn = 0
    kinds = (JobKind.RENDER_DEMO, JobKind.SCREEN_POST, JobKind.STREAM_MEDIA)
    while (job := services.jobs.claim(HERE, now=clock(), kinds=kinds)) is not None:
        drawn += job.kind is JobKind.RENDER_DEMO
        if job.kind is JobKind.RENDER_DEMO:
            print(f"\r{drawn} of {total} clips", end="" if drawn < total else "\n", flush=True)
        _do(services, job)
    return drawn


def _do(services: Services, job: Job) -> None:
    if job.kind is JobKind.SCREEN_POST:
        services.moderation.screen(job.subject, now=clock())
    elif job.kind is JobKind.STREAM_MEDIA:
        services.processing.stream(job, _renewing(services, job), clock=clock)
    else:
        render_post(services, job, _renewing(services, job))
    services.jobs.finish(job, now=clock())


def _renewing(services: Services, job: Job) -> Progress:
    """Progress that keeps the job's lease."""

    def report(done: float, step: str) -> None:
        services.jobs.progress(job, done, step, now=clock())

    return report


if __name__ == "__main__":
    sys.exit(main())
