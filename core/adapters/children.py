"""Programs that end with the process that started them, even if that one is killed with no chance to clean up."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

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
