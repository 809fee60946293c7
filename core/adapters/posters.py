"""Poster candidates of a clip, the best of them, and its fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from core.adapters import ffmpeg_run

CANDIDATES: Final = (0.08, 0.28, 0.48, 0.68, 0.88)
"""Where candidates are taken, as shares of the length: past a fade-in, before a closing card."""


def candidates(clip: Path, duration: float, into: Path) -> tuple[str, ...]:
    """Write `poster1.jpg` … from a clip that Feedroom made, and return their names."""
    arguments: list[str] = []
    for share in CANDIDATES:
        arguments += ffmpeg_run.trusted(clip, "-ss", f"{share * duration:.3f}")
    names = tuple(f"poster{number}.jpg" for number in range(1, len(CANDIDATES) + 1))
    for number, name in enumerate(names):
        arguments += ["-map", f"{number}:v:0", "-frames:v", "1", "-q:v", "3", "-f", "image2", "-update", "1", name]
    ffmpeg_run.run(arguments, folder=into, seconds=1, budget=60, report=lambda _: None, from_outside=False)
    return tuple(name for name in names if (into / name).exists())


def one(clip: Path, second: float, into: Path) -> None:
    """Write the frame at `second` as the JPEG file `into`."""
    arguments = [
        *ffmpeg_run.trusted(clip, "-ss", f"{max(0.0, second):.3f}"),
        "-frames:v", "1", "-q:v", "3", "-f", "image2", "-update", "1", str(into),
    ]  # fmt: skip
    ffmpeg_run.run(arguments, folder=into.parent, seconds=1, budget=30, report=lambda _: None, from_outside=False)


def best(folder: Path, names: tuple[str, ...]) -> str:
    """The candidate with the most detail that is neither dark nor burnt out; the first of equals."""
    return max(names, key=lambda name: appeal(folder / name))


def appeal(path: Path) -> float:
    """Sharpness × exposure × contrast of a picture, 0 for a flat one.

    Sharpness is the logarithm of the Laplacian's variance, so that a noisy frame does not win by its noise alone; exposure
    falls from 1 in the middle of the range to 0 at black and white.
    """
    with Image.open(path, formats=("JPEG",)) as picture:
        picture.draft("L", (320, 320))
        grey = np.asarray(picture.convert("L").resize((180, 320)), dtype=np.float64) / 255
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    sharpness = np.log1p(1_000 * edges.var())
    exposure = 1 - (2 * grey.mean() - 1) ** 2
    return float(sharpness * exposure * min(1.0, grey.std() / 0.15))


def dhash(path: Path) -> str:
    """The 64-bit difference hash of a picture as 16 hex digits: close pictures differ in few bits."""
    import imagehash

    with Image.open(path, formats=("JPEG",)) as picture:
        return str(imagehash.dhash(picture))
