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
    """Facts of a file that passed the guard."""

    kind: MediaKind
    container: str
    codec: str
    width: int
    height: int
    duration: float
    fps: float
    has_sound: bool


class MediaTools(Protocol):
    """Guarded probing and rendering of one local file. All raise UnsafeFile with a plain sentence."""

    def probe(self, path: Path) -> Probe:
        """Look into the file without decoding all of it."""

    def render(self, path: Path, probe: Probe, into: Path, progress: Progress) -> Media:
        """Write poster, candidates, preview, clip and HLS into the folder `into`; returns names relative to it (prefix "")."""

    def poster_at(self, path: Path, second: float, into: Path) -> None:
        """Write one frame as JPEG."""
