"""A transaction on a project. Its row is locked until the commit, so events are numbered in the
order of commits, and a reader that has seen an event has seen all earlier ones.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from inbox.engine import clock
from inbox.engine.actions import rows
from inbox.engine.fields import dumps
from inbox.engine.models import Event, Project
from inbox.engine.router import ALIAS
from inbox.engine.rules import times

# Sent after a commit, in the thread that wrote. Their receivers must not block.
events_committed = Signal()
"""With ``project_id`` and ``seq``, the number of its newest event."""
work_due = Signal()
"""With ``at``, a time at which the runner has something to do."""

_BATCH = 100
"""Events in one INSERT: databases limit the parameters of a statement."""


class Unit:
    """``now`` is read once the lock is held."""

    def __init__(self, project: Project, now: datetime) -> None:
        self.project_id = project.pk
        self.now = now
        self._project = project
        self._events: list[Event] = []
        self._due: datetime | None = None

    def emit(self, type_: str, run_id: str | None, data: dict[str, Any]) -> None:
        self._project.seq += 1
        frame = (
            f'{{"type":"{type_}","run_id":{dumps(run_id)},"seq":{self._project.seq},'
            f'"timestamp":"{times.to_text(self.now)}","data":{dumps(data)}}}'
        )
        self._events.append(
            Event(
                project_id=self.project_id,
                seq=self._project.seq,
                run_id=run_id,
                type=type_,
                at=self.now,
                frame=frame,
            )
        )

    def due(self, when: datetime) -> None:
        if self._due is None or when < self._due:
            self._due = when

    def close(self) -> None:
        if self._events:
            for start in range(0, len(self._events), _BATCH):
                rows.insert(*self._events[start : start + _BATCH])
            rows.update(self._project, "seq")
            transaction.on_commit(self._send_committed, using=ALIAS)
        if self._due is not None:
            transaction.on_commit(self._send_due, using=ALIAS)

    def _send_committed(self) -> None:
        events_committed.send(None, project_id=self.project_id, seq=self._project.seq)

    def _send_due(self) -> None:
        work_due.send(None, at=self._due)


@contextmanager
def writing(project_id: int, at: datetime | None = None) -> Iterator[Unit]:
    """``at`` replaces the current time, to create past data."""
    with transaction.atomic(using=ALIAS):
        project = rows.find(Project, lock=True, id=project_id)
        assert project is not None  # nosec B101 # noqa: S101  projects are not deleted
        unit = Unit(project, at or clock.now())
        yield unit
        unit.close()
