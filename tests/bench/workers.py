"""Several web processes: `DATABASE_URL=postgres://… python -m tests.bench.workers [PROCESSES …]`.

For each number of processes the product runs as `serve --workers` starts it, in databases of its
own, and a row of the table is printed:

- *Pages*: 16 people each load one inbox of 40 questions after another, on a new connection each
  time.
- *Streams*: they have `--streams` inboxes open, and are asked `--rate` questions a second, all of
  them each time. The lag is the time from the answer to the POST until a stream says so.
- *Restart*: each process is ended by SIGTERM, one after the other. The time is from the signal
  until a stream that was cut is open again; it waits first, as browsers do, for as long as the
  server told it to. A single process has no other that would serve its streams meanwhile.

Each phase takes `--seconds`. CPU and memory are of all processes of the product, with the engine
and without PostgreSQL; *own* is the CPU of this process, which has all streams.
"""

import argparse
import asyncio
import os
import re
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import uvloop
from psycopg import sql

from tests.bench.inboxes import ROWS, Process, Web, load, p99
from tests.support.crowd import enter
from tests.support.databases import ROLES, environment
from tests.support.product import Product, question

PEOPLE = {f"member{number:02}": f"user_m{number:02}" for number in range(16)}
GROUP = {"handle": "crowd", "name": "Crowd", "routing_policy": "first_responder"}
WARM_UP = 3.0
OPENING = 64
"""Streams that are opened at once."""
MOST = 2000
LIMIT = 120.0
"""Seconds within which anything has to happen."""
SETTLING = 3.0
"""Seconds from a process's first connection to the database until it certainly serves."""
RETRY = re.compile(rb"\nretry: (\d+)\n")
ASKED = re.compile(rb'"(int_\w+)"')
HEAD = (
    "| processes | pages/s | p50, p99 ms | CPU ms a page "
    "| lag p50, p99 ms | events/s, of | CPU, own % of a core | RSS, PSS MB "
    "| open again p50, p99, max s |\n|" + "---|" * 9
)


class Stream:
    """An open inbox's stream, which is opened again whenever it is cut."""

    def __init__(self, web: Web, session: str) -> None:
        self._web, self._session = web, session
        self._retry = 1.0
        self.since = 0.0
        """When it was opened; 0 while it is not open."""
        self.heard: dict[str, float] = {}
        """When it first named each question."""

    async def follow(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._read()
            self.since = 0.0
            await asyncio.sleep(self._retry)

    async def _read(self) -> None:
        reader, writer, status = await self._web.open(
            "/live/inbox/", self._session, Accept="text/event-stream"
        )
        rest = b""
        try:
            while status == 200 and (data := await reader.read(1 << 16)):
                frames, _, rest = (rest + data).rpartition(b"\n\n")
                if told := RETRY.search(frames):
                    self._retry, self.since = int(told[1]) / 1000, time.monotonic()
                for item in ASKED.findall(frames):
                    self.heard.setdefault(item.decode(), time.monotonic())
        finally:
            writer.close()


class Family:
    def __init__(self, product: Product) -> None:
        self._pids = [product.pid, *product.children()]

    def cpu(self) -> float:
        return sum(Process(pid).cpu() for pid in self._pids)

    def megabytes(self, kind: str) -> float:
        """``Rss``, or ``Pss``, which counts what processes share only once."""
        found = 0
        for pid in self._pids:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            found += next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))
        return found / 1024


async def until(true: Callable[[], bool], seconds: float = LIMIT) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.01)


def web_processes(product: Product) -> list[int]:
    """The engine is the oldest child."""
    return product.children()[1:] or [product.pid]


async def all_serve(product: Product, count: int) -> None:
    await until(lambda: len(web_processes(product)) == count)
    with psycopg.connect(product.environment["DATABASE_URL"], autocommit=True) as session:
        for pid in web_processes(product):
            named = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE %s"
            parameters = [f"%-{pid}-%"]
            await until(lambda: session.execute(named, parameters).fetchone() is not None)  # noqa: B023
    await asyncio.sleep(SETTLING)


async def pages(web: Web, sessions: list[str], family: Family, seconds: float) -> list[str]:
    await load(web, sessions, WARM_UP)
    cpu, began = family.cpu(), time.monotonic()
    took = await load(web, sessions, seconds)
    rate, cpu = len(took) / (time.monotonic() - began), family.cpu() - cpu
    return [
        f"{rate:.1f}",
        f"{statistics.median(took) * 1e3:.0f}, {p99(took):.0f}",
        f"{cpu / len(took) * 1e3:.1f}",
    ]


async def ask(product: Product, questions: int, rate: float) -> dict[str, float]:
    accepted: dict[str, float] = {}
    with product.api() as api:

        def post() -> None:
            body = question("One more?", target={"type": "group", "id": GROUP["handle"]})
            made = api.post("/interactions", json=body).raise_for_status()
            accepted[made.json()["id"]] = time.monotonic()

        began = time.monotonic()
        for number in range(questions):
            await asyncio.sleep(began + number / rate - time.monotonic())
            await asyncio.to_thread(post)
        await asyncio.sleep(began + questions / rate - time.monotonic())
    return accepted


async def events(
    product: Product, streams: list[Stream], family: Family, rate: float, seconds: float
) -> list[str]:
    cpu, own, began = family.cpu(), time.process_time(), time.monotonic()
    accepted = await ask(product, round(rate * seconds), rate)
    took = time.monotonic() - began
    cpu, own = family.cpu() - cpu, time.process_time() - own
    with suppress(TimeoutError):
        await until(lambda: all(accepted.keys() <= one.heard.keys() for one in streams), 10)
    lags = [
        max(0.0, one.heard[item] - at)  # it may be heard before the answer is read
        for one in streams
        for item, at in accepted.items()
        if item in one.heard
    ]
    due = len(accepted) * len(streams)
    return [
        f"{statistics.median(lags) * 1e3:.0f}, {p99(lags):.0f}",
        f"{len(lags) / took:.0f}, {due / took:.0f}",
        f"{cpu / took * 100:.0f}, {own / took * 100:.0f}",
        f"{family.megabytes('Rss'):.0f}, {family.megabytes('Pss'):.0f}",
    ]


async def restart(product: Product, streams: list[Stream], count: int) -> list[str]:
    took: list[float] = []
    if count == 1:
        return ["–"]
    for pid in web_processes(product):
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        await until(lambda: pid not in product.children())  # noqa: B023
        await until(lambda: all(one.since for one in streams))
        took += [one.since - began for one in streams if one.since > began]
        await all_serve(product, count)
    return [f"{statistics.median(took):.1f}, {p99(took) / 1e3:.1f}, {max(took):.1f}"]


async def measure(
    product: Product, sessions: list[str], count: int, chosen: argparse.Namespace
) -> list[str]:
    await all_serve(product, count)
    await ask(product, ROWS, rate=50)
    web, family = Web(product), Family(product)
    row = await pages(web, sessions, family, chosen.seconds)
    streams = [Stream(web, sessions[n % len(sessions)]) for n in range(chosen.streams)]
    following = []
    for start in range(0, len(streams), OPENING):
        batch = streams[start : start + OPENING]
        following += [asyncio.create_task(one.follow()) for one in batch]
        await until(lambda: all(one.since for one in batch))  # noqa: B023
    row += await events(product, streams, family, chosen.rate, chosen.seconds)
    row += await restart(product, streams, count)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    return row


def compare(folder: Path, count: int, chosen: argparse.Namespace) -> list[str]:
    own = folder / str(count)
    own.mkdir()
    databases = environment(own, "bench_workers")
    product = Product(own, databases, "--workers", str(count))
    try:
        product.start()
        people = enter(product, dict(PEOPLE), [{**GROUP, "members": [*PEOPLE.values()]}])
        sessions = [one["session"] for one in people.values()]
        return uvloop.run(measure(product, sessions, count, chosen))
    finally:
        if product.running:
            product.stop()
        drop(databases)


def drop(databases: dict[str, str]) -> None:
    for variable in ROLES:
        if url := databases[variable]:
            name = sql.Identifier(urlsplit(url).path.lstrip("/"))
            with psycopg.connect(os.environ[variable], autocommit=True) as session:
                session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("processes", nargs="*", type=int, default=[1, 2, 4])
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=15)
    chosen = parser.parse_args()
    if chosen.streams > MOST or not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        sys.exit(f"It needs DATABASE_URL=postgres://…, and opens at most {MOST} streams.")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in chosen.processes:
            row = [str(count), *compare(Path(folder), count, chosen)]
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
