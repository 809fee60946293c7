"""How long after its upload a clip plays: a real worker process, a clip of 15 s in 1080×1920 with sound.

`python -m tests.benchmarks.playable [--clips 3] [--seconds 15]`. "Playable" is the moment the post has its clip, poster and
preview; the adaptive stream follows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.bootstrap import clock
from core.domain.account import Role
from core.domain.post import Media
from core.domain.upload import PART_SIZE
from tests.benchmarks.harness import Report, median, run
from tests.browser.console import Console
from tests.support import clips


def upload(house: Console, data: bytes) -> str:
    """The post of a file, queued this moment."""
    intake, brand = house.services.intake, house.account(Role.BRAND)
    begun = intake.begin(brand, name="clip.mp4", size=len(data), now=clock()).upload
    for number in range(1, begun.parts + 1):
        part = data[(number - 1) * PART_SIZE : number * PART_SIZE]
        intake.write_part(brand, begun.id, number, [part], len(part), now=clock())
    return str(intake.complete(brand, begun.id, now=clock()).id)


def seconds_until(house: Console, post: str, fits: Callable[[Media], bool], started: float) -> float:
    """Seconds since `started` when the post's media fits. Raises TimeoutError after five minutes."""
    while True:
        media = house.services.stores.posts.get(post).media
        if media is not None and fits(media):
            return time.perf_counter() - started
        if time.perf_counter() - started > 300:
            raise TimeoutError(f"post {post} has no such media")
        time.sleep(0.02)


def measure(report: Report, options: argparse.Namespace) -> None:
    """One clip after the other through an otherwise idle worker."""
    playable, adaptive = [], []
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        house = Console(Path(folder))
        try:
            data = clips.clip_bytes(options.seconds, 1080, 1920)
            house.worker.start()
            time.sleep(3)
            for _ in range(options.clips):
                started = time.perf_counter()
                post = upload(house, data)
                uploaded = time.perf_counter()
                playable.append(seconds_until(house, post, lambda media: bool(media.clip), uploaded))
                adaptive.append(seconds_until(house, post, lambda media: bool(media.hls), uploaded))
                report.add("upload", "seconds", uploaded - started, "s")
        finally:
            house.close()
    case = f"{options.seconds:g} s of 1080×1920"
    report.add(case, "file", len(data) / 1024**2, "MB")
    report.add(case, "playable, median", median(playable), "s")
    report.add(case, "playable, slowest", max(playable), "s")
    report.add(case, "adaptive stream, median", median(adaptive), "s")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write."""

    def options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--clips", type=int, default=3, help="how many clips, one after the other (3)")
        parser.add_argument("--seconds", type=float, default=15.0, help="length of each (15)")

    return run("playable", measure, argv, options)


if __name__ == "__main__":
    sys.exit(main())
