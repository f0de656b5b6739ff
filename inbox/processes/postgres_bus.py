"""The bus of processes that share a PostgreSQL database.

A process writes what it publishes to the *change log*, a table, and notifies the others with
``NOTIFY``; each reads the rows after its cursor. They also read every few seconds, so a lost
notification or a broken connection misses nothing. A process that was away for so long that rows it
had not read were deleted assumes that everything has changed.

The listeners of the process itself are called at once, before the row is written.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
from django.db import OperationalError
from django.db.models import Max
from django.utils import timezone

from inbox.lib.process_name import NAME
from inbox.live import topics
from inbox.live.alarm import Alarm
from inbox.live.bus import Changed, MemoryBus, Receiver, add_changes, as_changed
from inbox.models import LoggedChange
from inbox.processes.dedicated_connection import DedicatedConnection, connect, dedicated_connection

log = logging.getLogger(__name__)

CHANNEL = "reviewer_inbox_changes"
LOOK_EVERY = 2.0
"""Seconds after which the change log is read without a notification."""
AGAIN_AFTER = 1.0
KEEP_FOR = timedelta(minutes=10)
"""How long rows stay in the change log."""
AT_ONCE = 500
"""Rows that are read at a time."""
MOST = 20_000
"""Topics and messages that wait while the database can't be reached."""
ANSWERED_WITHIN = 5.0
"""Seconds within which the first notification must arrive."""

LOCK_KEY = 5_772_156_650
"""Key of the advisory lock under which rows get their numbers."""
# One statement, so that a process that is stopped doesn't keep the lock. The lock is released after
# the commit, so a reader who sees a row sees all rows with lower numbers.
WRITE = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s))
INSERT INTO inbox_loggedchange (at, origin, messages)
SELECT clock_timestamp(), %s, %s::jsonb FROM turn
RETURNING id, pg_notify(%s, '')
"""
# From the cursor's own row on: if it has been deleted, later rows may have been too.
READ = """
SELECT id, origin, messages FROM inbox_loggedchange WHERE id >= %s ORDER BY id LIMIT %s
"""


class PostgresBus(MemoryBus):
    """Before ``start`` and after ``stop`` a ``MemoryBus``."""

    def __init__(
        self, *, connection: DedicatedConnection = dedicated_connection, name: str = NAME
    ) -> None:
        super().__init__()
        self._connection = connection
        self._name = name
        self._alarm = Alarm()
        self._started = False
        self._listening: psycopg.AsyncConnection | None = None
        self._cursor = 0
        self._guard = threading.Lock()
        self._changed: dict[str, frozenset[str]] = {}
        self._broadcasts: dict[tuple[str, str], None] = {}
        self._receivers: dict[str, Receiver] = {}

    def publish(self, topics: Iterable[str] | Changed) -> None:
        changed = as_changed(topics)
        super().publish_here(changed)
        self._keep(changed)

    def broadcast(self, channel: str, text: str = "") -> None:
        self._keep({}, (channel, text))

    def on_broadcast(self, channel: str, callback: Receiver) -> None:
        self._receivers[channel] = callback

    async def start(self) -> bool:
        """False if notifications don't arrive, as behind a pooler in transaction mode. Raises
        ``OperationalError``.
        """
        self._alarm.start()
        self._listening = await _listen()
        self._cursor = await self._write([])
        if not await self._wait(ANSWERED_WITHIN):
            await self._listening.close()
            return False
        self._started = True
        return True

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_all())
            group.create_task(self._write_all())

    async def stop(self) -> None:
        with suppress(OperationalError):
            await self._write_waiting()
        self._started = False
        if self._listening is not None:
            await self._listening.close()

    def _keep(self, changed: Changed, broadcast: tuple[str, str] | None = None) -> None:
        with self._guard:
            if not self._started:
                return
            if len(self._changed) + len(self._broadcasts) >= MOST:
                self._changed, self._broadcasts = {topics.everything(): frozenset()}, {}
            add_changes(self._changed, changed)
            if broadcast is not None:
                # The same text again moves to the end.
                self._broadcasts.pop(broadcast, None)
                self._broadcasts[broadcast] = None
        self._alarm.ring()

    async def _write_all(self) -> None:
        while True:
            await self._alarm.wait()
            try:
                await self._write_waiting()
            except OperationalError as error:
                log.warning("changes wait to be shared with other processes", exc_info=error)
                await asyncio.sleep(AGAIN_AFTER)
                self._alarm.ring()

    async def _write_waiting(self) -> None:
        with self._guard:
            changed, self._changed = self._changed, {}
            broadcasts, self._broadcasts = self._broadcasts, {}
        messages: list[dict[str, Any]] = []
        if changed:
            messages.append({"changed": {topic: sorted(ids) for topic, ids in changed.items()}})
        messages += [{"channel": channel, "text": text} for channel, text in broadcasts]
        if not messages:
            return
        try:
            await self._write(messages)
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.DataError):
                # It can't be written, now or later.
                changed, broadcasts = {topics.everything(): frozenset()}, {}
            # It may have been written; the same change twice does no harm.
            with self._guard:
                self._broadcasts = broadcasts | self._broadcasts
                add_changes(self._changed, changed)
            raise

    async def _write(self, messages: list[dict[str, Any]]) -> int:
        """Return the row's number."""
        parameters = [LOCK_KEY, self._name, json.dumps(messages), CHANNEL]
        [(number, _)] = await self._connection.execute(WRITE, parameters)
        return int(number)

    async def _read_all(self) -> None:
        while True:
            try:
                if self._listening is None or self._listening.closed:
                    self._listening = await _listen()
                await self._read()
                await self._wait(LOOK_EVERY)
            except OperationalError as error:
                log.warning("changes of other processes can't be read", exc_info=error)
                if self._listening is not None:
                    await self._listening.close()
                await asyncio.sleep(AGAIN_AFTER)

    async def _wait(self, seconds: float) -> bool:
        """True if a notification arrived."""
        if self._listening is None:
            return False
        notifications = self._listening.notifies(timeout=seconds, stop_after=1)
        try:
            return bool([notification async for notification in notifications])
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error

    async def _read(self) -> None:
        while True:
            rows = await self._connection.execute(READ, [self._cursor, AT_ONCE])
            if not rows or rows[0][0] != self._cursor:
                log.warning("changes of other processes were missed, so open pages are updated")
                self._cursor = rows[-1][0] if rows else await self._write([])
                self.publish_here([topics.everything()])
                return
            for number, origin, messages in rows[1:]:
                self._cursor = number
                if origin != self._name:
                    self._deliver(messages)
            if len(rows) < AT_ONCE:
                return

    def _deliver(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            if "changed" in message:
                changed = message["changed"].items()
                self.publish_here({topic: frozenset(ids) for topic, ids in changed})
            elif receiver := self._receivers.get(message["channel"]):
                receiver(message["text"])


async def _listen() -> psycopg.AsyncConnection:
    listening = await connect()
    try:
        await listening.execute(f"LISTEN {CHANNEL}".encode())
    except psycopg.Error as error:
        raise OperationalError(str(error)) from error
    return listening


def prune() -> None:
    """Delete old rows but the newest, where the cursors of those that have read all are."""
    newest = LoggedChange.objects.aggregate(newest=Max("pk"))["newest"]
    if newest is not None:
        LoggedChange.objects.filter(at__lt=timezone.now() - KEEP_FOR, pk__lt=newest).delete()


postgres_bus = PostgresBus()
"""The process's bus if the database is PostgreSQL."""
