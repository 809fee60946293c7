"""What is made of good and of odd files, looked at with other tools than those that made it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import av
import pytest
from PIL import Image

from core.adapters.ffmpeg import FfmpegTools
from core.adapters.ffmpeg_run import executable
from core.domain.ports.media import Probe, Stream
from core.domain.post import Media, MediaKind
from tests.support import clips

TOOLS = FfmpegTools()


class Stopped(Exception):
    """Raised by a progress callback that has seen enough."""


def render(path: Path, folder: Path) -> tuple[Probe, Media]:
    """Probe and render into `folder`/made."""
    probe = TOOLS.probe(path)
    (folder / "made").mkdir()
    return probe, TOOLS.render(path, probe, folder / "made", lambda done, step: None)


def stream(path: Path, probe: Probe, folder: Path) -> Stream:
    """The adaptive stream in `folder`/stream, after `render`."""
    (folder / "stream").mkdir()
    return TOOLS.stream(path, folder / "made" / "clip.mp4", probe, folder / "stream", lambda done, step: None)


def shape(path: Path) -> tuple[int, int, float, bool]:
    """Width, height, seconds and whether there is sound."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return video.width, video.height, (container.duration or 0) / 1e6, bool(container.streams.audio)


def keyframes(folder: Path, rung: int) -> list[float]:
    """Times of a rung's keyframes, read from its joined segments."""
    init = next((folder / str(rung)).glob("init*.mp4"))
    joined = folder / f"{rung}.mp4"
    joined.write_bytes(b"".join(part.read_bytes() for part in (init, *sorted((folder / str(rung)).glob("s*.m4s")))))
    with av.open(str(joined)) as container:
        packets = container.demux(container.streams.video[0])
        return [round(float(p.pts * p.time_base), 2) for p in packets if p.is_keyframe and p.pts is not None]


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Probe, Media, Stream]:
    """A clip of 1080×1920 with everything made of it."""
    folder = tmp_path_factory.mktemp("tall")
    path = clips.make_clip(folder / "tall.mp4", width=1080, height=1920, seconds=5)
    probe, media = render(path, folder)
    return folder, probe, media, stream(path, probe, folder)


def test_a_vertical_clip_becomes_a_720_clip_a_small_preview_and_five_posters(
    tall: tuple[Path, Probe, Media, Stream],
) -> None:
    folder, probe, media, _ = tall
    assert (probe.width, probe.height, probe.codec, probe.has_sound) == (1080, 1920, "h264", True)
    assert (media.kind, media.width, media.height) == (MediaKind.VIDEO, 1080, 1920)
    assert media.duration == pytest.approx(5.0, abs=0.1)
    assert shape(folder / "made" / media.clip) == (720, 1280, pytest.approx(5.0, abs=0.1), True)
    assert shape(folder / "made" / media.preview) == (360, 640, pytest.approx(3.0, abs=0.1), False)
    assert len(media.posters) == 5
    assert media.poster in media.posters
    for name in media.posters:
        assert Image.open(folder / "made" / name).size == (720, 1280)
    assert len(media.sha256) == 64
    assert len(media.dhash) == 16
    assert int(media.dhash, 16) >= 0


def test_the_clip_can_start_before_it_is_whole(tall: tuple[Path, Probe, Media, Stream]) -> None:
    folder, _, media, _ = tall
    data = (folder / "made" / media.clip).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_stream_has_three_rungs_whose_keyframes_lie_at_the_same_times(
    tall: tuple[Path, Probe, Media, Stream],
) -> None:
    folder, _, _, made = tall
    assert made.rungs == (1080, 720, 480)
    times = {rung: keyframes(folder / "stream", rung) for rung in made.rungs}
    assert times[1080] == times[720] == times[480]
    assert [round(b - a, 2) for a, b in zip(times[720], times[720][1:], strict=False)] == [2.0, 2.0]
    master = (folder / "stream" / made.playlist).read_text()
    assert [size in master for size in ("1080x1920", "720x1280", "480x854")] == [True] * 3
    assert master.count("mp4a.40.2") == 3
    assert "http" not in master
    for rung in made.rungs:
        playlist = (folder / "stream" / str(rung) / "index.m3u8").read_text()
        named = [line for line in playlist.splitlines() if line and not line.startswith("#")]
        assert all((folder / "stream" / str(rung) / name).exists() for name in named)
        assert playlist.rstrip().endswith("#EXT-X-ENDLIST")


def test_a_player_reads_the_whole_stream(tall: tuple[Path, Probe, Media, Stream]) -> None:
    folder, _, _, made = tall
    master = folder / "stream" / made.playlist
    command = [executable(), "-hide_banner", "-loglevel", "error", "-xerror", "-i", str(master), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_small_wide_clip_without_sound_is_not_scaled_up(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "small.mp4", width=426, height=240, seconds=1.5, sound=False)
    probe, media = render(path, tmp_path)
    assert shape(tmp_path / "made" / media.clip)[:2] == (426, 240)
    made = stream(path, probe, tmp_path)
    assert made.rungs == (240,)
    assert "mp4a" not in (tmp_path / "stream" / made.playlist).read_text()


def test_a_clip_filmed_sideways_is_shown_upright(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "turned.mp4", width=480, height=270, before=("-display_rotation", "90"))
    probe, media = render(path, tmp_path)
    assert (probe.width, probe.height) == (270, 480)
    assert shape(tmp_path / "made" / media.clip)[:2] == (270, 480)


def test_a_webm_of_vp9_and_opus_becomes_mp4(tmp_path: Path) -> None:
    codec = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    path = clips.make_clip(tmp_path / "clip.webm", codec=codec, extra=(), seconds=1.5)
    probe, media = render(path, tmp_path)
    assert (probe.container, probe.codec) == ("matroska", "vp9")
    assert shape(tmp_path / "made" / media.clip)[3] is True


def test_a_recording_whose_header_tells_no_length_is_measured(tmp_path: Path) -> None:
    codec = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    path = clips.make_clip(tmp_path / "live.webm", codec=codec, extra=("-live", "1"), seconds=1.5)
    assert TOOLS.probe(path).duration == pytest.approx(1.5, abs=0.1)


def test_more_than_sixty_frames_a_second_become_sixty(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "fast.mp4", fps=120, seconds=1, sound=False)
    _, media = render(path, tmp_path)
    with av.open(str(tmp_path / "made" / media.clip)) as container:
        assert float(container.streams.video[0].average_rate or 0) == pytest.approx(60, abs=1)


def test_where_and_with_what_it_was_filmed_is_left_behind(tmp_path: Path) -> None:
    extra = (
        "-movflags",
        "+faststart+use_metadata_tags",
        "-metadata",
        "location=+12.9716+077.5946/",
        "-metadata",
        "title=secret",
    )
    path = clips.make_clip(tmp_path / "tagged.mp4", extra=extra)
    assert b"077.5946" in path.read_bytes()
    _, media = render(path, tmp_path)
    made = (tmp_path / "made" / media.clip).read_bytes()
    assert b"077.5946" not in made
    assert b"secret" not in made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_becomes_a_clean_jpeg(kind: str, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(clips.picture_bytes(kind, (600, 900)))
    probe, media = render(tmp_path / "picture", tmp_path)
    assert (probe.kind, media.clip, media.posters) == (MediaKind.PICTURE, "", ("poster.jpg",))
    with Image.open(tmp_path / "made" / "poster.jpg") as made:
        assert (made.format, made.size) == ("JPEG", (600, 900))


def test_a_picture_loses_its_metadata_and_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    (tmp_path / "picture").write_bytes(clips.picture_bytes("JPEG", (600, 400), exif=exif))
    probe, _ = render(tmp_path / "picture", tmp_path)
    assert (probe.width, probe.height) == (400, 600)
    with Image.open(tmp_path / "made" / "poster.jpg") as made:
        assert made.size == (400, 600)
        assert not made.getexif()
    assert b"taken at home" not in (tmp_path / "made" / "poster.jpg").read_bytes()


def test_a_see_through_picture_lies_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (200, 200), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    render(tmp_path / "clear.png", tmp_path)
    with Image.open(tmp_path / "made" / "poster.jpg") as made:
        assert made.getpixel((100, 100)) == (255, 255, 255)


def test_the_same_picture_in_another_size_has_a_close_hash(tmp_path: Path) -> None:
    hashes = []
    for name, size in (("a", (600, 900)), ("b", (300, 450))):
        (folder := tmp_path / name).mkdir()
        (folder / "picture").write_bytes(clips.picture_bytes("JPEG", size))
        hashes.append(int(render(folder / "picture", folder)[1].dhash, 16))
    assert (hashes[0] ^ hashes[1]).bit_count() <= 4


def test_progress_grows_and_may_stop_the_work(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "long.mp4", width=540, height=960, seconds=20, sound=False)
    seen: list[float] = []

    def watch(done: float, step: str) -> None:
        seen.append(done)
        if len(seen) == 2:
            raise Stopped

    (tmp_path / "made").mkdir()
    with pytest.raises(Stopped):
        TOOLS.render(path, TOOLS.probe(path), tmp_path / "made", watch)
    assert seen == sorted(seen)


def test_a_dark_first_frame_is_not_the_poster(tmp_path: Path) -> None:
    black = clips.make_clip(tmp_path / "black.mp4", pattern="color=c=black", seconds=1, sound=False)
    bright = clips.make_clip(tmp_path / "bright.mp4", seconds=4, sound=False)
    (tmp_path / "list.txt").write_text(f"file '{black}'\nfile '{bright}'\n")
    whole = tmp_path / "whole.mp4"
    join = [
        executable(),
        "-loglevel",
        "error",
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        str(tmp_path / "list.txt"),
        "-c",
        "copy",
    ]
    subprocess.run([*join, str(whole)], check=True, capture_output=True)
    _, media = render(whole, tmp_path)
    assert media.poster != media.posters[0]


def test_one_frame_of_a_clip_can_be_taken(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "clip.mp4")
    TOOLS.poster_at(path, 1.0, tmp_path / "frame.jpg")
    assert Image.open(tmp_path / "frame.jpg").size == (270, 480)


def test_a_program_with_limits_cannot_write_more_than_it_may(tmp_path: Path) -> None:
    import sys

    from core.adapters.media_guard import limited

    script = f"open({str(tmp_path / 'much')!r}, 'wb').write(bytes(10_000_000))"
    command = limited([sys.executable, "-c", script], cpu=10, memory=1024**3, file_size=1_000_000)
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode != 0
    assert (tmp_path / "much").stat().st_size <= 1_000_000


def test_the_probe_answers_with_json_even_when_it_breaks(tmp_path: Path) -> None:
    from core.adapters import media_probe

    script = Path(media_probe.__file__)
    done = subprocess.run(
        ["python", "-I", str(script), "video", str(tmp_path / "none"), "mov", "h264"], capture_output=True, check=False
    )
    assert json.loads(done.stdout)["error"] == "unreadable"


def test_a_clip_recorded_in_hdr_is_brought_to_the_colours_of_every_screen(tmp_path: Path) -> None:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")
    hlg = ("-vf", "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc")
    probe, media = render(clips.make_clip(tmp_path / "hdr.mp4", codec=codec, extra=hlg, seconds=1), tmp_path)
    assert probe.hdr
    with av.open(str(tmp_path / "made" / media.clip)) as container:
        video = container.streams.video[0].codec_context
        assert (video.pix_fmt, int(video.color_trc)) == ("yuv420p", 1)


def test_timecodes_and_cover_pictures_beside_the_clip_do_no_harm(tmp_path: Path) -> None:
    plain = clips.make_clip(tmp_path / "plain.mov", seconds=1.5, extra=("-timecode", "01:00:00:00"))
    Image.new("RGB", (80, 80), "red").save(tmp_path / "cover.jpg")
    with_cover = tmp_path / "cover.mp4"
    join = [
        executable(),
        "-loglevel",
        "error",
        "-i",
        str(tmp_path / "cover.jpg"),
        "-i",
        str(plain),
        "-map",
        "0",
        "-map",
        "1:v",
    ]
    join += ["-map", "1:a", "-c", "copy", "-disposition:v:0", "attached_pic", str(with_cover)]
    subprocess.run(join, check=True, capture_output=True)
    for name, path in (("plain", plain), ("cover", with_cover)):
        (folder := tmp_path / f"of-{name}").mkdir()
        probe, media = render(path, folder)
        assert shape(folder / "made" / media.clip)[:2] == (270, 480)
        assert stream(path, probe, folder).rungs == (270,)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [(("-aspect", "9:8"), (540, 480)), (("-vf", "pad=271:481"), (272, 480))],
    ids=["pixels that are not square", "odd sides"],
)
def test_odd_shapes_become_even_and_square(tmp_path: Path, extra: tuple[str, ...], expected: tuple[int, int]) -> None:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    _, media = render(clips.make_clip(tmp_path / "odd.mp4", codec=codec, extra=extra, seconds=1), tmp_path)
    width, height, _, _ = shape(tmp_path / "made" / media.clip)
    assert (width, height) == pytest.approx(expected, abs=2)
    assert width % 2 == height % 2 == 0


def test_a_phone_that_changes_its_frame_rate_is_played_at_its_own_pace(tmp_path: Path) -> None:
    extra = ("-vf", "select='lt(t,1)+not(mod(n,3))'", "-fps_mode", "vfr")
    path = clips.make_clip(tmp_path / "varying.mp4", seconds=4, extra=extra)
    probe, media = render(path, tmp_path)
    assert shape(tmp_path / "made" / media.clip)[2] == pytest.approx(4.0, abs=0.15)
    made = stream(path, probe, tmp_path)
    assert len(keyframes(tmp_path / "stream", made.rungs[0])) == 2
