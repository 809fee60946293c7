"""A program for fault tests: puts two models in force in turn until it is killed. `python -m tests.faults.publisher PATH`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from core.bootstrap import Services, open_stores
from core.services.model_history import newest_publish
from core.settings import Settings

if __name__ == "__main__":
    settings = Settings(data=Path(sys.argv[1]), secret="s" * 40)
    services = Services(settings, open_stores(settings))
    for number in count():
        held = newest_publish(services.stores)
        other = "neighbours-2" if held is not None and held.model == "neighbours-1" else "neighbours-1"
        services.models.publish(None, other, f"turn {number}", now=number)
        sys.stdout.write(f"{other}\n")
        sys.stdout.flush()
