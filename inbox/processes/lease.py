"""Which of several processes is the leader, by a lease in the database.

Only the leader syncs and does the other work that must be done once. Its tasks run in a context
with the number of the lease. Each transaction in that context first checks that the lease still has
this number, and locks its row so that no other process can take it. So a leader that was
paused for longer than the lease lasts writes nothing when it resumes: it gets ``LeaseLost``.

Another process takes the lease once it has expired, or as soon as the leader is no longer connected
to the database. A session that is idle in a transaction for as long as a lease lasts belongs to a
stopped process, and may hold locks that others wait for. It is terminated.
"""

import json
import logging
from collections.abc import Callable
from contextvars import Context, ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

from inbox.lib.process_name import NAME, PREFIX, host_and_process
from inbox.processes.dedicated_connection import DedicatedConnection, dedicated_connection

log = logging.getLogger(__name__)

VALID_FOR = 10.0
"""Seconds for which a lease is taken or renewed."""
MARGIN = 1.0
"""Seconds before its end from which the leader starts nothing that can't be undone."""
SYNC = "sync"
"""Name of the leader's lease."""

# The row is skipped while a transaction that has checked the lease is open.
TAKE = """
WITH free AS (
  SELECT name FROM inbox_lease
  WHERE name = %(name)s AND (until < clock_timestamp() OR NOT EXISTS (
    SELECT FROM pg_stat_activity WHERE application_name = holder AND datname = current_database()
  ))
  FOR UPDATE SKIP LOCKED
)
UPDATE inbox_lease SET holder = %(holder)s, number = number + 1, report = '{}',
  until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM free WHERE inbox_lease.name = free.name
RETURNING number
"""
CREATE = """
INSERT INTO inbox_lease (name, holder, number, until, report)
VALUES (%(name)s, '', 0, clock_timestamp(), '{}') ON CONFLICT DO NOTHING
"""
# It changes no key column, so it doesn't wait for transactions that have checked the lease.
RENEW = """
UPDATE inbox_lease SET until = clock_timestamp() + make_interval(secs => %(seconds)s),
  report = %(report)s::jsonb
WHERE name = %(name)s AND number = %(number)s
RETURNING number
"""
RELEASE = """
UPDATE inbox_lease SET until = clock_timestamp() WHERE name = %(name)s AND number = %(number)s
"""
LOOK = """
SELECT number, until > clock_timestamp() AND EXISTS (
    SELECT FROM pg_stat_activity WHERE application_name = holder AND datname = current_database()
  ), report
FROM inbox_lease WHERE name = %(name)s
"""
LEADER = """
SELECT holder FROM inbox_lease WHERE until > clock_timestamp() AND EXISTS (
    SELECT FROM pg_stat_activity WHERE application_name = holder AND datname = current_database()
  )
"""
CHECK = "SELECT FROM inbox_lease WHERE name = %s AND number = %s FOR KEY SHARE"
END_STOPPED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user
  AND starts_with(application_name, %s) AND state LIKE 'idle in transaction%%'
  AND state_change < clock_timestamp() - make_interval(secs => %s)
"""
PROCESSES = """
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, %s)
"""


class LeaseLost(Exception):
    """Another process is the leader, or may be by now. Nothing was written."""


@dataclass
class Term:
    """``valid_until`` is monotonic."""

    number: int
    valid_until: float

    def context(self) -> Context:
        """Every write in this context checks the lease."""
        context = Context()
        context.run(_term.set, self)
        return context


_term: ContextVar[Term | None] = ContextVar("lease_term", default=None)


@dataclass(frozen=True)
class State:
    """``led``: its holder is the leader now."""

    number: int
    led: bool
    report: dict[str, Any]


class SyncLease:
    """All methods raise ``OperationalError``."""

    def __init__(
        self, connection: DedicatedConnection = dedicated_connection, holder: str = NAME
    ) -> None:
        self._connection = connection
        self._holder = holder
        self._known = {"name": SYNC, "seconds": VALID_FOR}
        self.term: Term | None = None
        self.lost = False
        """A task has got ``LeaseLost``."""

    @property
    def expired(self) -> bool:
        return self.term is None or monotonic() >= self.term.valid_until

    async def take(self) -> bool:
        await self._connection.execute(END_STOPPED, [PREFIX, VALID_FOR])
        await self._execute(CREATE)
        began = monotonic()
        taken = await self._execute(TAKE, holder=self._holder)
        if not taken:
            return False
        self.term, self.lost = Term(taken[0][0], began + VALID_FOR - MARGIN), False
        return True

    async def renew(self, report: dict[str, Any]) -> bool:
        """False if another process has taken it."""
        if self.term is None:
            return False
        await self._connection.execute(END_STOPPED, [PREFIX, VALID_FOR])
        began = monotonic()
        about = {"number": self.term.number, "report": json.dumps(report)}
        if not await self._execute(RENEW, **about):
            return False
        self.term.valid_until = began + VALID_FOR - MARGIN
        return True

    async def release(self) -> None:
        term, self.term = self.term, None
        if term is not None:
            await self._execute(RELEASE, number=term.number)

    async def look(self) -> State | None:
        """None before it was first taken."""
        found = await self._execute(LOOK)
        return State(*found[0]) if found else None

    async def processes(self) -> set[str]:
        return {name for (name,) in await self._connection.execute(PROCESSES, [PREFIX])}

    async def _execute(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return await self._connection.execute(sql, self._known | parameters)


sync_lease = SyncLease()
"""The process's part in the lease of the leader."""


def leads() -> bool:
    """True also for the only process."""
    return sync_lease.term is not None or not dedicated_connection.started


def leader() -> str:
    """Host and process ID; empty if none leads. Only on PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(LEADER)
        found = cursor.fetchone()
    return host_and_process(found[0]) if found else ""


def check() -> None:
    """Raise ``LeaseLost``, without a query, before what a rollback can't undo, such as a request to
    Mobius.
    """
    term = _term.get()
    if term is not None and monotonic() >= term.valid_until:
        raise LeaseLost("the lease was not renewed in time")


def is_lost(error: BaseException | None) -> bool:
    """Also for an exception group with one."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_lost, error.exceptions))
    return isinstance(error, LeaseLost)


def check_writes(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of ``connection_created``."""
    checked = connection.alias == "default" and connection.vendor == "postgresql"
    if checked and _execute_checked not in connection.execute_wrappers:
        connection.execute_wrappers.append(_execute_checked)


def _execute_checked(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Before the first statement of each transaction."""
    term, connection = _term.get(), context["connection"]
    if term is None:
        return execute(sql, params, many, context)
    if not connection.in_atomic_block:
        if sql.lstrip().startswith("SELECT"):
            return execute(sql, params, many, context)
        with transaction.atomic(using=connection.alias):
            _check_in(connection, term)
            return execute(sql, params, many, context)
    # Before any savepoint: rolling back to one would unlock the row.
    if connection.connection.info.transaction_status == TransactionStatus.IDLE:
        _check_in(connection, term)
    return execute(sql, params, many, context)


def _check_in(connection: BaseDatabaseWrapper, term: Term) -> None:
    # Not through Django's cursor, which would call the wrapper again.
    if connection.connection.execute(CHECK, [SYNC, term.number]).fetchone() is None:
        raise LeaseLost("another process has taken the lease")
