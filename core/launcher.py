"""`python -m core.launcher`: the whole of Feedroom on one machine, started and stopped together.

Checks settings and servers, starts the embedded Valkey, fills an empty store with the demo world, runs the console and the worker
as child processes, and restarts what dies. Ctrl-C or SIGTERM ends everything; if this process is killed, the children end too.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.adapters import embedded_valkey
from core.adapters.children import Child, stop_all
from core.domain.errors import FeedroomError, Unavailable
from core.settings import Settings, SettingsError

if TYPE_CHECKING:
    from core.bootstrap import Services

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
READY_SECONDS = 120.0
LONGEST_PAUSE = 30.0
CALM_SECONDS = 60.0
"""A child that lived this long is restarted without a pause."""


class CannotStart(Exception):
    """Why Feedroom does not start, in a line for the person at the terminal."""


def main() -> int:
    """Run until told to stop. 0 after Ctrl-C or SIGTERM, 1 if the console does not start, 2 if settings or servers are wrong."""
    began = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    children: list[Child] = []
    settings: Settings | None = None
    try:
        settings = Settings.from_environment()
        check_port(settings.port)
        services = start(settings, children)
        say(f"Feedroom answers at http://{HOST}:{settings.port} after {time.monotonic() - began:.1f} s.\n")
        say(welcome(services))
        services.stores.live.close()
        watch(children, settings)
    except KeyboardInterrupt:
        say("\nStopping.")
        return 0
    except CannotStart as problem:
        return complain(str(problem), 1)
    except (SettingsError, FeedroomError) as problem:
        return complain(str(problem), 2)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
        stop_all(children)
        if settings is not None:
            embedded_valkey.stop(settings.data)
    return 0


def start(settings: Settings, children: list[Child]) -> Services:
    """Start console and worker, adding each to `children`; returns when the console answers."""
    services = open_stores(settings)
    empty = services.accounts.is_empty()
    if settings.demo and empty:
        say("Filling the empty store with the demo world; its clips are drawn in the background.")
        fill(services)
    children.append(console(settings))
    children[0].start()
    if settings.demo and not empty:
        fill(services)  # next to nothing to do, and beside the console's imports
    wait_until_ready(children[0], settings.port)
    children.append(worker(settings))  # now: jobs that wait would compete with the console's start
    children[1].start()
    return services


def check_port(port: int) -> None:
    """Raise SettingsError if somebody else listens there, or if this account may not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise SettingsError(
                f"port {port} may not be used by this account; set FEEDROOM_PORT to another one"
            ) from None
        except OSError:
            raise SettingsError(
                f"port {port} is in use; stop what uses it or set FEEDROOM_PORT to another one"
            ) from None


def open_stores(settings: Settings) -> Services:
    """Services over stores that answer, migrated."""
    if settings.redis_url is None:
        embedded_valkey.ensure(settings.data)  # here, so that it outlives restarts of console and worker
    from core.bootstrap import open_services

    return open_services(settings)


def fill(services: Services) -> None:
    """Put the demo world into an empty store; in a filled one look after its tags."""
    from core.bootstrap import clock
    from core.demo import seed

    seed.ensure(services, clock())


def console(settings: Settings) -> Child:
    """The console, which also serves `/api` and `/media`."""
    command = (
        sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(settings.port),
        "--server.address", HOST, "--server.headless", "true", "--browser.gatherUsageStats", "false",
    )  # fmt: skip
    return _child("console", command, settings)


def worker(settings: Settings) -> Child:
    """The worker: media, screening, events."""
    return _child("worker", (sys.executable, "-m", "core.streaming.worker"), settings)


def wait_until_ready(child: Child, port: int) -> None:
    """Return when the console answers. Raises CannotStart with the end of its log if it dies or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while not answers(port):
        ended = child.ended()
        if ended or time.monotonic() > deadline:
            what = f"ended {ended}" if ended else f"does not answer after {READY_SECONDS:.0f} s"
            raise CannotStart(f"the {child.name} {what}; the end of {child.log}:\n{child.last_lines()}")
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether the console's health check says that it is up."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/api/v1/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(services: Services) -> str:
    """How to sign in: the demo accounts, or the way to the first administrator."""
    from core.services.setup_code import setup_code

    settings = services.settings
    lines = []
    demo = services.stores.accounts.find({"demo": True, "active": True}, limit=20).items if settings.demo else []
    if demo:
        from core.demo.seed import PASSWORD

        lines.append(f"Demo accounts, all with the password {PASSWORD}:")
        lines += [f"  {account.email:<28} {account.role.label}" for account in sorted(demo, key=lambda a: a.email)]
    elif services.accounts.is_empty():
        lines.append("There is no account yet. Open the address and make the first administrator with this setup code:")
        lines.append(f"  {setup_code(settings.data)}")
    lines.append(f"Logs are in {settings.data / 'logs'}. Ctrl-C stops everything.")
    return "\n".join(lines)


@dataclass(slots=True)
class Watched:
    """A child and when it was last started; times in seconds of a clock that only runs forward."""

    child: Child
    since: float
    pause: float = 0.0
    due: float | None = None

    def look_after(self, now: float) -> None:
        """Start the child again if it has ended: at once if it had been calm, else after a pause that doubles."""
        ended = self.child.ended()
        if ended is None:
            return
        if self.due is None:
            calm = now - self.since > CALM_SECONDS
            self.pause = 0.0 if calm else min(max(self.pause * 2, 1.0), LONGEST_PAUSE)
            self.due = now + self.pause
            say(f"The {self.child.name} ended {ended}; starting it again in {self.pause:.0f} s (see {self.child.log}).")
        if now >= self.due:
            self.child.start()
            self.since, self.due = now, None


def watch(children: list[Child], settings: Settings) -> None:
    """Restart children that die, at once at first and then ever more slowly; keep the embedded Valkey up. Never returns."""
    watched = [Watched(child, since=time.monotonic()) for child in children]
    valkey_problem = ""
    while True:
        time.sleep(0.5)
        for one in watched:
            one.look_after(time.monotonic())
        if settings.redis_url is None:
            try:
                embedded_valkey.ensure(settings.data)
                valkey_problem = ""
            except Unavailable as problem:
                if problem.detail != valkey_problem:
                    say(problem.detail)
                valkey_problem = problem.detail


def _child(name: str, command: tuple[str, ...], settings: Settings) -> Child:
    environment = {**os.environ, "FEEDROOM_DATA": str(settings.data), "PYTHONUNBUFFERED": "1"}
    return Child(name, command, log=settings.data / "logs" / f"{name}.log", environment=environment, folder=ROOT)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def say(text: str) -> None:
    """A line for the person at the terminal, at once."""
    print(text, flush=True)


def complain(text: str, status: int) -> int:
    """A line on the error stream; returns the exit status."""
    print(f"Feedroom does not start: {text}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
