"""Starting the programs that a benchmark measures, and stopping exactly those again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], *, environment: Mapping[str, str], ready: str, timeout: float = 120
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` from the project's root until the block ends; enters when a GET of `ready` answers 200.

    Raises RuntimeError with the end of its output if it stops or does not answer within `timeout` seconds. The whole
    process group is interrupted at the end, as Ctrl-C does, and killed if it has not gone after 10 s.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + timeout
        try:
            while not answers(ready):
                if process.poll() is not None or time.monotonic() > deadline:
                    what = f"ended with {process.returncode}" if process.poll() is not None else "did not get ready"
                    output.seek(max(0, output.tell() - 2_000))
                    raise RuntimeError(f"{' '.join(command)} {what}:\n{output.read().decode(errors='replace')}")
                time.sleep(0.02)
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the group of a process made by `running`; kill what is left after 10 s."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            return


def answers(url: str) -> bool:
    """Whether a GET of `url` answers 200 within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 (only http addresses of this machine)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def memory_mb(pid: int, *, family: bool = False) -> float:
    """Resident memory of a process, with that of its descendants if `family`, in MB (1024²)."""
    process = psutil.Process(pid)
    everyone = [process, *(process.children(recursive=True) if family else ())]
    total = 0
    for one in everyone:
        with suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total / 1024**2


def processor_seconds(pid: int) -> float:
    """Processor time that a process and its living descendants have taken so far."""
    process = psutil.Process(pid)
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            taken = one.cpu_times()
            total += taken.user + taken.system
    return total
