"""A process killed in the middle of publishing: the old model or the new one is in force, and every feed process agrees."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.bootstrap import Services, clock, open_stores
from core.domain.model import ModelQuality, ModelVersion
from core.models.neighbours import Neighbours
from core.services import model_files
from core.services.feed import Feed
from core.services.model_history import newest_publish
from core.settings import Settings
from tests.feed.world import make_post

pytestmark = pytest.mark.server


@pytest.fixture
def services() -> Iterator[Services]:
    """Real embedded stores with two models."""
    with tempfile.TemporaryDirectory(prefix="fr-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        settings = Settings(data=Path(folder), secret="s" * 40)
        made = Services(settings, open_stores(settings))
        made.stores.posts.upsert_many(make_post(f"post-{n}", updated_at=clock()) for n in range(3))
        for number in (1, 2):
            made.stores.models.insert(stored(made, number))
        yield made
        made.stores.live.close()


def stored(services: Services, number: int) -> ModelVersion:
    """A tiny model in the object store."""
    folder = services.settings.data / f"made-{number}"
    folder.mkdir()
    neighbours = Neighbours(["post-0", "post-1"], np.array([[1], [0]], np.int32), np.ones((2, 1), np.float32))
    sha256 = model_files.write(folder, neighbours, {})
    prefix = f"models/neighbours-{number}/x"
    size = model_files.upload(services.stores.objects, folder, prefix)
    return ModelVersion(
        id=f"neighbours-{number}", number=number, quality=ModelQuality(), prefix=prefix, bytes=size, sha256=sha256,
        created_by="test", created_at=number,
    )  # fmt: skip


def test_after_kill_9_while_publishing_the_last_acknowledged_model_or_the_next_one_is_in_force(
    services: Services,
) -> None:
    chance = random.Random(5)
    feed = services.feed
    for _ in range(2):
        command = [sys.executable, "-m", "tests.faults.publisher", str(services.settings.data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            lines = [program.stdout.readline()]
            time.sleep(chance.uniform(0.02, 0.4))
            os.kill(program.pid, signal.SIGKILL)
            lines += program.stdout.readlines()
        acknowledged = [line for line in lines if line.endswith("\n")]
        found = newest_publish(services.stores)
        assert found is not None
        turn = int(found.why.removeprefix("turn "))
        assert turn in (len(acknowledged) - 1, len(acknowledged))
        history = services.stores.model_publishes.find(order="id", descending=True, limit=2).items
        assert len(history) < 2 or int(history[0].id) == int(history[1].id) + 1
        # Whether the signal went out or not, a running process and a fresh one come to what is in force.
        deadline, ahead = time.monotonic() + 5, 0
        while feed.page("v", record=False, now=clock() + ahead).model != found.model:
            assert time.monotonic() < deadline
            ahead = 31_000
            time.sleep(0.01)
        fresh = Feed(services.stores, services.delivery, models=services.settings.data / "fresh")
        fresh.warm_up(now=clock())
        assert fresh.page("v", record=False, now=clock()).model == found.model
        services.models.publish(
            None, {"neighbours-1": "neighbours-2", "neighbours-2": "neighbours-1"}[found.model], "turn", now=1
        )
        services.stores.model_publishes.get(newest_publish(services.stores).id)  # type: ignore[union-attr]
