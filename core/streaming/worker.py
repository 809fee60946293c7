"""The worker process: `python -m core.streaming.worker`. Jobs in lanes, events, sweeps; any number may run side by side.

SIGTERM and Ctrl-C stop it gracefully: jobs that are being done go back to the queue. After `kill -9` the next worker takes
its jobs up when their leases end, within 20 seconds.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from typing import Final

import structlog

from core.bootstrap import Services, clock, open_services
from core.domain.errors import FeedroomError
from core.domain.ids import SECOND
from core.settings import SettingsError
from core.streaming.handlers import Consume, Sweep, consumers, lanes, sweeps
from core.streaming.lanes import Lane

IDLE_EVENTS: Final = 0.2
NICE: Final = {"background": 10, "models": 10}
"""Lanes that stand back when the machine is busy (on Linux, where a thread can)."""

log = structlog.get_logger(__name__)


class Worker:
    """All threads of one worker over one set of services."""

    def __init__(self, services: Services, name: str | None = None) -> None:
        self.name = name or f"{socket.gethostname()}-{os.getpid()}"
        self._services = services
        self._stopping = threading.Event()
        self._lanes = [
            Lane(lane, handlers, jobs=services.jobs, worker=self.name, clock=clock, niceness=NICE.get(lane, 0))
            for lane, handlers in lanes(services).items()
        ]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work; returns at once."""
        for lane in self._lanes:
            self._threads += lane.start(self._services.stores)
        for group, consume in consumers(self._services).items():
            self._thread(f"events-{group}", self._consume, group, consume)
        self._thread("sweeps", self._sweep, sweeps(self._services))
        log.info("worker ready", worker=self.name, lanes=[lane.name for lane in self._lanes])

    def stop(self) -> None:
        """Ask all threads to end."""
        self._stopping.set()
        for lane in self._lanes:
            lane.stop()

    def join(self, timeout: float = 30) -> bool:
        """Wait for them; False if one is still busy."""
        for thread in self._threads:
            thread.join(timeout)
        return not any(thread.is_alive() for thread in self._threads)

    def _thread(self, name: str, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name=name)  # type: ignore[arg-type]  # a loop of ours, whatever its arguments
        self._threads.append(thread)
        thread.start()

    def _consume(self, group: str, consume: Consume) -> None:
        while not self._stopping.is_set():
            try:
                handled = consume(self.name, clock())
            except Exception as error:  # whatever a record or a store does, the reader goes on and tries again
                log.exception("events stumbled", group=group, error=repr(error))
                self._stopping.wait(2)
                continue
            if handled == 0:
                self._stopping.wait(IDLE_EVENTS)

    def _sweep(self, chores: Sequence[Sweep]) -> None:
        due = dict.fromkeys((chore.name for chore in chores), 0)
        while not self._stopping.is_set():
            for chore in chores:
                if (now := clock()) < due[chore.name]:
                    continue
                due[chore.name] = now + chore.every
                try:
                    chore.run(now)
                except Exception as error:  # one sweep that fails must not stop the others; it is due again later
                    log.exception("sweep stumbled", sweep=chore.name, error=repr(error))
            self._stopping.wait(5 * SECOND / 1_000)


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        services = open_services()
    except (SettingsError, FeedroomError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    worker = Worker(services)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    worker.start()
    told.wait()
    log.info("worker stopping", worker=worker.name)
    worker.stop()
    done = worker.join()
    services.stores.live.close()
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
