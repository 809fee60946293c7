"""Sizes and encoder settings of what the player gets: one clip, and the rungs of the adaptive stream.

A rung is named by its short side, as 1080×1920 and 1920×1080 are both "1080". Nothing is ever scaled up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.domain.ports.media import Probe

RUNGS: Final = (1080, 720, 480)
CLIP: Final = 720
PREVIEW: Final = 360
PREVIEW_SECONDS: Final = 3.0
SEGMENT_SECONDS: Final = 2
MAX_FPS: Final = 60
PEAK_KBITS: Final = {1080: 5_000, 720: 2_800, 480: 1_200}
SOUND: Final = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
CLEAN: Final = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn")
"""Leave places, devices and names behind: a clip's metadata is nobody's business."""
_TO_SDR: Final = "zscale=t=linear:npl=203,tonemap=hable:desat=0,zscale=p=bt709:t=bt709:m=bt709:r=tv,"


def size(probe: Probe, short_side: int) -> tuple[int, int]:
    """Even width and height with that short side, or of the source if that is smaller.

    >>> from core.domain.post import MediaKind
    >>> size(Probe(MediaKind.VIDEO, "mov", "h264", 1080, 1920, 9.0, 30.0, True), 480)
    (480, 854)
    """
    scale = min(1.0, short_side / min(probe.width, probe.height))
    return _even(probe.width * scale), _even(probe.height * scale)


def clip_side(probe: Probe) -> int:
    """The short side of the clip: 720, or less for a smaller source."""
    return min(CLIP, _even(min(probe.width, probe.height)))


def rungs(probe: Probe) -> tuple[int, ...]:
    """The rungs that a source is large enough for, highest first; at least that of its clip.

    >>> from core.domain.post import MediaKind
    >>> [rungs(Probe(MediaKind.VIDEO, "mov", "h264", w, h, 9.0, 30.0, True)) for w, h in ((1080, 1920), (640, 360))]
    [(1080, 720, 480), (360,)]
    """
    fitting = {rung for rung in RUNGS if rung <= min(probe.width, probe.height)}
    return tuple(sorted(fitting | {clip_side(probe)}, reverse=True))


def filters(probe: Probe, short_side: int) -> str:
    """The filter chain that brings decoded frames to that size, square pixels, at most 60 a second, 8-bit SDR."""
    width, height = size(probe, short_side)
    slower = f"fps={MAX_FPS}," if not 0 < probe.fps <= MAX_FPS else ""
    return f"{slower}scale={width}:{height}:flags=bicubic,{_TO_SDR if probe.hdr else ''}setsar=1,format=yuv420p"


def encoder(short_side: int, stream: str = "") -> list[str]:
    """x264 for one rung; `stream` is a specifier such as `:0`. Keyframes lie at every 2 s in all rungs, so players can switch.

    Veryfast at CRF 23: superfast saved a sixth of the time on four test clips and needed 40 to 60 % more bytes for the same
    structural similarity. A clip is made once and played often.
    """
    nearest = min(PEAK_KBITS, key=lambda rung: abs(rung - short_side))
    peak = round(PEAK_KBITS[nearest] * (short_side / nearest) ** 1.5)
    video = f":v{stream}"
    return [
        f"-c{video}", "libx264", f"-preset{video}", "veryfast", f"-crf{video}", "23", f"-profile{video}", "high",
        f"-maxrate{video}", f"{peak}k", f"-bufsize{video}", f"{2 * peak}k",
        f"-force_key_frames{video}", f"expr:gte(t,n_forced*{SEGMENT_SECONDS})", f"-sc_threshold{video}", "0",
    ]  # fmt: skip


def split(probe: Probe, sides: Sequence[int]) -> str:
    """A filter graph that decodes input 0 once and scales it to each side, as [v0], [v1] …"""
    outlets = "".join(f"[s{number}]" for number in range(len(sides)))
    chains = [f"[s{number}]{filters(probe, side)}[v{number}]" for number, side in enumerate(sides)]
    return ";".join([f"[0:V:0]split={len(sides)}{outlets}", *chains])


def budget(probe: Probe, outputs: int) -> float:
    """Seconds that converting may take: generous, so that only a file made to waste time runs into it."""
    megapixels = probe.width * probe.height / 1_000_000
    return 60 + probe.duration * (4 + 2 * outputs) * max(1.0, megapixels / 2) * max(1.0, probe.fps / 30)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
