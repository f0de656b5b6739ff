"""The buses of several processes that share a PostgreSQL, all of them in this process."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from inbox.live import topics
from inbox.live.bus import Changed
from inbox.models import LoggedChange
from inbox.processes import postgres_bus
from inbox.processes.dedicated_connection import DedicatedConnection
from inbox.processes.postgres_bus import PostgresBus, prune

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patience"),
]


class Process:
    def __init__(self, name: str) -> None:
        self.connection = DedicatedConnection()
        self.bus = PostgresBus(connection=self.connection, name=name)
        self.heard: list[tuple[str, frozenset[str]]] = []
        self.told: list[str] = []
        self.bus.subscribe(self._on_changed)
        self.bus.on_broadcast("news", self._on_text)
        self._news = asyncio.Event()

    def _on_changed(self, changed: Changed) -> None:
        self.heard += changed.items()
        self._news.set()

    def _on_text(self, text: str) -> None:
        self.told.append(text)
        self._news.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await self._news.wait()
                self._news.clear()

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.heard]


@asynccontextmanager
async def process(name: str) -> AsyncIterator[Process]:
    found = Process(name)
    found.connection.start()
    assert await found.bus.start()
    running = asyncio.ensure_future(found.bus.run())
    try:
        yield found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await found.bus.stop()
        await found.connection.stop()


def database() -> psycopg.Connection:
    parameters: Any = connections["default"].get_connection_params()
    return psycopg.connect(**parameters)


async def test_a_change_reaches_every_process_once_and_its_own_at_once() -> None:
    async with process("a") as a, process("b") as b:
        a.bus.publish({topics.inbox("user_rina"): frozenset({"int_1", "int_2"})})
        assert a.heard == [("inbox:user_rina", frozenset({"int_1", "int_2"}))]
        b.bus.publish([topics.runs()])
        await a.until(lambda: len(a.heard) == 2)
        await b.until(lambda: len(b.heard) == 2)
        # Whatever comes later, these have not come twice.
        b.bus.publish([topics.run("run_1")])
        await a.until(lambda: "run:run_1" in a.topics)
        assert a.topics == ["inbox:user_rina", "runs", "run:run_1"]
        assert sorted(b.heard) == sorted(a.heard)


async def test_publish_here_stays_here_and_a_broadcast_reaches_the_others() -> None:
    async with process("a") as a, process("b") as b:
        a.bus.publish_here([topics.freshness()])
        a.bus.broadcast("news", "first")
        a.bus.broadcast("news", "second")
        a.bus.broadcast("nobody listens", "third")
        await b.until(lambda: b.told == ["first", "second"])
        assert (a.told, a.topics, b.topics) == ([], ["freshness"], [])


async def test_a_lost_notification_loses_no_change() -> None:
    async with process("a") as a:
        await LoggedChange.objects.acreate(origin="b", messages=[{"changed": {"runs": []}}])
        await a.until(lambda: a.topics == ["runs"])


async def test_connections_that_were_cut_miss_nothing() -> None:
    async with process("a") as a, process("b") as b:

        def cut() -> None:
            with database() as session:
                session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                    "pg_backend_pid() AND datname = current_database() "
                    "AND starts_with(application_name, 'reviewer-inbox ')"
                )

        await sync_to_async(cut)()
        for number in range(20):
            a.bus.publish([topics.run(f"run_{number}")])
        b.bus.publish([topics.runs()])
        expected = {f"run:run_{number}" for number in range(20)} | {"runs"}
        await a.until(lambda: set(a.topics) == expected)
        await b.until(lambda: set(b.topics) == expected)


async def test_a_process_that_was_away_for_too_long_assumes_that_everything_has_changed() -> None:
    async with process("a") as a, process("b") as b:
        await sync_to_async(LoggedChange.objects.all().delete)()
        b.bus.publish([topics.runs()])
        await a.until(lambda: topics.everything() in a.topics)
        b.bus.publish([topics.run("run_1")])
        await a.until(lambda: "run:run_1" in a.topics)


async def test_old_rows_are_deleted_but_for_the_newest() -> None:
    async with process("a") as a, process("b") as b:
        for number in range(3):
            b.bus.publish([topics.run(f"run_{number}")])
            await a.until(lambda count=number: len(a.heard) == count + 1)  # type: ignore[misc]
        old = timezone.now() - postgres_bus.KEEP_FOR - timedelta(seconds=1)
        await LoggedChange.objects.aupdate(at=old)
        await sync_to_async(prune)()
        assert await LoggedChange.objects.acount() == 1
        b.bus.publish([topics.runs()])
        await a.until(lambda: a.topics[-1] == "runs")
        assert topics.everything() not in a.topics


async def test_a_row_that_commits_late_is_not_skipped() -> None:
    """Without the lock, its lower number would appear after a higher one had been read."""
    begun, commit = threading.Event(), threading.Event()

    def write_late() -> None:
        with database() as session:
            session.execute(b"SELECT pg_advisory_xact_lock(%s)", [postgres_bus.LOCK_KEY])
            session.execute(
                "INSERT INTO inbox_loggedchange (at, origin, messages)"
                """ VALUES (now(), 'late', '[{"changed": {"item:late": []}}]')"""
            )
            begun.set()
            commit.wait(30)

    async with process("a") as a, process("b") as b:
        late = asyncio.ensure_future(asyncio.to_thread(write_late))
        await asyncio.to_thread(begun.wait, 30)
        b.bus.publish([topics.runs()])
        commit.set()
        await late
        await a.until(lambda: a.topics == ["item:late", "runs"])


async def test_many_committers_lose_nothing() -> None:
    async with process("a") as a, process("b") as b, process("c") as c, process("d") as d:
        everyone = (a, b, c, d)

        async def publish(at: int, one: Process) -> None:
            for number in range(100):
                one.bus.publish([topics.run(f"{at}-{number}")])
                await asyncio.sleep(0)

        await asyncio.gather(*(publish(at, one) for at, one in enumerate(everyone)))
        expected = sorted(f"run:{at}-{number}" for at in range(4) for number in range(100))
        for one in everyone:
            await one.until(lambda one=one: len(one.heard) == 400)  # type: ignore[misc]
        assert all(sorted(one.topics) == expected for one in everyone)


async def test_it_says_where_notifications_do_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a pooler: LISTEN succeeds on one connection, notifications go to another."""
    monkeypatch.setattr(postgres_bus, "CHANNEL", "another_channel")
    real = postgres_bus._listen

    async def listen() -> psycopg.AsyncConnection:
        listening = await real()
        await listening.execute(b"UNLISTEN *")
        return listening

    monkeypatch.setattr(postgres_bus, "_listen", listen)
    monkeypatch.setattr(postgres_bus, "ANSWERED_WITHIN", 0.5)
    found = Process("pooled")
    found.connection.start()
    assert not await found.bus.start()
    found.bus.publish([topics.runs()])
    assert found.topics == ["runs"]
    await found.connection.stop()
