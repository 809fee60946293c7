"""Media tools on ffmpeg, PyAV and Pillow: see media_guard for what is let in, ladder for what comes out."""

from __future__ import annotations

import hashlib
from pathlib import Path

from core.adapters import ffmpeg_run, ladder, posters
from core.adapters.media_guard import MAX_SECONDS, clean_picture, demuxer_of, probe_video
from core.domain.errors import UnsafeFile
from core.domain.ports.media import Probe, Progress, Stream
from core.domain.post import Media, MediaKind

_CLIP = "clip.mp4"
_PREVIEW = "preview.mp4"
_PICTURE = "poster.jpg"
_MASTER = "master.m3u8"


class FfmpegTools:
    """Implements `core.domain.ports.media.MediaTools`. Holds nothing; every call works on the folder it is given."""

    def probe(self, path: Path) -> Probe:
        """Facts of a clip or picture that passes the guard. A picture is decoded whole, next to the file, and removed again."""
        demuxer = demuxer_of(path)
        if demuxer is not None:
            return probe_video(path, demuxer)
        trial = path.with_name(f"{path.name}.trial.jpg")
        try:
            return clean_picture(path, trial)
        finally:
            trial.unlink(missing_ok=True)

    def render(self, path: Path, probe: Probe, into: Path, progress: Progress) -> Media:
        """Poster and, for a video, clip, candidates and preview. The clip's encode decodes every frame: that is the full check."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if probe.kind is MediaKind.PICTURE:
            progress(0.2, "Making the picture")
            clean_picture(path, into / _PICTURE)
            return Media(
                kind=probe.kind, prefix="", width=probe.width, height=probe.height, bytes=path.stat().st_size, sha256=sha256,
                dhash=posters.dhash(into / _PICTURE), poster=_PICTURE, posters=(_PICTURE,),
            )  # fmt: skip
        duration = self._clip(path, probe, into, lambda done: progress(0.9 * done, "Making the clip"))
        progress(0.9, "Choosing a poster")
        names = posters.candidates(into / _CLIP, duration, into)
        poster = posters.best(into, names)
        progress(0.95, "Making the preview")
        self._preview(into, duration, posters.CANDIDATES[names.index(poster)] * duration)
        return Media(
            kind=probe.kind, prefix="", width=probe.width, height=probe.height, duration=round(duration, 3),
            bytes=path.stat().st_size, sha256=sha256, dhash=posters.dhash(into / poster), poster=poster, posters=names,
            preview=_PREVIEW, clip=_CLIP,
        )  # fmt: skip

    def stream(self, path: Path, clip: Path, probe: Probe, into: Path, progress: Progress) -> Stream:
        """Fragmented-MP4 HLS in one run: the source is decoded once for the rungs that are missing, the clip is one as it is."""
        sides = ladder.rungs(probe)
        of_clip = ladder.clip_side(probe)
        made = [side for side in sides if side != of_clip]
        arguments = ffmpeg_run.trusted(clip)
        if made:
            arguments = [*ffmpeg_run.untrusted(path, probe.container), *arguments]
            arguments += ["-filter_complex", ladder.split(probe, made)]
        own = 1 if made else 0
        # The middle rung first: players start with the first one they read.
        order = sorted(sides, key=lambda side: (side != of_clip, -side))
        names = []
        for number, side in enumerate(order):
            if side == of_clip:
                arguments += ["-map", f"{own}:v:0", f"-c:v:{number}", "copy"]
            else:
                arguments += ["-map", f"[v{made.index(side)}]", *ladder.encoder(side, f":{number}")]
            sound = f",a:{number}" if probe.has_sound else ""
            if probe.has_sound:
                arguments += ["-map", f"{own}:a:0"]
            names.append(f"v:{number}{sound},name:{side}")
        arguments += [
            "-c:a", "copy", *ladder.CLEAN, "-f", "hls", "-hls_time", str(ladder.SEGMENT_SECONDS), "-hls_playlist_type", "vod",
            "-hls_segment_type", "fmp4", "-hls_flags", "independent_segments", "-hls_fmp4_init_filename", "init.mp4",
            "-hls_segment_filename", "%v/s%03d.m4s", "-master_pl_name", _MASTER, "-var_stream_map", " ".join(names),
            "%v/index.m3u8",
        ]  # fmt: skip
        ffmpeg_run.run(
            arguments, folder=into, seconds=probe.duration, budget=ladder.budget(probe, len(made)), niceness=12,
            report=lambda done: progress(done, "Making the adaptive stream"), from_outside=bool(made),
        )  # fmt: skip
        return Stream(_MASTER, sides)

    def poster_at(self, path: Path, second: float, into: Path) -> None:
        """The frame of a clip at `second`, as the JPEG file `into`."""
        posters.one(path, second, into)

    def _clip(self, path: Path, probe: Probe, into: Path, report: ffmpeg_run.Report) -> float:
        """Write the clip and return its length in seconds. Raises UnsafeFile if the file is not what its header says."""
        side = ladder.clip_side(probe)
        sound = ["-map", "0:a:0", *ladder.SOUND] if probe.has_sound else ["-an"]
        arguments = [
            *ffmpeg_run.untrusted(path, probe.container), "-map", "0:V:0", "-vf", ladder.filters(probe, side),
            *ladder.encoder(side), *sound, *ladder.CLEAN, "-movflags", "+faststart", "-f", "mp4", _CLIP,
        ]  # fmt: skip
        budget = ladder.budget(probe, 1)
        made = ffmpeg_run.run(arguments, folder=into, seconds=probe.duration, budget=budget, report=report)
        if made > MAX_SECONDS + 1:
            raise UnsafeFile(f"The clip is longer than it says, over {MAX_SECONDS / 60:.0f} minutes. Trim it.")
        if made < probe.duration - max(1.0, 0.1 * probe.duration):
            raise UnsafeFile(
                f"The clip is incomplete: {made:.0f} of {probe.duration:.0f} seconds can be played. Upload the original file."
            )
        return made

    def _preview(self, folder: Path, duration: float, around: float) -> None:
        """Three silent seconds around the poster's moment, small enough to play on hover."""
        start = max(0.0, min(around - ladder.PREVIEW_SECONDS / 2, duration - ladder.PREVIEW_SECONDS))
        arguments = [
            *ffmpeg_run.trusted(folder / _CLIP, "-ss", f"{start:.3f}", "-t", str(ladder.PREVIEW_SECONDS)), "-an",
            "-vf", f"scale='if(lt(iw,ih),min({ladder.PREVIEW},iw),-2)':'if(lt(iw,ih),-2,min({ladder.PREVIEW},ih))',fps=24",
            "-c:v", "libx264", "-preset", "superfast", "-crf", "28", "-pix_fmt", "yuv420p", *ladder.CLEAN,
            "-movflags", "+faststart", "-f", "mp4", _PREVIEW,
        ]  # fmt: skip
        ffmpeg_run.run(
            arguments,
            folder=folder,
            seconds=ladder.PREVIEW_SECONDS,
            budget=60,
            report=lambda _: None,
            from_outside=False,
        )
