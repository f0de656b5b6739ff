"""The thread that carries runs on and fires deadlines.

It keeps nothing in memory that matters: what is due is read from the database, so a new process
goes on where a killed one stopped.
"""

import logging
import threading
from collections import defaultdict
from datetime import datetime, timedelta

from django.db import DataError, Error, IntegrityError, connections

from inbox.engine import clock, commits
from inbox.engine.actions import advance, timers
from inbox.engine.router import ALIAS

LONGEST_WAIT = 1.0
"""Seconds after which the earliest deadline is read again: clocks jump, others write too."""

_BATCH = 50
_TRANSITIONS = 4
_AFTER_FAILURE = 0.5
_DEFECTS = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    *(DataError, IntegrityError),
)

logger = logging.getLogger(__name__)


class Runner:
    """Carries on what is due in all projects of the database, in one thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stopping = False
        self._awake = False
        self._until: datetime | None = None
        self._thread: threading.Thread | None = None
        self._unsubscribe: commits.Unsubscribe | None = None

    def start(self) -> None:
        """Begin; what a killed process left is due at once."""
        self._unsubscribe = commits.subscribe_due(self._due_at)
        self._thread = threading.Thread(target=self._run, name="engine-runner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the transition under way, and wait for that."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look at once whether something is due."""
        with self._changed:
            self._awake = True
            self._changed.notify_all()

    def _due_at(self, when: datetime) -> None:
        with self._changed:
            if self._until is None or when < self._until:
                self._awake = True
                self._changed.notify_all()

    def _run(self) -> None:
        try:
            while not self._stopping:
                try:
                    if not self._pass():
                        self._wait(timers.earliest())
                except Error:
                    logger.exception("the engine's database failed; the runner tries again")
                    connections[ALIAS].close()
                    self._wait(clock.now() + timedelta(seconds=_AFTER_FAILURE))
        finally:
            connections[ALIAS].close()

    def _pass(self) -> bool:
        """Do a batch of what is due. Whether there was anything."""
        with self._changed:
            self._awake = False
            self._until = None
        now = clock.now()
        late: dict[int, list[str]] = defaultdict(list)
        for project_id, interaction_id in timers.due_interactions(now=now, limit=_BATCH):
            late[project_id].append(interaction_id)
        for project_id, interaction_ids in late.items():
            if self._stopping:
                return True
            timers.expire(project_id=project_id, interaction_ids=interaction_ids)
        runs = timers.due_runs(now=now, limit=_BATCH)
        for project_id, run_id in runs:
            if self._stopping:
                return True
            self._carry_on(project_id, run_id)
        return bool(late or runs)

    def _carry_on(self, project_id: int, run_id: str) -> None:
        try:
            for _ in range(_TRANSITIONS):
                if not advance.advance(project_id=project_id, run_id=run_id):
                    return
        except _DEFECTS:
            logger.exception("run %s cannot be carried on", run_id)
            message = "The engine could not carry the run on; its log says why."
            advance.abandon(project_id=project_id, run_id=run_id, message=message)

    def _wait(self, earliest: datetime | None) -> None:
        with self._changed:
            if self._awake or self._stopping:
                return
            self._until = earliest
            ahead = LONGEST_WAIT
            if earliest is not None:
                ahead = min(ahead, (earliest - clock.now()).total_seconds())
            self._changed.wait(max(0.0, ahead))
            self._until = None
