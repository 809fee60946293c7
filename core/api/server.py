"""`python -m core.api.server --workers 4`: the API alone, for feed traffic, on any number of processes.

uvicorn does the work, with its supervisor: a process that dies or hangs is replaced, SIGHUP replaces them one by one. What differs
from its command line: each process listens on the port for itself, an answer is one write, and plain requests go a straight way.
"""

from __future__ import annotations

import argparse
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from core.api.straight import Straight

KEEP_ALIVE = 75
"""Seconds an idle connection is kept: longer than load balancers keep theirs, which is 60 for most."""
STUCK = 10
"""Seconds without a sign of life after which a process is replaced; compiling on the first start may keep it busy for some."""
MOST_FILES = 65_536
"""Files a process asks the system for; many systems give 1,024 to those that do not ask, and each viewer may hold a connection."""


class Shared:
    """A port on which every process that reads this listens for itself (SO_REUSEPORT).

    Processes that accept from one socket wake up for the same connection, and whoever is quickest has most of them for as long as
    they are kept. Here the kernel deals them out evenly.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def __reduce__(self) -> tuple[Any, ...]:
        return listening, self._address


def listening(host: str, port: int, *, alone: bool = False) -> socket.socket:
    """A socket bound to the address, shared with others of this kind unless `alone`. Raises OSError if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not alone:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    found.set_inheritable(True)
    return found


def files_allowed() -> int:
    """How many files and connections this process and its children may have open; as many as the system lets them from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop. 2 if the address cannot be had, 1 if a process does not start."""
    asked = _options(argv)
    files_allowed()
    config = Config(
        "core.api.app:create", factory=True, host=asked.host, port=asked.port, workers=asked.workers,
        http=Straight, timeout_keep_alive=KEEP_ALIVE, log_level=asked.log_level, access_log=asked.access_log,
        server_header=False, timeout_worker_healthcheck=STUCK,
    )  # fmt: skip
    try:
        own = listening(asked.host, asked.port, alone=True)  # before the others share it: nobody else may listen there
    except OSError as error:
        print(f"The API does not start: {asked.host}:{asked.port} cannot be had: {error.strerror}", file=sys.stderr)
        return 2
    if asked.workers == 1:
        server = Server(config)
        server.run([own])
        return 0 if server.started else 1
    if sys.platform == "linux":
        own.close()
        sockets = [cast(socket.socket, Shared(asked.host, asked.port))]
    else:
        sockets = [own]  # other kernels give all connections of a shared port to one process
    Multiprocess(config, sockets).run()
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m core.api.server", description="The API alone, for feed traffic.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_number("a port", 1, 65_535), default=8600, help="port to listen on (8600)")
    parser.add_argument("--workers", type=_number("a number of processes", 1, 256), default=1, help="processes (1)")
    parser.add_argument("--log-level", default="info", choices=["critical", "error", "warning", "info", "debug"])
    parser.add_argument("--access-log", action="store_true", help="a line for each request")
    return parser.parse_args(argv)


def _number(what: str, least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text} is not {what}; it takes one from {least} to {most}")
        return int(text)

    return read


if __name__ == "__main__":
    sys.exit(main())
