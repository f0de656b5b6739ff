"""`python -m tests.bench.inboxes [INBOXES …] [--history N]`: many open inboxes and one change.
`--pages whole` fetches the whole list again, `--workers` starts so many web processes (the figures
of the process are then those of the first only).
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from random import random
from typing import Any
from urllib.parse import urlencode

from reviewer_site.environment import ROOT
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.product import Product, question

ROWS = 40
LIMIT = 120.0
EVERY = 0.2
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
SATURATION = 8


class Web:
    def __init__(self, product: Product) -> None:
        self.host, _, port = product.web.removeprefix("http://").partition(":")
        self.port = int(port)

    async def open(
        self, path: str, session: str, **headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            f"Cookie: sessionid={session}",
            "Connection: close",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return reader, writer, int(head.split(b" ", 2)[1])

    async def get(self, path: str, session: str, **headers: str) -> bytes:
        reader, writer, status = await self.open(path, session, **headers)
        body = await reader.read()
        writer.close()
        assert status == 200, (path, status, body[:200])
        return body


class Inbox:
    """One open inbox: it notes when it was last brought up to date, and by how many bytes."""

    def __init__(self, web: Web, session: str, shown: frozenset[str], *, whole: bool) -> None:
        self._web = web
        self._shown = shown
        self._session = session
        self._whole = whole
        self.opened = asyncio.Event()
        self.current_at = 0.0
        self.bytes = 0
        self.fetches = 0
        self._changed: set[str] = set()
        self._counted = False
        self._fetching: asyncio.Task[None] | None = None

    async def run(self) -> None:
        reader, writer, status = await self._web.open(
            "/live/inbox/", self._session, Accept="text/event-stream"
        )
        assert status == 200, status
        fields: dict[str, str] = {}
        try:
            while line := (await reader.readline()).decode().rstrip("\r\n") + "\n":
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                    continue
                if fields.get("event") == "live":
                    self.opened.set()
                if fields.get("event") in ("inbox", "questions"):
                    self._counted |= fields["event"] == "inbox"
                    self._hear(fields.get("data", ""))
                fields = {}
        finally:
            writer.close()

    def _hear(self, data: str) -> None:
        said = {"within": 0, "changed": []} if self._whole else json.loads(data)
        self._changed |= set(said["changed"])
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch(said["within"]))

    async def _fetch(self, within: float) -> None:
        if self._whole:
            asked = {"HX_Request": "true", "HX_Target": "section#inbox-list"}
            list_, counts = await asyncio.gather(
                self._web.get("/inbox/", self._session, **asked),
                self._web.get("/notifications/counts/", self._session, HX_Request="true"),
            )
            self.bytes = len(list_) + len(counts)
        else:
            await asyncio.sleep(random() * within / 1000)
            changed, self._changed = self._changed, set()
            asked = [("changed", one) for one in changed]
            asked += [("shown", one) for one in changed if one in self._shown]
            asked += [] if self._counted else [("rows_only", "yes")]
            self._counted = False
            query = urlencode(asked)
            path = f"/inbox/changes/?{query}"
            self.bytes = len(await self._web.get(path, self._session, HX_Request="true"))
        self.fetches += 1
        if self._changed:
            await self._fetch(0)
        self.current_at = time.monotonic()


class Process:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.threads = self.memory = 0

    def now(self) -> tuple[int, int]:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        threads = next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return threads, pages * PAGE

    def cpu(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    async def watch(self) -> None:
        while True:
            threads, memory = self.now()
            self.threads, self.memory = max(self.threads, threads), max(self.memory, memory)
            await asyncio.sleep(0.02)


async def other_pages(web: Web, session: str, took: list[float]) -> None:
    due = time.monotonic()
    for path in cycle(("/account/", "/groups/", "/inbox/")):
        began = time.monotonic()
        await web.get(path, session)
        took.append(time.monotonic() - began)
        due = max(due + EVERY, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


def p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)] * 1000


async def measure(product: Product, sessions: list[str], items: list[str], *, whole: bool) -> None:
    web, usual = Web(product), []
    shown = frozenset(items)
    inboxes = [Inbox(web, session, shown, whole=whole) for session in sessions]
    open_ = [asyncio.create_task(inbox.run()) for inbox in inboxes]
    await asyncio.gather(*(inbox.opened.wait() for inbox in inboxes))
    reading = asyncio.create_task(other_pages(web, sessions[0], usual))
    await asyncio.sleep(6)
    reading.cancel()

    asking, claiming = product.api(), product.api()
    claiming.headers["Authorization"] = f"Bearer {product.environment['CLAIMER']}"

    def ask() -> None:
        target = {"type": "group", "id": "crowd"}
        asking.post("/interactions", json=question("One more?", target=target))

    def claim() -> None:
        claiming.post(f"/interactions/{items.pop()}/claim").raise_for_status()

    for name, change in (("a question arrives", ask), ("a question is claimed", claim)):
        print(
            json.dumps(
                await one_change(
                    name, change, product=product, web=web, inboxes=inboxes, usual=usual
                )
            ),
            flush=True,
        )
        await asyncio.sleep(2)
    for one in (asking, claiming):
        one.close()
    for task in open_:
        task.cancel()
    await asyncio.gather(*open_, return_exceptions=True)


async def one_change(
    name: str,
    change: Callable[[], None],
    *,
    product: Product,
    web: Web,
    inboxes: list[Inbox],
    usual: list[float],
) -> dict[str, Any]:
    late: list[float] = []
    process = Process(product.pid)
    before, began = process.now(), time.monotonic()
    cpu, own = process.cpu(), time.process_time()
    for inbox in inboxes:
        inbox.current_at, inbox.fetches = 0.0, 0
    beside = [
        asyncio.create_task(other_pages(web, inboxes[0]._session, late)),
        asyncio.create_task(process.watch()),
    ]
    await asyncio.sleep(0)
    await asyncio.to_thread(change)
    while any(not inbox.current_at for inbox in inboxes):
        assert time.monotonic() - began < LIMIT, "not all inboxes have heard"
        await asyncio.sleep(0.01)
    cpu, own = process.cpu() - cpu, time.process_time() - own
    for task in beside:
        task.cancel()
    fetches = sum(inbox.fetches for inbox in inboxes)
    return {
        "inboxes": len(inboxes),
        "change": name,
        "current_s": round(max(inbox.current_at for inbox in inboxes) - began, 2),
        "fetched_bytes": max(inbox.bytes for inbox in inboxes),
        "fetches": fetches,
        "cpu_ms_a_fetch": round(cpu / fetches * 1000, 1),
        "own_cpu_s": round(own, 2),
        "other_pages_p99_ms": [round(p99(usual)), round(p99(late or [0]))],
        "threads": [before[0], process.threads],
        "memory_mb": [before[1] >> 20, process.memory >> 20],
    }


async def load(web: Web, sessions: list[str], seconds: float) -> list[float]:
    """Seconds of each load."""
    took: list[float] = []
    until = time.monotonic() + seconds

    async def client(session: str) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            await web.get("/inbox/", session)
            took.append(time.monotonic() - began)

    await asyncio.gather(*map(client, sessions))
    return took


async def saturate(product: Product, session: str, seconds: float = 10) -> None:
    process = Process(product.pid)
    watching = asyncio.create_task(process.watch())
    took = await load(Web(product), [session] * SATURATION, seconds)
    watching.cancel()
    print(
        json.dumps(
            {
                "clients": SATURATION,
                "requests_s": round(len(took) / seconds, 1),
                "p50_ms": round(sorted(took)[len(took) // 2] * 1000),
                "p99_ms": round(p99(took)),
                "threads": process.threads,
                "memory_mb": process.memory >> 20,
            }
        ),
        flush=True,
    )


def remember(product: Product, count: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.bench.inboxes", "--remember", str(count)],
        cwd=ROOT,
        env=product.environment,
        check=True,
    )


def _remember(count: int) -> None:
    import django  # noqa: PLC0415 - the parent imports this file without Django's settings

    django.setup()

    from django.db import connection  # noqa: PLC0415

    from inbox.mirror import project  # noqa: PLC0415
    from inbox.mobius.types import Interaction, Run, RunStatus  # noqa: PLC0415
    from inbox.models import Upstream  # noqa: PLC0415
    from tests.support.snapshots import RINA, answered, ask, run  # noqa: PLC0415

    upstream, now = Upstream.current(), datetime.now(UTC)

    def things() -> Iterator[Interaction | Run]:
        for number in range(count):
            then = now - timedelta(minutes=5 * number + 10)
            when = {"created_at": then, "updated_at": then}
            yield run(f"old_{number}", status=RunStatus.COMPLETED, completed_at=then, **when)
            done = answered(ask(f"past_{number}", run_id=f"old_{number}", **when), RINA, 0)
            yield done.model_copy(update={"completed_at": then, "updated_at": then})

    rest = things()
    while batch := list(islice(rest, 1000)):
        project.apply(upstream, batch, read_at=now)
    # As the database does by itself some time after so many rows.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("inboxes", nargs="*", type=int, default=[100, 500])
    parser.add_argument("--history", type=int, default=13_000)
    parser.add_argument("--workers", default="1")
    parser.add_argument("--pages", choices=("rows", "whole"), default="rows")
    parser.add_argument("--remember", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.remember:
        _remember(chosen.remember)
        return
    with tempfile.TemporaryDirectory() as folder:
        options = () if chosen.workers == "1" else ("--workers", chosen.workers)
        product = Product(Path(folder), environment(Path(folder), "bench_inboxes"), *options)
        product.start()
        try:
            people = {f"member{number:03}": f"user_m{number:03}" for number in range(1, 501)}
            members = [*people.values()][: max(chosen.inboxes)]
            group = {"handle": "crowd", "name": "Crowd", "members": members}
            entries = enter(
                product,
                {**people, "rina": "user_rina"},
                [group | {"routing_policy": "first_responder"}],
            )
            sessions = [entries[name]["session"] for name in people]
            product.environment["CLAIMER"] = entries["member001"]["token"]
            items = []
            with product.api() as api:
                for number in range(ROWS):
                    target = {"type": "group", "id": "crowd"}
                    body = question(f"Release {number}: ship it?", target=target)
                    items.append(api.post("/interactions", json=body).json()["id"])
            remember(product, chosen.history)
            time.sleep(2)
            for size in chosen.inboxes:
                asyncio.run(measure(product, sessions[:size], items, whole=chosen.pages == "whole"))
            asyncio.run(saturate(product, entries["rina"]["session"]))
        finally:
            product.stop()


if __name__ == "__main__":
    main()
