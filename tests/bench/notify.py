"""`DATABASE_URL=postgres://… python -m tests.bench.notify`: how many rows a second several
processes can write to the change log. Each committer is a thread.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import django
import psycopg

from tests.support.databases import environment

FOLDER = tempfile.TemporaryDirectory()
os.environ |= environment(Path(FOLDER.name), "bench_notify")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.core.management import call_command  # noqa: E402

from inbox.processes.postgres_bus import CHANNEL, LOCK_KEY, WRITE  # noqa: E402

SECONDS = 5.0
COMMITTERS = (1, 2, 4, 8)


def main() -> None:
    call_command("migrate", verbosity=0)
    url = os.environ["DATABASE_URL"]

    def commit(until: float, took: list[float]) -> None:
        with psycopg.connect(url, autocommit=True) as session:
            while (began := time.monotonic()) < until:
                session.execute(WRITE.encode(), [LOCK_KEY, "bench", "[]", CHANNEL])
                took.append(time.monotonic() - began)

    for count in COMMITTERS:
        until, took = time.monotonic() + SECONDS, list[float]()
        threads = [threading.Thread(target=commit, args=(until, took)) for _ in range(count)]
        for thread in threads:
            thread.start()
        heard = 0
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(f"LISTEN {CHANNEL}".encode())
            for _ in session.notifies(timeout=SECONDS):
                heard += 1
        for thread in threads:
            thread.join()
        took.sort()
        sys.stdout.write(
            f"{count} committers: {len(took) / SECONDS:.0f} rows/s, {heard / SECONDS:.0f} heard/s, "
            f"median {took[len(took) // 2] * 1000:.1f} ms, "
            f"p99 {took[int(len(took) * 0.99)] * 1000:.1f} ms\n"
        )


if __name__ == "__main__":
    main()
