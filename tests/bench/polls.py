"""`python -m tests.bench.polls [pending]`: requests to a Mobius without a project stream, by syncs,
polls and minutes with and without readers.
"""

import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import django

from tests.support.databases import environment
from tests.upstream import GuideServer

POLLS = 20
SETTLES = 75.0
"""Seconds after which polls are as rare as they become while no one looks."""
MINUTE = 60.0
NEWEST_ALONE = {"page_size": 50, "cursors": False, "filters": {"run_id", "status"}}
"""A server that returns its newest 50 questions and no cursor."""
STREAMING = {
    "cursors": True,
    "filters": {"run_id", "status", "limit", "cursor"},
    "more": {"project_events", "steps", "me", "groups", "members"},
    "only_run_updated": False,
    "keepalive": 15.0,
}
"""All that the guide leaves open."""


def serve(pending: int, told: Connection) -> None:
    with GuideServer() as server:
        for number in range(pending):
            server.state.ask(message=f"Release {number}: ship it?")
        server.state.run_that_asks()
        told.send((server.base_url, server.key))
        seen = 0
        with suppress(EOFError):
            while True:
                offers = told.recv()
                server.offers.__dict__.update(offers)
                fresh, seen = server.seen[seen:], len(server.seen)
                told.send(Counter(one.call or "a call that it does not have" for one in fresh))


class Upstream:
    def __init__(self, pending: int) -> None:
        # A fork would keep our end of the pipe open.
        apart = multiprocessing.get_context("spawn")
        self._told, theirs = apart.Pipe()
        self._process = apart.Process(target=serve, args=(pending, theirs))
        self._process.start()
        theirs.close()
        self.base_url, self.key = self._told.recv()

    def requests(self, **offers: Any) -> Counter[str]:
        """Requests since the last call."""
        self._told.send(offers)
        found: Counter[str] = self._told.recv()
        return found

    def stop(self) -> None:
        self._told.close()
        self._process.join()


def say(what: str, calls: Counter[str], took: list[tuple[float, float]] | None = None) -> None:
    by_call = ", ".join(f"{call} {number}" for call, number in calls.most_common())
    times = ""
    if took:
        clock, own = (statistics.median(one) for one in zip(*took, strict=True))
        worst = max(one for one, _ in took)
        times = f"{clock * 1000:.0f} ms (worst {worst * 1000:.0f}), of them {own * 1000:.0f} ms "
        times += "of this process; "
    print(f"{what}: {times}{calls.total()} requests ({by_call or 'none'})", flush=True)


async def measure(upstream: Upstream) -> None:
    from django.conf import settings  # noqa: PLC0415 - Django is set up by now

    from inbox.live.page_activity import page_activity  # noqa: PLC0415
    from inbox.mirror.freshness import SyncStatus  # noqa: PLC0415
    from inbox.mirror.full_sync import RequestThrottle  # noqa: PLC0415
    from inbox.mirror.polling import Poller, PollIntervals  # noqa: PLC0415
    from inbox.mirror.store import Store  # noqa: PLC0415
    from inbox.mirror.sync import Sync  # noqa: PLC0415
    from inbox.mobius.client import MobiusClient  # noqa: PLC0415
    from inbox.mobius.timing import Backoff  # noqa: PLC0415

    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = upstream.base_url
    settings.MOBIUS_PROJECT = "demo"

    async def walk(client: MobiusClient, what: str) -> None:
        clock, own = monotonic(), process_time()
        await Sync(client).full_sync()
        took = monotonic() - clock, process_time() - own
        say(what, upstream.requests(), [took])

    async def poll(client: MobiusClient, what: str) -> None:
        answered, store = asyncio.Event(), await Store.current()
        pace = PollIntervals(watched=3600, idle=3600)
        polling = Poller(
            client,
            store,
            sync_status=SyncStatus(),
            backoff=Backoff(),
            pace=pace,
            throttle=RequestThrottle(pace.missing),
            answered=answered.set,
            failed=lambda error: print(error, flush=True),
        )
        task, took = asyncio.create_task(polling.run()), []
        await answered.wait()
        answered.clear()
        upstream.requests()
        for _ in range(POLLS):
            clock, own = monotonic(), process_time()
            page_activity.acted()
            await answered.wait()
            answered.clear()
            took.append((monotonic() - clock, process_time() - own))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        say(f"{what}, {POLLS} of them", upstream.requests(), took)

    @asynccontextmanager
    async def keeping(client: MobiusClient, pages: int) -> AsyncIterator[None]:
        page_activity.streams = lambda: pages
        sync = Sync(client, sync_status=SyncStatus())
        task = asyncio.create_task(sync.run())
        yield
        task.cancel()
        await asyncio.wait({task})

    async def minute(client: MobiusClient, what: str, pages: int) -> None:
        async with keeping(client, pages):
            await asyncio.sleep(SETTLES)
            upstream.requests()
            await asyncio.sleep(MINUTE)
            say(what, upstream.requests())

    def connected() -> MobiusClient:
        return MobiusClient(base_url=upstream.base_url, project="demo", token=upstream.key)

    async with connected() as client:
        upstream.requests()
        await walk(client, "the first full sync")
        await walk(client, "a full sync that finds nothing new")
        await poll(client, "a poll")
        await minute(client, "a minute by polling, watched", 2)
        await minute(client, "a minute by polling, idle", 0)
    upstream.requests(**NEWEST_ALONE)
    async with connected() as client:
        await walk(client, "a full sync, the newest 50 alone")
        await poll(client, "a poll, the newest 50 alone")
        await minute(client, "a minute by polling, the newest 50 alone, watched", 2)
        await minute(client, "a minute by polling, the newest 50 alone, idle", 0)
    upstream.requests(**STREAMING)
    async with connected() as client:
        await minute(client, "a minute by streaming, watched", 2)
        await minute(client, "a minute by streaming, idle", 0)


def main() -> None:
    pending = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    upstream = Upstream(pending)
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["DJANGO_SETTINGS_MODULE"] = "reviewer_site.settings"
            os.environ.update(environment(Path(folder), "bench_polls"))
            django.setup()

            from django.core.management import call_command  # noqa: PLC0415

            call_command("migrate", verbosity=0)
            asyncio.run(measure(upstream))
    finally:
        upstream.stop()


if __name__ == "__main__":
    main()
