"""Numbers of several workers, told by any of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNT = (
    "from core.services import feed_metrics as m; m.PAGES.labels('served').inc(3); "
    "m.PAGE_SECONDS.observe(.004); m.CATALOGUE_POSTS.set(7)"
)
TELL = "; print(m.numbers().decode())"


def told(code: str, folder: Path | None) -> str:
    """What a process of its own prints."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    environment |= {"PROMETHEUS_MULTIPROC_DIR": str(folder)} if folder else {}
    command = [sys.executable, "-c", code]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return made.stdout


def test_workers_that_share_a_folder_are_counted_together(tmp_path: Path) -> None:
    told(COUNT, tmp_path)
    text = told(COUNT + TELL, tmp_path)
    assert 'feedroom_pages_total{kind="served"} 6.0' in text
    assert "feedroom_page_seconds_count 2.0" in text
    assert "feedroom_catalogue_posts 7.0" in text


def test_a_process_alone_tells_its_own() -> None:
    assert 'feedroom_pages_total{kind="served"} 3.0' in told(COUNT + TELL, None)
