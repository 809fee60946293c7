"""The console under people: several sessions at once on each page, each clicking every few seconds.

A console process of its own on a store with the demo world, no worker beside it. Each session is a WebSocket with a session
cookie that speaks Streamlit's messages (see `streamlit_client`), so what is timed is a rerun up to its last byte, unpainted.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence

import psutil

from core.api.sessions import cookie_name
from core.bootstrap import Services, clock, open_services
from core.demo import seed
from core.domain.account import Account, Role
from core.domain.post import Media, MediaKind, PostStatus
from core.settings import Settings
from dashboard.navigation import pages_for
from tests.benchmarks.harness import Report, run
from tests.benchmarks.processes import free_port, memory_mb, running
from tests.benchmarks.streamlit_client import Tab


def measure(report: Report, options: argparse.Namespace) -> None:
    """Every page of an administrator, one after the other."""
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        port = free_port()
        environment = {"FEEDROOM_DATA": folder, "FEEDROOM_PORT": str(port)}
        services = open_services(Settings.from_environment(environment))
        seed.ensure(services, clock())
        publish(services)
        (me,) = services.stores.accounts.find({"role": Role.ADMINISTRATOR}, limit=1).items
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)]
        with running(command, environment=environment, ready=f"{url}/api/v1/healthz") as console:
            report.add("console", "memory at the start", memory_mb(console.pid), "MB")
            everything: list[float] = []
            for page, query in pages(services, me):
                if options.page and page not in options.page:
                    continue
                everything += measure_page(report, services, me, console.pid, url, page, query, options)
            report.add_latencies("all pages", everything)
            report.add("console", "memory at the end", memory_mb(console.pid), "MB")
        services.stores.live.close()


def publish(services: Services) -> None:
    """Make the demo world's drafts live, as they are once their clips are drawn. Files are not needed: nobody plays them."""
    for post in list(services.stores.posts.each({"status": PostStatus.DRAFT})):
        media = Media(
            kind=MediaKind.VIDEO, prefix=f"posts/{post.id}/m", width=720, height=1280, duration=8.0, poster="poster.jpg",
            preview="preview.mp4", clip="clip.mp4", hls="master.m3u8",
        )  # fmt: skip
        services.stores.posts.patch(
            post.id, {"status": PostStatus.LIVE, "media": media, "published_at": post.created_at}
        )


def pages(services: Services, me: Account) -> list[tuple[str, str]]:
    """Each page with the query it needs to show something."""
    live = services.stores.posts.find({"status": PostStatus.LIVE}, limit=1).items
    needs = {"post": f"id={live[0].id}" if live else ""}
    experiments = services.stores.experiments.find(limit=1).items
    needs["readout"] = f"id={experiments[0].id}" if experiments else ""
    return [(entry.name, needs.get(entry.name, "")) for entry in pages_for(me.role)]


def measure_page(
    report: Report,
    services: Services,
    me: Account,
    pid: int,
    url: str,
    page: str,
    query: str,
    options: argparse.Namespace,
) -> list[float]:
    """All sessions on one page; seconds of every rerun, the first load of each session not counted."""
    cookies = [
        f"{cookie_name(services.settings)}={services.accounts.open_session(me, now=clock()).token}"
        for _ in range(options.sessions)
    ]
    process = psutil.Process(pid)
    busy = sum(process.cpu_times()[:2])
    seconds, received = asyncio.run(_people(url, cookies, page, query, options))
    runs = len(seconds) + options.sessions
    report.add_latencies(page, seconds)
    report.add(page, "processor time per run", (sum(process.cpu_times()[:2]) - busy) / runs * 1_000, "ms")
    report.add(page, "sent per run", received / 1024, "KB")
    return seconds


async def _people(
    url: str, cookies: Sequence[str], page: str, query: str, options: argparse.Namespace
) -> tuple[list[float], float]:
    """Reruns of all sessions together, and the mean bytes of one."""
    chance = random.Random(7)
    plans = [[chance.uniform(0.5, 1.5) * options.pause for _ in range(options.clicks)] for _ in cookies]

    async def person(cookie: str, pauses: Sequence[float]) -> tuple[list[float], int]:
        async with Tab(url, cookie) as tab:
            await tab.open(page, query)
            seconds, received = [], 0
            for pause in pauses:
                await asyncio.sleep(pause)
                seconds.append(await tab.rerun())
                received += tab.received
            return seconds, received

    results = await asyncio.gather(*(person(cookie, plan) for cookie, plan in zip(cookies, plans, strict=True)))
    seconds = [second for one, _ in results for second in one]
    return seconds, sum(received for _, received in results) / len(seconds)


def add_options(parser: argparse.ArgumentParser) -> None:
    """How many people, how often they click, and where."""
    parser.add_argument("--sessions", type=int, default=20, help="people at once (20)")
    parser.add_argument("--clicks", type=int, default=10, help="reruns of each (10)")
    parser.add_argument("--pause", type=float, default=2.0, help="mean seconds between two clicks of one person (2)")
    parser.add_argument("--page", action="append", help="only this page; may be given several times")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return run("console", measure, argv, add_options)


if __name__ == "__main__":
    sys.exit(main())
