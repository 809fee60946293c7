"""What every object store promises, run on memory, a folder, and S3 behind a real HTTP endpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.adapters.s3 import S3Objects
from core.domain.errors import Conflict, InvalidInput, NotFound
from core.domain.ports.objects import CHUNK, Objects
from core.domain.upload import PART_SIZE

FULL = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(PART_SIZE // 32))
TAIL = b"the last part may be short"


def whole(objects: Objects, key: str, start: int = 0, end: int | None = None) -> bytes:
    chunks = list(objects.read(key, start, end))
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)
    return b"".join(chunks)


def stream(data: bytes) -> Iterator[bytes]:
    return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))


def send(objects: Objects, key: str, handle: str, number: int, data: bytes) -> None:
    objects.write_part(key, handle, number, stream(data), len(data))


def test_a_small_object_comes_back_with_its_type(objects: Objects) -> None:
    objects.put_bytes("posts/1/master.m3u8", b"#EXTM3U", "application/vnd.apple.mpegurl")
    info = objects.stat("posts/1/master.m3u8")
    assert info is not None
    assert (info.size, info.content_type) == (7, "application/vnd.apple.mpegurl")
    assert whole(objects, "posts/1/master.m3u8") == b"#EXTM3U"


def test_a_type_that_the_name_does_not_tell_is_kept_until_the_object_is_replaced(objects: Objects) -> None:
    objects.put_bytes("uploads/a1", b"x", "video/quicktime")
    assert objects.stat("uploads/a1").content_type == "video/quicktime"  # type: ignore[union-attr]
    objects.put_bytes("uploads/a1", b"x", "image/png")
    assert objects.stat("uploads/a1").content_type == "image/png"  # type: ignore[union-attr]


def test_a_file_is_stored_and_fetched_unchanged(objects: Objects, tmp_path: Path) -> None:
    source, copy = tmp_path / "clip.mp4", tmp_path / "copy.mp4"
    source.write_bytes(FULL + TAIL)
    objects.put_file("posts/1/clip.mp4", source, "video/mp4")
    source.unlink()
    objects.fetch("posts/1/clip.mp4", copy)
    assert copy.read_bytes() == FULL + TAIL


def test_the_tag_changes_with_the_content(objects: Objects) -> None:
    objects.put_bytes("a", b"one", "text/plain")
    first = objects.stat("a")
    objects.put_bytes("a", b"two", "text/plain")
    second = objects.stat("a")
    assert first is not None
    assert second is not None
    assert first.etag != second.etag
    assert second.etag == objects.stat("a").etag  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 0, b"0"), (3, 5, b"345"), (7, None, b"789"), (8, 99, b"89"), (0, None, b"0123456789"), (10, None, b""), (40, 50, b""),
    ],
)  # fmt: skip
def test_a_range_is_inclusive_and_ends_with_the_object(
    objects: Objects, start: int, end: int | None, expected: bytes
) -> None:
    objects.put_bytes("digits", b"0123456789", "text/plain")
    assert whole(objects, "digits", start, end) == expected


def test_a_range_across_chunks_is_exact(objects: Objects) -> None:
    objects.put_bytes("big", FULL, "video/mp4")
    assert whole(objects, "big", CHUNK - 3, 3 * CHUNK + 1) == FULL[CHUNK - 3 : 3 * CHUNK + 2]


def test_what_is_not_there_is_not_found_before_the_first_chunk(objects: Objects, tmp_path: Path) -> None:
    assert objects.stat("nowhere/x.mp4") is None
    with pytest.raises(NotFound):
        objects.read("nowhere/x.mp4")
    with pytest.raises(NotFound):
        objects.fetch("nowhere/x.mp4", tmp_path / "x")


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a b", "a\n", "a\0b", "é", "x" * 513],
)
def test_a_key_that_could_lead_outside_is_refused(objects: Objects, key: str) -> None:
    with pytest.raises(InvalidInput):
        objects.put_bytes(key, b"", "text/plain")
    with pytest.raises(InvalidInput):
        objects.stat(key)
    with pytest.raises(InvalidInput):
        objects.read(key)
    with pytest.raises(InvalidInput):
        objects.begin_parts(key, "video/mp4")


def test_keys_are_listed_by_prefix_in_order(objects: Objects) -> None:
    for key in ("p/2/b.jpg", "p/1/a.jpg", "p/10/c.jpg", "q/1"):
        objects.put_bytes(key, b"", "image/jpeg")
    assert objects.list("p/") == ["p/1/a.jpg", "p/10/c.jpg", "p/2/b.jpg"]
    assert objects.list("p/1") == ["p/1/a.jpg", "p/10/c.jpg"]
    assert objects.list("none/") == []
    assert len(objects.list("")) == 4


def test_folders_are_told_without_the_keys_in_them(objects: Objects) -> None:
    for key in ("p/1/a.jpg", "p/1/b.jpg", "p/1/hls/0.m4s", "p/10/c.jpg", "p/2", "q/1/d.jpg", "r"):
        objects.put_bytes(key, b"", "application/x-other")
    assert objects.folders("") == ["p/", "q/"]
    assert objects.folders("p/") == ["p/1/", "p/10/"]
    assert objects.folders("p/1") == ["p/1/", "p/10/"]
    assert objects.folders("p/1/") == ["p/1/hls/"]
    assert objects.folders("none/") == objects.folders("r/") == objects.folders("p/10/") == []
    objects.delete_prefix("p/10/")
    assert objects.folders("p/") == ["p/1/"]
    with pytest.raises(InvalidInput):
        objects.folders("../")


def test_deleting_a_prefix_leaves_its_neighbours(objects: Objects) -> None:
    for key in ("p/1/a.jpg", "p/1/hls/0.m4s", "p/10/c"):
        objects.put_bytes(key, b"x", "image/jpeg")
    assert objects.delete_prefix("p/1/") == 2
    assert objects.delete_prefix("p/1/") == 0
    assert objects.list("") == ["p/10/c"]
    assert objects.stat("p/10/c").content_type == "image/jpeg"  # type: ignore[union-attr]
    with pytest.raises(InvalidInput):
        objects.delete_prefix("")


def test_parts_in_any_order_make_the_object(objects: Objects) -> None:
    handle = objects.begin_parts("uploads/1", "video/mp4")
    assert objects.parts("uploads/1", handle) == {}
    send(objects, "uploads/1", handle, 3, TAIL)
    send(objects, "uploads/1", handle, 1, FULL)
    assert objects.parts("uploads/1", handle) == {1: PART_SIZE, 3: len(TAIL)}
    send(objects, "uploads/1", handle, 2, FULL[::-1])
    assert objects.stat("uploads/1") is None
    info = objects.complete_parts("uploads/1", handle, 3)
    assert info == objects.stat("uploads/1")
    assert (info.size, info.content_type) == (2 * PART_SIZE + len(TAIL), "video/mp4")
    assert whole(objects, "uploads/1") == FULL + FULL[::-1] + TAIL
    with pytest.raises(NotFound):
        objects.parts("uploads/1", handle)


def test_a_repeated_part_replaces_the_earlier_one(objects: Objects) -> None:
    handle = objects.begin_parts("uploads/2", "video/mp4")
    send(objects, "uploads/2", handle, 1, b"first try, longer")
    send(objects, "uploads/2", handle, 1, b"second")
    assert objects.complete_parts("uploads/2", handle, 1).size == 6
    assert whole(objects, "uploads/2") == b"second"


@pytest.mark.parametrize("sent", [b"", b"five.", b"seven.."])
def test_a_part_of_another_length_is_refused_and_what_is_held_stays(objects: Objects, sent: bytes) -> None:
    handle = objects.begin_parts("uploads/3", "video/mp4")
    send(objects, "uploads/3", handle, 1, b"sound.")
    with pytest.raises(InvalidInput):
        objects.write_part("uploads/3", handle, 1, iter([sent]), 6)
    objects.complete_parts("uploads/3", handle, 1)
    assert whole(objects, "uploads/3") == b"sound."


def test_a_stream_that_breaks_leaves_no_part(objects: Objects) -> None:
    class Gone(Exception):
        pass

    def broken() -> Iterator[bytes]:
        yield FULL[:CHUNK]
        raise Gone

    handle = objects.begin_parts("uploads/4", "video/mp4")
    with pytest.raises(Gone):
        objects.write_part("uploads/4", handle, 1, broken(), PART_SIZE)
    assert objects.parts("uploads/4", handle) == {}


@pytest.mark.parametrize(("number", "length"), [(0, 1), (10_001, 1), (1, 0), (1, PART_SIZE + 1)])
def test_a_part_out_of_bounds_is_refused(objects: Objects, number: int, length: int) -> None:
    handle = objects.begin_parts("uploads/5", "video/mp4")
    with pytest.raises(InvalidInput):
        objects.write_part("uploads/5", handle, number, iter([b"x" * min(length, 5)]), length)


def test_completing_names_the_first_missing_part_and_may_be_repeated_after_it_came(objects: Objects) -> None:
    handle = objects.begin_parts("uploads/6", "video/mp4")
    send(objects, "uploads/6", handle, 1, FULL)
    send(objects, "uploads/6", handle, 3, TAIL)
    with pytest.raises(Conflict, match="part 2 of 3 is missing"):
        objects.complete_parts("uploads/6", handle, 3)
    send(objects, "uploads/6", handle, 2, FULL)
    assert objects.complete_parts("uploads/6", handle, 3).size == 2 * PART_SIZE + len(TAIL)


def test_a_short_part_in_the_middle_is_named(objects: Objects) -> None:
    handle = objects.begin_parts("uploads/7", "video/mp4")
    send(objects, "uploads/7", handle, 1, TAIL)
    send(objects, "uploads/7", handle, 2, TAIL)
    with pytest.raises(Conflict, match="part 1 of 2 has 26 bytes"):
        objects.complete_parts("uploads/7", handle, 2)


def test_parts_beyond_the_count_are_left_out(objects: Objects) -> None:
    handle = objects.begin_parts("uploads/8", "video/mp4")
    send(objects, "uploads/8", handle, 1, FULL)
    send(objects, "uploads/8", handle, 2, TAIL)
    assert objects.complete_parts("uploads/8", handle, 1).size == PART_SIZE
    assert whole(objects, "uploads/8") == FULL


def test_an_aborted_upload_is_gone_and_the_old_object_stays(objects: Objects) -> None:
    objects.put_bytes("uploads/9", b"old", "video/mp4")
    handle = objects.begin_parts("uploads/9", "video/mp4")
    send(objects, "uploads/9", handle, 1, TAIL)
    objects.abort_parts("uploads/9", handle)
    objects.abort_parts("uploads/9", handle)
    with pytest.raises(NotFound):
        objects.parts("uploads/9", handle)
    with pytest.raises(NotFound):
        objects.complete_parts("uploads/9", handle, 1)
    if not isinstance(objects, S3Objects):  # moto answers 500 where S3 says NoSuchUpload; see test_s3_errors
        with pytest.raises(NotFound):
            send(objects, "uploads/9", handle, 1, TAIL)
    assert whole(objects, "uploads/9") == b"old"


def test_a_handle_belongs_to_its_key(objects: Objects) -> None:
    handle = objects.begin_parts("uploads/10", "video/mp4")
    if not isinstance(objects, S3Objects):  # moto does not compare the key; S3 does
        with pytest.raises(NotFound):
            objects.parts("uploads/11", handle)
    with pytest.raises(NotFound):
        objects.parts("uploads/10", "../../etc")


def test_a_reachable_store_answers(objects: Objects) -> None:
    objects.ping()
    assert objects.list("") == []
