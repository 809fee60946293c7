"""Small real media files, made by ffmpeg and Pillow: good ones, odd ones and hostile ones."""

from __future__ import annotations

import io
import subprocess
import zipfile
from functools import cache
from pathlib import Path

from PIL import Image

from core.adapters.ffmpeg_run import executable


def make_clip(
    path: Path,
    *,
    width: int = 270,
    height: int = 480,
    seconds: float = 2.0,
    fps: int = 30,
    sound: bool = True,
    codec: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    extra: tuple[str, ...] = ("-movflags", "+faststart"),
    pattern: str = "testsrc2",
    before: tuple[str, ...] = (),
) -> Path:
    """Write a moving test picture with a tone; the ending of `path` chooses the container."""
    made = [executable(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    made += ["-f", "lavfi", "-i", f"{pattern}{':' if '=' in pattern else '='}s={width}x{height}:r={fps}:d={seconds}"]
    if sound:
        made += ["-f", "lavfi", "-i", f"sine=f=440:d={seconds}"]
    made += [*codec, "-g", str(fps), *(("-c:a", "libopus" if path.suffix == ".webm" else "aac") if sound else ())]
    subprocess.run([*made, *extra, str(path)], check=True, capture_output=True)
    if before:
        turned = path.with_name(f"turned-{path.name}")
        copy = [
            executable(),
            "-loglevel",
            "error",
            "-nostdin",
            "-y",
            *before,
            "-i",
            str(path),
            "-c",
            "copy",
            str(turned),
        ]
        subprocess.run(copy, check=True, capture_output=True)
        turned.replace(path)
    return path


@cache
def clip_bytes(
    seconds: float = 2.0, width: int = 270, height: int = 480, fps: int = 30, extra: tuple[str, ...] = ()
) -> bytes:
    """The bytes of a good MP4 clip, made once per process."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        flags = ("-movflags", "+faststart", *extra)
        return make_clip(path, seconds=seconds, width=width, height=height, fps=fps, extra=flags).read_bytes()


def picture_bytes(kind: str = "JPEG", size: tuple[int, int] = (300, 500), **options: object) -> bytes:
    """A picture with a gradient, so that it has detail."""
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    into = io.BytesIO()
    picture.save(into, kind, **options)
    return into.getvalue()


def truncated(data: bytes, share: float = 0.6) -> bytes:
    """The first part of a file."""
    return data[: int(len(data) * share)]


def zip_named_mp4() -> bytes:
    """An archive that pretends to be a clip."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("clip.mp4", b"\0" * 4096)
    return into.getvalue()


def with_slow_frames(factor: int) -> bytes:
    """An MP4 with every frame of its first track shown `factor` times as long: a few bytes that claim hours."""
    changed = bytearray(clip_bytes(extra=("-use_editlist", "0")))
    at = changed.index(b"stts") + 8
    for entry in range(int.from_bytes(changed[at : at + 4], "big")):
        where = at + 8 + 8 * entry
        length = int.from_bytes(changed[where : where + 4], "big") * factor
        changed[where : where + 4] = min(length, 2**31 - 1).to_bytes(4, "big")
    return bytes(changed)


FFCONCAT = b"ffconcat version 1.0\nfile secret.mp4\n"
PLAYLIST_FILE = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
PLAYLIST_HTTP = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/inside.ts\n#EXT-X-ENDLIST\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
