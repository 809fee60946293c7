"""The hostile corpus: each file is refused with a plain sentence, and nothing is left behind."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.adapters.ffmpeg import FfmpegTools
from core.domain.errors import UnsafeFile
from core.domain.post import MediaKind
from tests.support import clips

TOOLS = FfmpegTools()

REFUSED_AT_ONCE: dict[str, tuple[Callable[[], bytes], str]] = {
    "random bytes": (lambda: random.Random(7).randbytes(200_000), "not a clip or a picture"),
    "zero bytes": (lambda: b"", "empty"),
    "zeros": (lambda: bytes(100_000), "not a clip or a picture"),
    "zip as mp4": (clips.zip_named_mp4, "ZIP archive"),
    "ffconcat as mp4": (lambda: clips.FFCONCAT, "list of other files"),
    "playlist of local files": (lambda: clips.PLAYLIST_FILE, "playlist"),
    "playlist of addresses": (lambda: clips.PLAYLIST_HTTP, "playlist"),
    "playlist after a byte order mark": (lambda: b"\xef\xbb\xbf\n" + clips.PLAYLIST_HTTP, "playlist"),
    "svg": (lambda: clips.SVG, "SVG"),
    "web page": (lambda: b"<!DOCTYPE html><script>1</script>", "web page"),
    "program": (lambda: b"\x7fELF" + bytes(1000), "program"),
    "gif": (lambda: clips.picture_bytes("GIF"), "GIF"),
    "pdf": (lambda: b"%PDF-1.7\n", "PDF"),
    "ftyp and nothing more": (lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "damaged or incomplete"),
    "mp4 header before random bytes": (
        lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + random.Random(3).randbytes(50_000),
        "damaged or incomplete",
    ),
    "mp4 without its index": (
        lambda: clips.truncated(clips.clip_bytes().replace(b"moov", b"gone", 1)),
        "damaged or incomplete",
    ),
    "playlist behind an mp4 header": (lambda: b"\0\0\0\x18ftypisom" + clips.PLAYLIST_FILE, "damaged or incomplete"),
    "matroska header before random bytes": (
        lambda: b"\x1a\x45\xdf\xa3" + random.Random(4).randbytes(9_000),
        "damaged or incomplete",
    ),
    "hours in a few bytes": (lambda: clips.with_slow_frames(20_000), "less than one frame a second"),
    "truncated jpeg": (lambda: clips.truncated(clips.picture_bytes(), 0.5), "damaged or incomplete"),
    "jpeg that is only a header": (lambda: b"\xff\xd8\xff\xe0" + bytes(400), "damaged or incomplete"),
    "tiny picture": (lambda: clips.picture_bytes("PNG", (20, 20)), "at least 64"),
    "very long picture": (lambda: clips.picture_bytes("PNG", (100, 3_000)), "too narrow"),
}


def put(folder: Path, data: bytes, name: str = "file") -> Path:
    """The file alone in a folder of its own, as processing puts it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", REFUSED_AT_ONCE)
def test_a_hostile_file_is_refused_by_the_probe_with_a_plain_sentence(name: str, tmp_path: Path) -> None:
    make, words = REFUSED_AT_ONCE[name]
    path = put(tmp_path / "source", make())
    with pytest.raises(UnsafeFile) as refused:
        TOOLS.probe(path)
    assert words in refused.value.detail
    assert refused.value.detail[0].isupper()
    assert refused.value.detail.endswith(".")
    assert not any(word in refused.value.detail for word in ("Traceback", "Errno", "0x", str(tmp_path)))
    assert [left.name for left in path.parent.iterdir()] == ["file"]


def test_a_picture_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (8192, 8192)).save(path)
    assert path.stat().st_size < 20_000
    with pytest.raises(UnsafeFile, match="more than 50 million pixels"):
        TOOLS.probe(path)


def test_a_video_with_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "big.mp4", width=4800, height=2700, seconds=0.6, fps=5, sound=False)
    with pytest.raises(UnsafeFile, match="at most 4K"):
        TOOLS.probe(path)


def test_a_video_with_too_many_frames_a_second_is_refused(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "fast.mp4", fps=240, seconds=0.6, sound=False)
    with pytest.raises(UnsafeFile, match="240 frames a second"):
        TOOLS.probe(path)


def test_a_clip_of_more_than_three_minutes_is_refused_and_told_its_length(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "long.mp4", width=64, height=64, seconds=270, fps=2, sound=False)
    with pytest.raises(UnsafeFile, match=r"is 4.5 minutes long; at most 3 minutes are accepted"):
        TOOLS.probe(path)


def test_a_clip_of_a_few_frames_is_refused(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "short.mp4", seconds=0.2, sound=False)
    with pytest.raises(UnsafeFile, match="shorter than half a second"):
        TOOLS.probe(path)


def test_a_codec_that_is_not_on_the_list_is_refused_by_name(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "old.mkv", codec=("-c:v", "ffv1"), extra=(), sound=False)
    with pytest.raises(UnsafeFile, match=r"does not read \(ffv1\)"):
        TOOLS.probe(path)


def test_sound_without_a_picture_is_refused(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "sound.mp4", extra=("-vn",))
    with pytest.raises(UnsafeFile, match="no video"):
        TOOLS.probe(path)


def test_a_truncated_clip_whose_index_is_whole_is_refused_by_the_full_decode(tmp_path: Path) -> None:
    path = put(tmp_path / "source", clips.truncated(clips.clip_bytes(4.0)))
    probe = TOOLS.probe(path)
    (into := tmp_path / "made").mkdir()
    with pytest.raises(UnsafeFile, match="damaged or incomplete"):
        TOOLS.render(path, probe, into, lambda done, step: None)


def test_a_clip_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    data = bytearray(clips.clip_bytes(4.0))
    middle = len(data) // 2
    data[middle : middle + 4_000] = random.Random(5).randbytes(4_000)
    path = put(tmp_path / "source", bytes(data))
    (into := tmp_path / "made").mkdir()
    with pytest.raises(UnsafeFile, match="damaged or incomplete"):
        TOOLS.render(path, TOOLS.probe(path), into, lambda done, step: None)


def test_a_matroska_clip_that_stops_early_is_refused(tmp_path: Path) -> None:
    path = clips.make_clip(tmp_path / "clip.mkv", seconds=6, extra=("-cluster_time_limit", "500"))
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"\x1f\x43\xb6\x75", 0, len(data) // 2)])
    (into := tmp_path / "made").mkdir()
    with pytest.raises(UnsafeFile, match="incomplete"):
        TOOLS.render(path, TOOLS.probe(path), into, lambda done, step: None)


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    picture = put(tmp_path / "a", clips.picture_bytes(), "holiday.mp4")
    clip = put(tmp_path / "b", clips.clip_bytes(), "holiday.jpg")
    assert TOOLS.probe(picture).kind is MediaKind.PICTURE
    assert TOOLS.probe(clip).kind is MediaKind.VIDEO


def test_a_list_of_siblings_never_reads_its_neighbour(tmp_path: Path) -> None:
    secret = clips.make_clip(tmp_path / "secret.mp4", seconds=1.0)
    path = put(tmp_path, clips.FFCONCAT, "list.mp4")
    with pytest.raises(UnsafeFile, match="list of other files"):
        TOOLS.probe(path)
    assert secret.exists()
