"""`python -m tests.bench.rebuild [count]`: how long a recount of a year takes, and pages meanwhile.
The longest batch is what a writer waits for.
"""

import asyncio
import statistics
import sys
import threading
import time
from typing import Any

from tests.bench import insights  # sets Django up

from django.conf import settings  # isort: skip
from django.core.management import call_command  # isort: skip
from django.db import connection  # isort: skip
from django.test import Client  # isort: skip
from django.test.utils import override_settings  # isort: skip

from inbox.mirror.rebuild import rebuild, rebuild_if_zone_changed  # isort: skip
from inbox.models import Reviewer, Upstream  # isort: skip
from inbox.people.demo import CAST, make_demo  # isort: skip

QUESTIONS = 50_000


def opened(until: threading.Event | None, times: list[float]) -> None:
    """Open the page until the event, else ten times."""
    client = Client()
    client.force_login(
        Reviewer.objects.get(user__username="tess").user,
        backend="inbox.people.backend.ReviewerBackend",
    )
    while len(times) < 10 if until is None else not until.is_set():
        began = time.perf_counter()
        assert client.get("/insights/").status_code == 200
        times.append(time.perf_counter() - began)
    connection.close()


def batches(upstream: Upstream) -> list[float]:
    took: list[float] = []
    began = time.perf_counter()
    for _ in rebuild(upstream):
        took.append(time.perf_counter() - began)
        began = time.perf_counter()
    return took


def main(questions: int) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    make_demo(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})
    insights.fill(questions, 30)
    before: list[float] = []
    opened(None, before)
    worked = time.process_time()
    with override_settings(TIME_ZONE="Pacific/Auckland"):
        alone = batches(Upstream.current())
    worked = time.process_time() - worked
    meanwhile: list[float] = []
    done = threading.Event()
    reader: Any = threading.Thread(target=opened, args=(done, meanwhile))
    reader.start()
    began = time.perf_counter()
    asyncio.run(rebuild_if_zone_changed())
    took = time.perf_counter() - began
    done.set()
    reader.join()
    print(
        f"{connection.vendor}, {questions:,} questions: alone {sum(alone):.1f} s, "
        f"{worked:.1f} s of CPU, "
        f"longest batch {max(alone) * 1000:.0f} ms; beside pages {took:.1f} s; "
        f"Insights {statistics.median(before) * 1000:.0f} ms before, "
        f"{statistics.median(meanwhile) * 1000:.0f} ms meanwhile, "
        f"worst {max(meanwhile) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    with insights.FOLDER:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS)
