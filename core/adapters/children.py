"""Programs that end with the process that started them, even if that one is killed with no chance to clean up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LARGEST_LOG = 10 * 1024 * 1024

# Linux alone can ask the kernel for a signal at the parent's death. A tiny interpreter asks and becomes the program, because
# a preexec_fn may deadlock in a process with threads. The kernel watches the *thread* that forks, so fork from a lasting one.
_BOUND = (
    "import ctypes,os,sys;"
    "ctypes.CDLL(None).prctl(1,15);"
    "os.getppid()==int(sys.argv[1]) or sys.exit(0);"
    "os.execv(sys.argv[2],sys.argv[2:])"
)


def bound_to_parent(program: Sequence[str]) -> list[str]:
    """The command that runs `program` (its first item an absolute path) and sends it SIGTERM when this process dies.

    The caller's thread must live as long as the program should. Where the kernel cannot do it, the command is unchanged.
    """
    if sys.platform != "linux":
        return list(program)
    return [sys.executable, "-I", "-S", "-c", _BOUND, str(os.getpid()), *program]


class Child:
    """A program in a process group of its own, so that Ctrl-C in the terminal reaches only us; it writes to a log file."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name, self.log = name, log
        self._command, self._environment, self._folder = tuple(command), dict(environment), folder
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """Its process id, None before the first start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Run it (again). Call from a thread that lasts."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                bound_to_parent(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                process_group=0,
            )

    def ended(self) -> str | None:
        """How it ended ("with status 1", "by SIGKILL"), None while it runs."""
        status = self._process.poll() if self._process else None
        if status is None:
            return None
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"

    def last_lines(self, count: int = 15) -> str:
        """The end of what it wrote since it was last started."""
        with self.log.open("rb") as log:
            log.seek(max(self._log_start, self.log.stat().st_size - 32_768))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])


def stop_all(children: Sequence[Child], patience: float = 5.0) -> None:
    """SIGTERM to all groups at once, SIGKILL to what is left of them after `patience` seconds."""
    running = [child._process for child in children if child._process is not None]
    for process in running:
        if process.poll() is None:
            _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + patience
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(deadline - time.monotonic(), 0))
    for process in running:
        _signal(process, signal.SIGKILL)  # also helpers that outlived their leader
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
