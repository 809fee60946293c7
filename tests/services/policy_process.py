"""A feed process, `python -m tests.services.policy_process DATA`: viewers line by line in, the policies of their pages out."""

from __future__ import annotations

import sys

from core.bootstrap import clock, open_services
from core.settings import Settings

if __name__ == "__main__":
    services = open_services(Settings.from_environment({"FEEDROOM_DATA": sys.argv[1]}))
    first = services.feed.page("warm-up", record=False, now=clock()).policy
    sys.stdout.write(f"ready {first}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(services.feed.page(line.strip(), now=clock()).policy + "\n")
        sys.stdout.flush()
