"""Run a program with limits that it cannot raise: `python limited.py CPU_SECONDS MEMORY FILE_SIZE NICE PROGRAM [ARGUMENT…]`.

A small script of its own rather than a `preexec_fn`, because that is not safe in a process with threads. Memory and file
size are in bytes. The program dies with the process that started it, so a killed worker leaves no transcode behind.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Set the limits and become the program."""
    cpu, memory, file_size, niceness = (int(text) for text in arguments[:4])
    for limit, value in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        # macOS refuses some of them; the timeout of the caller holds everywhere.
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    os.nice(niceness)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.execv(arguments[4], arguments[4:])  # noqa: S606 (a fixed program, no shell)


if __name__ == "__main__":
    main(sys.argv[1:])
