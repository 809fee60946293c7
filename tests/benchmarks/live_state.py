"""What a read and a write of a viewer's live state cost, by how much the viewer has seen: our processor time and the server's.

`python -m tests.benchmarks.live_state [--calls N] [--json FILE]`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from msgspec.structs import replace

from core.adapters import embedded_valkey, redis
from core.domain.events import event_mark
from core.domain.viewer import REMEMBERED_EVENTS, Interaction, ViewerState
from tests.benchmarks.harness import Report, run

NOW = 1_795_000_000_000


def state_of(seen: int) -> ViewerState:
    """A viewer who has seen so many posts and acted on one in ten."""
    posts = tuple(f"01KAX{number:021}" for number in range(seen))
    acts = posts[:500:10]
    return ViewerState(
        viewer="viewer",
        recent=tuple(Interaction(post=post, kind="like", weight=1.0, at=NOW) for post in acts),
        tags={f"tag-{number}": 1.0 for number in range(min(seen, 150))},
        publishers={f"publisher-{number}": 1.0 for number in range(min(seen, 200))},
        liked=acts,
        seen=posts,
        applied=b"".join(event_mark(f"{post}-watch") for post in posts[:REMEMBERED_EVENTS]),
        decided=dict.fromkeys((f"like:{post}" for post in acts), NOW),
    )


def cost(report: Report, case: str, server: psutil.Process, calls: int, work: Callable[[], object]) -> None:
    """Mean processor time of a call in this thread and in the server."""
    work()
    theirs, ours = sum(server.cpu_times()[:2]), time.thread_time()
    for _ in range(calls):
        work()
    ours, theirs = time.thread_time() - ours, sum(server.cpu_times()[:2]) - theirs
    report.add(case, "processor", ours / calls * 1e6, "us")
    report.add(case, "processor of the server", theirs / calls * 1e6, "us")


def measure(report: Report, options: argparse.Namespace) -> None:
    """A new viewer, a usual one and one who has seen all that is remembered, on an embedded server."""
    with tempfile.TemporaryDirectory(prefix="feedroom-live-") as name:
        live, other = redis.open_live(None, Path(name)), redis.open_live(None, Path(name))
        server = psutil.Process(int((Path(name) / "valkey" / "pid").read_text()))
        live.trending.bump({f"01KAX{number:021}": 1.0 + number for number in range(1_000)}, now=NOW)
        for seen in (20, 300, 10_000):
            live.viewers.forget("viewer")
            state = state_of(seen)
            live.viewers.write(state, expected_version=0)
            held = [1]

            def write(state: ViewerState = state, held: list[int] = held) -> None:
                if not live.viewers.write(replace(state, updated_at=held[0]), expected_version=held[0]):
                    raise RuntimeError("somebody else writes")
                held[0] += 1

            def written_elsewhere(state: ViewerState = state, held: list[int] = held) -> None:
                other.viewers.write(replace(state, updated_at=held[0]), expected_version=held[0])
                held[0] += 1
                live.viewers.read("viewer", trending=0)

            case, calls = f"{seen:,} posts seen", options.calls
            cost(report, f"{case}: read", server, calls, lambda: live.viewers.read("viewer", trending=0))
            cost(report, f"{case}: read with trends", server, calls, lambda: live.viewers.read("viewer", trending=100))
            cost(report, f"{case}: write", server, calls, write)
            cost(report, f"{case}: write and a read by another", server, calls, written_elsewhere)
        live.close()
        other.close()
        embedded_valkey.stop(Path(name))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--calls", type=int, default=2_000, help="calls of each sort")


def main(argv: Sequence[str] | None = None) -> int:
    return run("live_state", measure, argv, _options)


if __name__ == "__main__":
    sys.exit(main())
