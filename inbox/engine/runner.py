"""Advances runs and enforces deadlines. It reads what is due from the database, so a new process
continues where a killed one stopped.
"""

import logging
import threading
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import DataError, IntegrityError, connections

from inbox.engine import clock
from inbox.engine.actions import advance
from inbox.engine.actions.unit import work_due
from inbox.engine.router import ALIAS

LONGEST_WAIT = 1.0
"""Seconds after which the earliest deadline is read again: clocks jump, and others write."""

_BATCH = 50
_TRANSITIONS = 4
_AFTER_FAILURE = 0.5
_DEFECTS = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    *(DataError, IntegrityError),
)

logger = logging.getLogger(__name__)


class Runner:
    def __init__(self, *, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self._changed = threading.Condition()
        self._stopping = False
        self._awake = False
        self._until: datetime | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        work_due.connect(self._work_is_due)
        self._thread = threading.Thread(target=self._run, name="engine-runner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        work_due.disconnect(self._work_is_due)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work_is_due(self, at: datetime, **kwargs: Any) -> None:
        with self._changed:
            if self._until is None or at < self._until:
                self._awake = True
                self._changed.notify_all()

    def _run(self) -> None:
        try:
            while not self._stopping:
                try:
                    if not self._run_due():
                        self._wait(advance.earliest())
                except Exception:  # such as a database that fails; without the runner, no run moves
                    logger.exception("the runner failed and tries again")
                    connections[ALIAS].close()
                    self._wait(clock.now() + timedelta(seconds=_AFTER_FAILURE))
        finally:
            connections[ALIAS].close()

    def _run_due(self) -> bool:
        """False if nothing was due."""
        with self._changed:
            self._awake = False
            self._until = None
        now = clock.now()
        late: dict[int, list[str]] = defaultdict(list)
        for project_id, interaction_id in advance.due_interactions(now=now, limit=_BATCH):
            late[project_id].append(interaction_id)
        for project_id, interaction_ids in late.items():
            if self._stopping:
                return True
            advance.expire(project_id=project_id, interaction_ids=interaction_ids)
        runs = advance.due_runs(now=now, limit=_BATCH)
        for project_id, run_id in runs:
            if self._stopping:
                return True
            self._advance(project_id, run_id)
        return bool(late or runs)

    def _advance(self, project_id: int, run_id: str) -> None:
        try:
            for _ in range(_TRANSITIONS):
                if not advance.advance(project_id=project_id, run_id=run_id):
                    return
        except _DEFECTS:
            logger.exception("run %s cannot be continued", run_id)
            message = "The engine could not continue the run. See its log for the reason."
            advance.abandon(project_id=project_id, run_id=run_id, message=message)

    def _wait(self, earliest: datetime | None) -> None:
        with self._changed:
            if self._awake or self._stopping:
                return
            self._until = earliest
            ahead = self._longest_wait
            if earliest is not None:
                ahead = min(ahead, (earliest - clock.now()).total_seconds())
            self._changed.wait(max(0.0, ahead))
            self._until = None
