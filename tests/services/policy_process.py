"""A feed process for tests: `python -m tests.services.policy_process DATA`; a viewer per line in, the page's policy per line out."""

from __future__ import annotations

import sys

from core.bootstrap import clock, open_services
from core.settings import Settings

if __name__ == "__main__":
    services = open_services(Settings.from_environment({"FEEDROOM_DATA": sys.argv[1]}))
    print("ready", services.feed.page("warm-up", record=False, now=clock()).policy, flush=True)
    for line in sys.stdin:
        print(services.feed.page(line.strip(), now=clock()).policy, flush=True)
