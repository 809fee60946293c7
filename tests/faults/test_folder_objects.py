"""A process that writes objects into a folder is killed: readers find the old or the whole new object, parts count or do not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.adapters import folder_parts
from core.adapters.folder import FolderObjects
from core.domain.errors import NotFound, Unavailable

MEGABYTE = 1 << 20
PART = 2 * MEGABYTE

OVERWRITER = """
import itertools, sys
from pathlib import Path
from core.adapters.folder import FolderObjects
objects = FolderObjects(Path(sys.argv[1]))
for number in itertools.count(1):
    objects.put_bytes("posts/1/clip", bytes([number % 256]) * (3 << 20), f"video/x-{number % 256}")
    print(number % 256, flush=True)
"""

UPLOADER = """
import sys
from pathlib import Path
from core.adapters.folder import FolderObjects
objects = FolderObjects(Path(sys.argv[1]), part_size=2 << 20)
handle = objects.begin_parts("uploads/1", "video/mp4")
print(handle, flush=True)
for number in range(1, 200):
    objects.write_part("uploads/1", handle, number, (bytes([number]) * (64 << 10) for _ in range(32)), 2 << 20)
    print(number, flush=True)
"""


def killed_after(program: str, folder: Path, seconds: float) -> list[str]:
    """Run, kill -9 after a while; the whole lines that it printed."""
    process = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest, _ = process.communicate()
    return [line.strip() for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]


def test_an_overwritten_object_is_the_old_or_the_whole_new_one(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(5):
        acknowledged = int(killed_after(OVERWRITER, tmp_path, chance.uniform(0.05, 0.2))[-1])
        objects = FolderObjects(tmp_path)
        content = b"".join(objects.read("posts/1/clip"))
        assert len(content) == 3 * MEGABYTE
        assert len(set(content)) == 1
        assert content[0] in (acknowledged, (acknowledged + 1) % 256)
        assert objects.list("") == ["posts/1/clip"]


def test_acknowledged_parts_survive_and_the_upload_goes_on(tmp_path: Path) -> None:
    handle, *numbers = killed_after(UPLOADER, tmp_path, 0.3)
    objects = FolderObjects(tmp_path, part_size=PART)
    held = objects.parts("uploads/1", handle)
    count = len(numbers)
    assert count > 0
    assert set(held) in (set(range(1, count + 1)), set(range(1, count + 2)))
    objects.write_part("uploads/1", handle, count + 1, iter([bytes([count + 1]) * 10]), 10)
    assert objects.complete_parts("uploads/1", handle, count + 1).size == count * PART + 10
    content = b"".join(objects.read("uploads/1"))
    assert all(set(content[at * PART : (at + 1) * PART]) == {at + 1} for at in range(count + 1))


def test_completing_is_a_rename_whatever_the_size(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path, part_size=PART)
    handle = objects.begin_parts("uploads/1", "video/mp4")
    for number in range(1, 9):
        objects.write_part("uploads/1", handle, number, iter([b"x" * PART]), PART)
    data = tmp_path / ".parts" / handle / "data"
    inode = data.stat().st_ino
    objects.complete_parts("uploads/1", handle, 8)
    assert (tmp_path / "uploads" / "1").stat().st_ino == inode
    assert not data.parent.exists()


def test_completing_again_after_a_crash_between_rename_and_clean_up(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path, part_size=PART)
    handle = objects.begin_parts("uploads/1", "video/mp4")
    objects.write_part("uploads/1", handle, 1, iter([b"whole"]), 5)
    (tmp_path / "uploads").mkdir()
    (tmp_path / ".parts" / handle / "data").rename(tmp_path / "uploads" / "1")
    assert objects.complete_parts("uploads/1", handle, 1).size == 5
    with pytest.raises(NotFound):
        objects.parts("uploads/1", handle)


@pytest.mark.parametrize("torn", ["\n2 52", "\n2 5 hel", "\n"])
def test_a_torn_journal_line_counts_for_nothing_and_spoils_nothing(tmp_path: Path, torn: str) -> None:
    objects = FolderObjects(tmp_path, part_size=PART)
    handle = objects.begin_parts("uploads/1", "video/mp4")
    objects.write_part("uploads/1", handle, 1, iter([b"first"]), 5)
    with (tmp_path / ".parts" / handle / "journal").open("a") as journal:
        journal.write(torn)
    assert objects.parts("uploads/1", handle) == {1: 5}
    objects.write_part("uploads/1", handle, 3, iter([b"th"]), 2)
    assert objects.parts("uploads/1", handle) == {1: 5, 3: 2}


def test_leftovers_of_a_killed_process_go_after_a_day(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    handle = objects.begin_parts("uploads/1", "video/mp4")
    dead = objects.begin_parts("uploads/2", "video/mp4")
    (tmp_path / ".parts" / dead / "about").unlink()
    for name in ("old", "young"):
        (tmp_path / ".unfinished" / name).write_text("half an obj")
    yesterday = time.time() - 25 * 3600
    for path in (".unfinished/old", f".parts/{dead}", f".parts/{handle}"):
        os.utime(tmp_path / path, (yesterday, yesterday))
    reopened = FolderObjects(tmp_path)
    assert [path.name for path in (tmp_path / ".unfinished").iterdir()] == ["young"]
    assert not (tmp_path / ".parts" / dead).exists()
    assert reopened.parts("uploads/1", handle) == {}


def test_parts_are_copied_where_the_kernel_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_arguments: object) -> int:
        raise OSError("not on this file system")

    monkeypatch.setattr(folder_parts.os, "copy_file_range", unsupported)
    objects = FolderObjects(tmp_path, part_size=PART)
    handle = objects.begin_parts("uploads/1", "video/mp4")
    for number, content in ((2, b"tail"), (1, bytes(range(256)) * (PART // 256))):
        objects.write_part("uploads/1", handle, number, iter([content]), len(content))
    objects.complete_parts("uploads/1", handle, 2)
    assert b"".join(objects.read("uploads/1")) == bytes(range(256)) * (PART // 256) + b"tail"


def test_a_folder_that_cannot_be_made_is_named_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file in the way")
    with pytest.raises(Unavailable, match=r"media folder .*/media: Not a directory") as caught:
        FolderObjects(tmp_path / "media")
    assert "\n" not in caught.value.detail
