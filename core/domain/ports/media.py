"""Media: looking into uploaded files and making what the player needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.domain.post import Media, MediaKind

Progress = Callable[[float, str], None]
"""Called with 0..1 and a phrase; may raise to stop the work."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Facts of a file that passed the guard; width and height are as shown, after rotation."""

    kind: MediaKind
    container: str
    codec: str
    width: int
    height: int
    duration: float
    fps: float
    has_sound: bool
    hdr: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """An adaptive stream: its master playlist, relative to the folder it was written into, and its rungs, highest first."""

    playlist: str
    rungs: tuple[int, ...]


class MediaTools(Protocol):
    """Guarded probing and rendering of one local file. All raise UnsafeFile with a plain sentence."""

    def probe(self, path: Path) -> Probe:
        """Look into the file without decoding all of it. Raises Unavailable if the tool itself fails."""

    def render(self, path: Path, probe: Probe, into: Path, progress: Progress) -> Media:
        """Decode all of the file and write what makes it playable into the empty folder `into`: poster, candidates, and for a
        video clip and preview. Names in the answer are relative to `into` (prefix "", no hls)."""

    def stream(self, path: Path, clip: Path, probe: Probe, into: Path, progress: Progress) -> Stream:
        """Write the adaptive stream of a video into the empty folder `into`. `clip` is what `render` made of the same file;
        it becomes a rung as it is."""

    def poster_at(self, path: Path, second: float, into: Path) -> None:
        """Write one frame of a file that `render` made, as JPEG."""
