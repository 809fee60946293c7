"""From a brief to an MP4 file: compose, draw frame by frame, encode with the ffmpeg that comes as a package."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg

from core.demo.clips import lessons, offers, people_films, product_films, sound
from core.demo.clips.brief import Brief
from core.demo.clips.motion import FPS, HEIGHT, WIDTH, Scene
from core.domain.post import PostKind

LAYOUTS: dict[str, Callable[[Brief], Scene]] = {
    **product_films.LAYOUTS,
    **offers.LAYOUTS,
    **lessons.LAYOUTS,
    **people_films.LAYOUTS,
}


class RenderFailed(RuntimeError):
    """ffmpeg did not write the clip; the message is what it said."""


def compose(brief: Brief) -> Scene:
    """The scene of a brief."""
    return LAYOUTS[brief.layout](brief)


def write(brief: Brief, kind: PostKind, path: Path, report: Callable[[float], None]) -> None:
    """Write the clip as H.264 and AAC. `report` is told the share that is done and may raise to stop. Raises RenderFailed."""
    scene = compose(brief)
    track = path.with_suffix(".wav")
    sound.write(sound.make(kind, scene.duration, brief.rng), track)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "pipe:0",
        "-i", str(track), "-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p", "-threads", "1",
        "-c:a", "aac", "-b:a", "96k", "-shortest", "-movflags", "+faststart", str(path),
    ]  # fmt: skip
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    frames = encoder.stdin
    if frames is None:
        raise RenderFailed("ffmpeg was started without an input")
    try:
        for number in range(scene.frames):
            frames.write(scene.frame(number / FPS).tobytes())
            if number % FPS == 0:
                report(number / scene.frames)
        _, said = encoder.communicate()
    except BrokenPipeError:
        _, said = encoder.communicate()
    except BaseException:
        encoder.kill()
        encoder.wait()
        raise
    finally:
        track.unlink(missing_ok=True)
    if encoder.returncode != 0:
        raise RenderFailed(said.decode(errors="replace").strip()[-500:] or f"ffmpeg ended with {encoder.returncode}")
