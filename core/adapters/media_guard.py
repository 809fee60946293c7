"""The guard: decides from a file's content, never from its name, whether it may be processed, and says why not.

First bytes → family and demuxer → a look in a limited process of its own → limits. See the list of tried attacks in
tests/adapters/test_media_guard.py: text playlists never reach a demuxer, because the demuxer is chosen here and forced.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from core.domain.errors import Unavailable, UnsafeFile
from core.domain.ports.media import Probe
from core.domain.post import MediaKind

MAX_SECONDS: Final = 180.0
MIN_SECONDS: Final = 0.5
MAX_VIDEO_PIXELS: Final = 4096 * 2304
MAX_PICTURE_PIXELS: Final = 50_000_000
MAX_PICTURE_BYTES: Final = 50 * 1024 * 1024
MIN_SIDE: Final = 64
MAX_ASPECT: Final = 4.0
MAX_FPS: Final = 120.0

VIDEO_CODECS: Final = ("h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "prores", "mjpeg")
SOUND_CODECS: Final = (
    "aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "ac3", "eac3", "flac", "alac",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le",
)  # fmt: skip
CODEC_WHITELIST: Final = ",".join((*VIDEO_CODECS, *SOUND_CODECS))

ACCEPTED: Final = "Upload an MP4, MOV, WebM or MKV clip, or a JPEG, PNG or WebP picture."
LAUNCHER: Final = str(Path(__file__).with_name("limited.py"))
_SCRIPT: Final = str(Path(__file__).with_name("media_probe.py"))
_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_STRANGERS: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"GIF8", "a GIF"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"#EXTM3U", "a playlist"),
    (b"ffconcat", "a list of other files"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML or SVG document"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
)


def limited(command: list[str], *, cpu: int, memory: int, file_size: int, niceness: int = 5) -> list[str]:
    """The command line that runs `command` under limits; memory and file size in bytes."""
    numbers = [str(number) for number in (cpu, memory, file_size, niceness)]
    return [sys.executable, "-I", "-S", LAUNCHER, *numbers, *command]


def demuxer_of(path: Path) -> str | None:
    """`mov` or `matroska` for a video, None for a picture, from the first bytes. Raises UnsafeFile for anything else."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise UnsafeFile(f"The file is empty. Export it again. {ACCEPTED}")
    if head[4:8] in _BOXES:
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, what in _STRANGERS:
        if head.startswith(mark) or text.startswith(mark.lower()):
            raise UnsafeFile(f"This is {what}, not a clip or a picture. {ACCEPTED}")
    raise UnsafeFile(f"This is not a clip or a picture that Feedroom can read. {ACCEPTED}")


def probe_video(path: Path, demuxer: str) -> Probe:
    """Facts of a video within the limits. Raises UnsafeFile, Unavailable."""
    seen = _look(["video", str(path), demuxer, CODEC_WHITELIST])
    _refuse_video(seen)
    width, height = seen["width"], seen["height"]
    width = max(2, round(width * seen["pixel_aspect"]))
    if seen["rotation"] % 180 == 90:
        width, height = height, width
    _refuse_shape(width, height)
    codec = "av1" if seen["codec"] == "libdav1d" else seen["codec"]
    return Probe(
        kind=MediaKind.VIDEO,
        container=demuxer,
        codec=codec,
        width=width,
        height=height,
        duration=round(seen["duration"], 3),
        fps=round(seen["fps"], 3),
        has_sound=bool(seen["sound"]) and seen["sound"] in SOUND_CODECS,
        hdr=seen["hdr"],
    )


def clean_picture(path: Path, into: Path) -> Probe:
    """Write a picture within the limits as a clean, upright JPEG, and say what it was. Raises UnsafeFile, Unavailable."""
    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise UnsafeFile(f"The picture is larger than {MAX_PICTURE_BYTES // 1024**2} MB. Save it smaller.")
    seen = _look(["picture", str(path), str(into), str(MAX_PICTURE_PIXELS)])
    match seen.get("error"):
        case None:
            _refuse_shape(seen["width"], seen["height"])
        case "pixels" | "memory":
            raise UnsafeFile(
                f"The picture has more than {MAX_PICTURE_PIXELS // 1_000_000} million pixels. Save it smaller."
            )
        case _:
            raise UnsafeFile("The picture is damaged or incomplete. Export it again as JPEG, PNG or WebP.")
    return Probe(
        kind=MediaKind.PICTURE, container=seen["container"], codec=seen["container"], width=seen["width"],
        height=seen["height"], duration=0.0, fps=0.0, has_sound=False,
    )  # fmt: skip


def _look(arguments: list[str]) -> dict[str, Any]:
    command = limited(
        [sys.executable, "-I", _SCRIPT, *arguments], cpu=20, memory=3 * 1024**3, file_size=64 * 1024**2, niceness=2
    )
    try:
        done = subprocess.run(command, capture_output=True, timeout=40, check=False, env={"LC_ALL": "C.UTF-8"})
    except subprocess.TimeoutExpired:
        raise UnsafeFile(f"The file takes too long to read; it may be damaged. {ACCEPTED}") from None
    if done.returncode == 0 and done.stdout.startswith(b"{"):
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
    if b"ModuleNotFoundError" in done.stderr or b"No such file" in done.stderr:
        raise Unavailable(f"the media probe does not start: {done.stderr[-300:].decode(errors='replace')}")
    # Killed by a limit or crashed: the file did that, and nothing else was in that process.
    raise UnsafeFile(f"The file cannot be read safely. Export it again. {ACCEPTED}")


def _refuse_video(seen: dict[str, Any]) -> None:
    """Raise UnsafeFile with the first sentence that applies."""
    match seen.get("error"):
        case "no video":
            raise UnsafeFile(f"There is no video in this file. {ACCEPTED}")
        case "codec":
            raise UnsafeFile(
                f"The video is in a format that Feedroom does not read ({seen['codec']}). Export it as H.264 in an MP4 file."
            )
        case "no frame" | "unreadable" | "memory":
            raise UnsafeFile("The clip is damaged or incomplete. Export it again, or upload the original file.")
    if seen["width"] * seen["height"] > MAX_VIDEO_PIXELS:
        raise UnsafeFile(f"The clip is {seen['width']} × {seen['height']}; at most 4K is accepted. Export it smaller.")
    if seen["duration"] > MAX_SECONDS:
        raise UnsafeFile(
            f"The clip is {_length(seen['duration'])} long; at most {_length(MAX_SECONDS)} are accepted. Trim it."
        )
    if seen["duration"] < MIN_SECONDS:
        raise UnsafeFile("The clip is shorter than half a second. Upload a longer one, or a picture.")
    if 0 < seen["fps"] < 1:
        raise UnsafeFile("The clip shows less than one frame a second. Export it again at 25, 30 or 60.")
    if seen["fps"] > MAX_FPS:
        raise UnsafeFile(
            f"The clip has {seen['fps']:.0f} frames a second; at most {MAX_FPS:.0f} are accepted. Export it at 30 or 60."
        )


def _refuse_shape(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise UnsafeFile(f"It is only {width} × {height} pixels; at least {MIN_SIDE} on each side are needed.")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise UnsafeFile(
            f"It is {width} × {height} pixels, too narrow for a feed; one side may be at most 4 times the other."
        )


def _length(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} hours"
    return f"{seconds / 60:.2g} minutes"
