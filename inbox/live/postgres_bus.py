"""The bus of processes that share a PostgreSQL.

What a process publishes is a row of the *change log*, and ``NOTIFY`` is its doorbell: whoever hears
it reads the rows after its cursor. The rows are read every few seconds in any case, so a lost
notification or a new connection misses nothing. Whoever has been away for so long that rows were
deleted takes it that everything has changed.

The process's own listeners are called at once, before the row is written.
"""

import asyncio
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
from django.db import OperationalError
from django.db.models import Max
from django.utils import timezone

from inbox.live import topics
from inbox.live.bus import Changed, Hearer, MemoryBus, as_changed
from inbox.live.database_link import NAME, Link, connect, link
from inbox.models import LoggedChange

log = logging.getLogger(__name__)

DOORBELL = "reviewer_inbox_changes"
LOOK_EVERY = 2.0
"""Seconds after which the change log is read without a notification."""
AGAIN_AFTER = 1.0
KEEP_FOR = timedelta(minutes=10)
"""How long rows stay in the change log."""
AT_ONCE = 500
"""Rows that are read at a time."""
MOST = 20_000
"""Topics or texts that wait while the database can't be reached."""
ANSWERED_WITHIN = 5.0
"""Seconds in which a notification must have come back at the start."""

TURN = 5_772_156_650
"""Key of the advisory lock under which rows get their numbers."""
# One statement, so that a process that is stopped can't keep the lock. The numbers are given under
# the lock, which is released after the commit: whoever sees a row sees all with lower numbers.
WRITE = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s))
INSERT INTO inbox_loggedchange (at, origin, messages)
SELECT clock_timestamp(), %s, %s::jsonb FROM turn
RETURNING id, pg_notify(%s, '')
"""
# From the cursor's own row: if that is missing, so may be later ones.
READ = """
SELECT id, origin, messages FROM inbox_loggedchange WHERE id >= %s ORDER BY id LIMIT %s
"""


class PostgresBus(MemoryBus):
    """Works as a ``MemoryBus`` outside ``start`` and ``stop``, as in management commands."""

    def __init__(self, *, link: Link = link, name: str = NAME) -> None:
        super().__init__()
        self._link = link
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening: psycopg.AsyncConnection | None = None
        self._cursor = 0
        self._waiting = asyncio.Event()
        self._guard = threading.Lock()
        self._changed: dict[str, frozenset[str]] = {}
        self._texts: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._hearers: dict[str, Hearer] = {}

    def publish(self, topics: Iterable[str] | Changed) -> None:
        changed = as_changed(topics)
        super().publish_here(changed)
        self._keep(changed)

    def tell(self, channel: str, text: str = "") -> None:
        self._keep({}, (channel, text))

    def hear(self, channel: str, callback: Hearer) -> None:
        self._hearers[channel] = callback

    async def start(self) -> bool:
        """Listen from now on. False if no notification arrives, as behind a connection pooler that
        gives each transaction another connection.

        The link must have been started. Raises ``OperationalError``.
        """
        self._waiting = asyncio.Event()
        self._listening = await _listen()
        self._cursor = await self._write([])
        if not await self._rings(ANSWERED_WITHIN):
            await self._listening.close()
            return False
        self._loop = asyncio.get_running_loop()
        return True

    async def run(self) -> None:
        """Exchange changes with the other processes until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_all())
            group.create_task(self._write_all())

    async def stop(self) -> None:
        """Write pending changes, and stop listening."""
        with suppress(OperationalError):
            await self._write_waiting()
        self._loop = None
        if self._listening is not None:
            await self._listening.close()

    def _keep(self, changed: Changed, text: tuple[str, str] | None = None) -> None:
        with self._guard:
            if self._loop is None:
                return
            if len(self._changed) + len(self._texts) >= MOST:
                self._changed, self._texts = {topics.everything(): frozenset()}, OrderedDict()
            for topic, ids in changed.items():
                self._changed[topic] = self._changed.get(topic, frozenset()) | ids
            if text is not None:
                self._texts[text] = None
                self._texts.move_to_end(text)
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._waiting.set)

    async def _write_all(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            try:
                await self._write_waiting()
            except OperationalError as error:
                log.warning("changes wait to be shared with other processes", exc_info=error)
                await asyncio.sleep(AGAIN_AFTER)
                self._waiting.set()

    async def _write_waiting(self) -> None:
        with self._guard:
            changed, self._changed = self._changed, {}
            texts, self._texts = self._texts, OrderedDict()
        messages: list[dict[str, Any]] = []
        if changed:
            messages.append({"changed": {topic: sorted(ids) for topic, ids in changed.items()}})
        messages += [{"channel": channel, "text": text} for channel, text in texts]
        if not messages:
            return
        try:
            await self._write(messages)
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.DataError):
                # It can't be written, now or later.
                changed, texts = {topics.everything(): frozenset()}, OrderedDict()
            # It may have been written; hearing of a change twice does no harm.
            with self._guard:
                self._texts = OrderedDict(texts | self._texts)
                for topic, ids in changed.items():
                    self._changed[topic] = self._changed.get(topic, frozenset()) | ids
            raise

    async def _write(self, messages: list[dict[str, Any]]) -> int:
        """Write a row, ring the doorbell, and return the row's number."""
        parameters = [TURN, self._name, json.dumps(messages), DOORBELL]
        [(number, _)] = await self._link.execute(WRITE, parameters)
        return int(number)

    async def _read_all(self) -> None:
        while True:
            try:
                if self._listening is None or self._listening.closed:
                    self._listening = await _listen()
                await self._read()
                await self._rings(LOOK_EVERY)
            except OperationalError as error:
                log.warning("changes of other processes can't be read", exc_info=error)
                if self._listening is not None:
                    await self._listening.close()
                await asyncio.sleep(AGAIN_AFTER)

    async def _rings(self, within: float) -> bool:
        """Whether the doorbell rings within this time."""
        if self._listening is None:
            return False
        notifications = self._listening.notifies(timeout=within, stop_after=1)
        try:
            return bool([notification async for notification in notifications])
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error

    async def _read(self) -> None:
        """Deliver the rows after the cursor."""
        while True:
            rows = await self._link.execute(READ, [self._cursor, AT_ONCE])
            if not rows or rows[0][0] != self._cursor:
                log.warning("changes of other processes were missed, so open pages read again")
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
            else:
                hearer: Callable[[str], None] | None = self._hearers.get(message["channel"])
                if hearer is not None:
                    hearer(message["text"])


async def _listen() -> psycopg.AsyncConnection:
    listening = await connect()
    try:
        await listening.execute(f"LISTEN {DOORBELL}".encode())
    except psycopg.Error as error:
        raise OperationalError(str(error)) from error
    return listening


def prune() -> None:
    """Delete old rows, except the newest: the cursors of processes that have read all are there."""
    newest = LoggedChange.objects.aggregate(newest=Max("pk"))["newest"]
    if newest is not None:
        old = LoggedChange.objects.filter(at__lt=timezone.now() - KEEP_FOR, pk__lt=newest)
        old.delete()


postgres_bus = PostgresBus()
"""The process's bus where the database is a PostgreSQL."""
