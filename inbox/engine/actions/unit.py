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

from django.db import transaction

from inbox.engine import clock, commits
from inbox.engine.actions import rows
from inbox.engine.models import Event, Project
from inbox.engine.models.fields import dumps
from inbox.engine.router import ALIAS
from inbox.engine.rules import stamps

_BATCH = 100
"""Events in one INSERT: databases limit the parameters of a statement."""


class Unit:
    """What one transaction does. ``now`` was read after the lock was had."""

    def __init__(self, project: Project, now: datetime) -> None:
        self.project_id = project.pk
        self.now = now
        self._project = project
        self._events: list[Event] = []
        self._due: datetime | None = None

    def emit(self, type_: str, run_id: str | None, data: dict[str, Any]) -> None:
        """Log one event, in the order of the calls."""
        self._project.seq += 1
        frame = (
            f'{{"type":"{type_}","run_id":{dumps(run_id)},"seq":{self._project.seq},'
            f'"timestamp":"{stamps.written(self.now)}","data":{dumps(data)}}}'
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
        """The runner is to look at something at ``when``."""
        if self._due is None or when < self._due:
            self._due = when

    def close(self) -> None:
        """Write the events; called inside the transaction, at its end."""
        if self._events:
            for start in range(0, len(self._events), _BATCH):
                rows.insert(*self._events[start : start + _BATCH])
            rows.update(self._project, "seq")
            committed = partial(commits.tell, self.project_id, self._project.seq)
            transaction.on_commit(committed, using=ALIAS)
        if self._due is not None:
            transaction.on_commit(partial(commits.tell_due, self._due), using=ALIAS)


@contextmanager
def writing(project_id: int, at: datetime | None = None) -> Iterator[Unit]:
    """One transaction on the project; what it raises undoes it all.

    ``at`` stands in for the clock, for who makes a past.
    """
    with transaction.atomic(using=ALIAS):
        project = rows.find(Project, lock=True, id=project_id)
        assert project is not None  # noqa: S101  projects are not deleted
        unit = Unit(project, at or clock.now())
        yield unit
        unit.close()
