"""`python -m core.streaming.train [--publish]`: train a model of taste from the event log, now and here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.bootstrap import clock, open_services
from core.domain.errors import FeedroomError
from core.settings import SettingsError

WIDTH = 30


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status: 0 done, 1 refused, 2 if a store does not answer."""
    parser = argparse.ArgumentParser(prog="python -m core.streaming.train", description=__doc__)
    parser.add_argument("--publish", action="store_true", help="put it in force when it is there, whatever it measured")
    parser.add_argument("--why", default="Trained from the command line", help="the reason that the history keeps")
    chosen = parser.parse_args(argv)
    try:
        services = open_services()
    except (SettingsError, FeedroomError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    line = Line()
    try:
        version = services.models.train(None, line.say, now=clock())
        line.end()
        sys.stdout.write(
            f"{version.id}: {version.posts:,} posts, {version.viewers:,} viewers, {version.interactions:,} interactions, "
            f"{version.method}, {version.bytes / 1024**2:.1f} MB, {version.seconds:.1f} s\n{version.quality.sentence}\n"
        )
        if chosen.publish:
            services.models.publish(None, version.id, chosen.why, now=clock())
            sys.stdout.write(f"{version.id} is in force.\n")
    except FeedroomError as error:
        line.end()
        sys.stderr.write(f"{error.detail}\n")
        return 1
    finally:
        services.stores.live.close()
    return 0


class Line:
    """One line on the terminal that says how far it is; in a file or a pipe, one line per step."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._said = ""

    def say(self, done: float, step: str) -> None:
        """Show it."""
        if self._live:
            filled = round(WIDTH * done)
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done:4.0%} {step:<45.45}")
            sys.stderr.flush()
        elif step != self._said and not step.endswith("events read"):
            sys.stderr.write(f"{done:4.0%} {step}\n")
        self._said = step

    def end(self) -> None:
        """Leave the line."""
        if self._live and self._said:
            sys.stderr.write("\n")


if __name__ == "__main__":
    raise SystemExit(main())
