"""One transaction of a project: its lock, its clock, its events.

The project's row is locked first and until the commit. So writers of a project follow one another,
events are numbered in the order of their commits, and a reader that has seen an event has seen all
before it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connections, transaction

from inbox.engine import clock, commits
from inbox.engine.models.fields import dumps
from inbox.engine.router import ALIAS
from inbox.engine.rules import stamps

_INSERT = "INSERT INTO engine_event (project_id, seq, run_id, type, at, frame) VALUES "
_ROW = "(%s, %s, %s, %s, %s, %s)"
_NEWEST = "UPDATE engine_project SET seq = %s WHERE id = %s"
_BATCH = 100


class Unit:
    """What one transaction does. ``now`` was read after the lock was had."""

    def __init__(self, project_id: int, seq: int, now: datetime) -> None:
        self.project_id = project_id
        self.now = now
        self._seq = seq
        self._events: list[tuple[int, str | None, str, str]] = []
        self._due: datetime | None = None

    def emit(self, type_: str, run_id: str | None, data: dict[str, Any]) -> None:
        """Log one event, in the order of the calls."""
        seq = self._seq + len(self._events) + 1
        frame = (
            f'{{"type":"{type_}","run_id":{dumps(run_id)},"seq":{seq},'
            f'"timestamp":"{stamps.written(self.now)}","data":{dumps(data)}}}'
        )
        self._events.append((seq, run_id, type_, frame))

    def due(self, when: datetime) -> None:
        """The runner is to look at something at ``when``."""
        if self._due is None or when < self._due:
            self._due = when

    def close(self) -> None:
        """Write what was logged; called inside the transaction, at its end."""
        if self._events:
            self._write_events()
        if self._due is not None:
            transaction.on_commit(partial(commits.tell_due, self._due), using=ALIAS)

    def _write_events(self) -> None:
        connection = connections[ALIAS]
        newest = self._seq + len(self._events)
        now = connection.ops.adapt_datetimefield_value(self.now)
        with connection.cursor() as cursor:
            for start in range(0, len(self._events), _BATCH):
                rows = self._events[start : start + _BATCH]
                values = [
                    value
                    for seq, run_id, type_, frame in rows
                    for value in (self.project_id, seq, run_id, type_, now, frame)
                ]
                insert = _INSERT + ", ".join([_ROW] * len(rows))
                if start == 0 and connection.vendor == "postgresql":
                    insert = f"WITH newest AS ({_NEWEST}) {insert}"
                    values = [newest, self.project_id, *values]
                cursor.execute(insert, values)
            if connection.vendor != "postgresql":
                cursor.execute(_NEWEST, [newest, self.project_id])
        transaction.on_commit(partial(commits.tell, self.project_id, newest), using=ALIAS)


def _lock(project_id: int) -> int:
    connection = connections[ALIAS]
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT seq FROM engine_project WHERE id = %s{lock}", [project_id])  # noqa: S608
        return int(cursor.fetchone()[0])


@contextmanager
def writing(project_id: int, at: datetime | None = None) -> Iterator[Unit]:
    """One transaction on the project; what it raises undoes it all.

    ``at`` stands in for the clock, for who makes a past.
    """
    with transaction.atomic(using=ALIAS):
        seq = _lock(project_id)
        unit = Unit(project_id, seq, at or clock.now())
        yield unit
        unit.close()
