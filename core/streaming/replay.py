"""`python -m core.streaming.replay REQUEST`: a page that was served, made again from what was kept of it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from core.bootstrap import Services, open_services
from core.domain.errors import FeedroomError
from core.feed.trace_record import PageTrace
from core.pipeline.engine import Outcome
from core.settings import SettingsError


def main(argv: Sequence[str] | None = None, services: Services | None = None) -> int:
    """Print the page and whether it came out the same: 0 if identical, 1 if it differs, 2 if it cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m core.streaming.replay", description=__doc__)
    parser.add_argument("request", help="the `request` of a page of the feed")
    request: str = parser.parse_args(argv).request
    try:
        services = services or open_services()
        trace = services.traces.read(request)
        made = services.traces.replayed(trace)
    except (SettingsError, FeedroomError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(_page(trace, made.outcome, made.query.index.ids))
    sys.stdout.write(f"{made.difference or 'identical'}\n")
    return 1 if made.difference else 0


def _page(trace: PageTrace, outcome: Outcome, ids: Sequence[str]) -> str:
    shown, chosen = outcome.selection.page, outcome.selection
    at = datetime.fromtimestamp(trace.at / 1_000, UTC).isoformat(timespec="milliseconds")
    lines = [
        f"{trace.request}  viewer {trace.viewer}  {at}  policy {trace.plain['policy']['id']}  engine {trace.engine}"
    ]
    scores = shown["score"].tolist()
    for slot, row in enumerate(shown.rows.tolist()):
        chance = float(chosen.propensities[slot])
        lines.append(f"{slot + 1:3}  {ids[row]:26}  {scores[slot]:10.6f}  {chance:8.6f}  {chosen.rules[slot]}")
    return "\n".join([*lines, *chosen.notes, ""])


if __name__ == "__main__":
    sys.exit(main())
