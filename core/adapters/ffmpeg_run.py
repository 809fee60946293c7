"""One run of ffmpeg: limited, watched, stopped when told to, its errors turned into a sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from core.adapters.media_guard import CODEC_WHITELIST, MAX_SECONDS, MAX_VIDEO_PIXELS, limited
from core.domain.errors import ServiceError, Unavailable, UnsafeFile

MEMORY = 4 * 1024**3
MAX_OUTPUT = 1024**3
DAMAGED = "The clip is damaged or incomplete. Export it again, or upload the original file."


Report = Callable[[float], None]
"""Called with the share that is done, 0..1; may raise to stop the run."""


class RenderFailed(ServiceError):
    """ffmpeg failed on a file that it had made itself, or for want of memory, disk or time."""


@cache
def executable() -> str:
    """The ffmpeg of the imageio-ffmpeg wheel. Raises Unavailable if it has none for this machine."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise Unavailable(f"no ffmpeg for this machine: {error}") from error


def untrusted(path: Path, demuxer: str) -> list[str]:
    """Input options for a file from outside: one demuxer, one protocol, known codecs, bounded, strict about damage."""
    return [
        "-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", CODEC_WHITELIST,
        "-max_pixels", str(MAX_VIDEO_PIXELS), "-err_detect", "explode", "-t", str(MAX_SECONDS + 2), "-f", demuxer,
        "-i", str(path),
    ]  # fmt: skip


def trusted(path: Path, *before: str) -> list[str]:
    """Input options for an MP4 file that Feedroom made itself."""
    return [*before, "-protocol_whitelist", "file", "-f", "mov", "-i", str(path)]


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    seconds: float,
    budget: float,
    report: Report,
    niceness: int = 5,
    from_outside: bool = True,
) -> float:
    """Run ffmpeg in `folder`; returns the seconds of output it made.

    `seconds` is the expected length of the output: `report` gets the share of it that is done, about twice a second, and may
    raise to stop the run. `budget` is the time it may take, in seconds of CPU per core. Raises UnsafeFile if a file
    `from_outside` could not be decoded, RenderFailed otherwise.
    """
    command = [
        executable(), "-hide_banner", "-nostdin", "-loglevel", "error", "-xerror", "-y",
        "-progress", "pipe:1", "-stats_period", "0.5", *arguments,
    ]  # fmt: skip
    cores = os.cpu_count() or 1
    process = subprocess.Popen(
        limited(command, cpu=int(budget * cores) + 5, memory=MEMORY, file_size=MAX_OUTPUT, niceness=niceness),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8"},
        text=True,
        errors="replace",
    )
    said: deque[str] = deque(maxlen=20)
    late = threading.Event()

    def stop_late() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(budget, stop_late)
    timer.daemon = True
    assert process.stdout is not None  # noqa: S101 - a pipe
    assert process.stderr is not None  # noqa: S101 - a pipe
    listener = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
    timer.start()
    listener.start()
    try:
        made = _follow(process.stdout, seconds, report)
        process.wait()
    except BaseException:
        process.kill()
        raise
    finally:
        timer.cancel()
        process.wait()
        listener.join(timeout=5)
        process.stdout.close()
        process.stderr.close()
    if process.returncode == 0 and not late.is_set():
        return made
    raise _error(process.returncode, " ".join(said), late=late.is_set(), from_outside=from_outside)


def _follow(lines: IO[str], seconds: float, report: Report) -> float:
    made = 0.0
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit():
            made = max(made, int(value) / 1_000_000)
        elif name == "progress":
            report(min(1.0, made / seconds) if seconds > 0 else 0.0)
    return made


def _error(code: int, said: str, *, late: bool, from_outside: bool) -> Exception:
    killed_by_us = late or -code == signal.SIGXCPU
    if killed_by_us and from_outside:
        return UnsafeFile("The clip takes too long to convert. Export it as H.264 in an MP4 file, at most 1080p.")
    ours = (
        -code in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT) or "No space left" in said or "Cannot allocate" in said
    )
    if ours or not from_outside:
        return RenderFailed(f"ffmpeg ended with {code}: {said[-300:]}")
    return UnsafeFile(DAMAGED)
