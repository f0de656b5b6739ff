"""`python -m tests.bench.rights [rows] …`: checks of rights for a reviewer with a long history, in
milliseconds of CPU.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import django

from tests.support.databases import environment

FOLDER = tempfile.TemporaryDirectory()
os.environ |= environment(Path(FOLDER.name), "bench_rights")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from inbox import access  # noqa: E402
from inbox.live.rights import lost_rights  # noqa: E402
from inbox.mirror import project  # noqa: E402
from inbox.models import Reviewer, Upstream  # noqa: E402
from inbox.people.demo import make_demo  # noqa: E402
from inbox.web.insights import queries as figures  # noqa: E402
from inbox.web.insights.queries import InsightsFilters  # noqa: E402
from tests.support.snapshots import RINA, answered, ask, run  # noqa: E402

SIZES = [200, 13_000]
ROUNDS = 50
BACKEND = "inbox.people.backend.ReviewerBackend"


def fill(rows: int) -> None:
    upstream, now = Upstream.current(), datetime.now(UTC)
    things: list[Any] = []
    for number in range(rows):
        then = now - timedelta(minutes=number + 10)
        when = {"created_at": then, "updated_at": then}
        things.append(run(f"run_{number}", **when))
        question = ask(f"int_{number}", run_id=f"run_{number}", **when)
        things.append(answered(question, RINA, 0).model_copy(update={"updated_at": then}))
        things.append(ask(f"open_{number}", run_id=f"run_{number}", **when))
    for start in range(0, len(things), 1000):
        project.apply(upstream, things[start : start + 1000], read_at=now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def median_ms(work: Callable[[], Any]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        work()
        took.append(time.thread_time() - began)
    return statistics.median(took) * 1e3


def main(sizes: list[int]) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    for rows in sizes:
        call_command("migrate", verbosity=0)
        Upstream.objects.all().delete()
        make_demo(tokens={})
        fill(rows)
        user = Reviewer.objects.get(user__username="rina").user
        client = Client()
        client.force_login(user, backend=BACKEND)
        viewer, upstream = access.viewer_of(user), Upstream.current()
        found = {
            "one run": median_ms(access.runs(viewer, upstream).filter(mobius_id="run_7").first)
        }
        for name, path in (
            ("an inbox", "/live/inbox/"),
            ("a question", "/live/inbox/?item=int_7"),
            ("a run", "/live/runs/run_7/"),
        ):
            stream: Any = client.get(path)
            found[f"stream of {name}"] = median_ms(partial(client.get, path))
            found[f"again: {name}"] = median_ms(partial(lost_rights, {stream.subscription.right}))
        waiting = figures.waiting(upstream, InsightsFilters.read({}))
        oldest = waiting.order_by("created_at", "id").first
        print(f"{connection.vendor}, {rows:,} closed and as many open questions")
        for name, took in found.items():
            print(f"  {name:24} {took:6.2f} ms")
        print(f"  {'the oldest that waits':24} {median_ms(oldest):6.2f} ms", flush=True)


if __name__ == "__main__":
    with FOLDER:
        main([int(one) for one in sys.argv[1:]] or SIZES)
