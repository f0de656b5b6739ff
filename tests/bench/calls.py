"""`python -m tests.bench.calls [PATH]`: how many Python functions a page calls, which doesn't
depend on how busy the machine is. With a PATH, its most frequent calls too.
"""

import cProfile
import pstats
import sys
from datetime import UTC, datetime, timedelta

from tests.bench.filled_mirror import FOLDER, install, signed_in  # isort: skip - it sets Django up

from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.mirror import project
from inbox.mobius.types import Policy
from inbox.models import Upstream
from tests.support.snapshots import RINA, SAM, group_ask

ROWS = 40
CHANGES = "/inbox/changes/?changed="
PAGES = (
    ("lee", "/inbox/", "an empty inbox"),
    ("rina", "/inbox/", "an inbox of 40 questions"),
    ("rina", f"{CHANGES}int_40", "a question arrives"),
    ("rina", f"{CHANGES}int_3&shown=int_3&rows_only=yes", "a question is claimed"),
    ("rina", "/interactions/int_5/", "a question"),
    ("rina", "/account/", "Account"),
    ("rina", "/groups/", "Groups"),
    ("rina", "/notifications/", "Notifications"),
    ("tess", "/runs/", "Runs"),
    ("tess", "/insights/", "Insights"),
    ("tess", "/decisions/", "Decisions"),
)


def fill() -> None:
    upstream, now = Upstream.current(), datetime.now(UTC)
    for number in range(ROWS + 1):
        asked = now - timedelta(minutes=ROWS - number)
        fields = {
            "members": (RINA, SAM),
            "policy": Policy(),
            "message": f"Release {number}: ship it?",
            "created_at": asked,
            "updated_at": asked,
        }
        if number == 3:
            fields |= {"claimed_by": SAM, "claimed_at": now}
        project.apply(upstream, [group_ask(f"int_{number}", **fields)], read_at=now)


def count(username: str, path: str) -> tuple[pstats.Stats, int]:
    client = signed_in(username)
    headers = {"HX-Request": "true"} if path.startswith(CHANGES) else {}
    for _ in range(3):
        assert client.get(path, headers=headers).status_code == 200, path
    profile = cProfile.Profile()
    with CaptureQueriesContext(connection) as queries:
        profile.runcall(client.get, path, headers=headers)
    return pstats.Stats(profile), len(queries)


def main(listed: str) -> None:
    install()
    fill()
    for username, path, title in PAGES:
        stats, queries = count(username, path)
        print(f"{title:30} {stats.total_calls:8,} calls  {queries:3} queries", flush=True)  # type: ignore[attr-defined]
        if path == listed:
            stats.sort_stats("cumulative").print_stats(120)


if __name__ == "__main__":
    with FOLDER:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
