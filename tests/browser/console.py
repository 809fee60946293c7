"""The real console and worker as processes on a data folder of their own, which tests may kill and start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from core.bootstrap import Services, clock, open_services
from core.domain.account import PUBLISHING_ROLES, Account, Role
from core.domain.publisher import Publisher, PublisherKind
from core.settings import Settings
from tests.pages.world import fill_shop

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "control room 42"
START_SECONDS = 60.0


class Program:
    """One process in a group of its own, with its log."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self.log = command, environment, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises AssertionError if it was never started."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Run it (again)."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the whole group and wait until it is gone."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=15)

    def kill(self) -> None:
        """End it as `kill -9` does, with no chance to clean up."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self.end(signal.SIGTERM)


class Console:
    """A running console. `services` are this process's own, over the same stores; `data` is the data folder."""

    def __init__(self, data: Path) -> None:
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        self.data = data
        given = {name: value for name, value in os.environ.items() if not name.startswith(("FEEDROOM_", "STREAMLIT_"))}
        environment = given | {"FEEDROOM_DATA": str(data), "FEEDROOM_PORT": str(self.port), "FEEDROOM_DEMO": "0"}
        feedroom = {name: value for name, value in environment.items() if name.startswith("FEEDROOM_")}
        self.services: Services = open_services(Settings.from_environment(feedroom))
        _seed(self.services)
        command = [
            sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(self.port),
        ]  # fmt: skip
        self.server = Program(command, environment, data / "console.log")
        self.worker = Program(
            [sys.executable, "-m", "core.streaming.worker"],
            environment | {"PYTHONPATH": str(ROOT)},
            data / "worker.log",
        )

    def start(self) -> None:
        """Start the console; returns when it answers. Raises AssertionError with the end of its log if it does not."""
        self.server.start()
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.server.is_running() or time.monotonic() > deadline:
                raise AssertionError(
                    "the console does not answer: " + self.server.log.read_text(errors="replace")[-3_000:]
                )
            time.sleep(0.05)

    def restart_after_kill(self) -> None:
        """Kill the console as `kill -9` does and start it again."""
        self.server.kill()
        self.start()

    def answers(self) -> bool:
        """Whether the console is up."""
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def account(self, role: Role) -> Account:
        """The account of a role; its password is PASSWORD."""
        return self.services.stores.accounts.get(f"account-{role.value}")

    def close(self) -> None:
        """Stop everything that was started here."""
        self.worker.stop()
        self.server.stop()
        self.services.stores.live.close()


def _seed(services: Services) -> None:
    stores, now = services.stores, clock()
    for id, name, kind in (("kesari", "Kesari Looms", "brand"), ("riya", "Riya cooks", "creator")):
        stores.publishers.insert(Publisher(id=id, name=name, kind=PublisherKind(kind), created_at=now, updated_at=now))
    publishers = {Role.BRAND: "kesari", Role.CREATOR: "riya"}
    password = services.accounts.hash_password(PASSWORD)
    for role in Role:
        stores.accounts.insert(
            Account(
                id=f"account-{role.value}",
                email=f"{role.value}@example.in",
                name=f"{role.label.capitalize()} Rao",
                role=role,
                publisher=publishers[role] if role in PUBLISHING_ROLES else None,
                password_hash=password,
                created_at=now,
                updated_at=now,
            )
        )
    fill_shop(services)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
