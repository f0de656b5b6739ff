from enum import StrEnum

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_noop

from inbox.mirror import database
from inbox.mirror.freshness import Reason, sync_status
from inbox.upstream import installation

_UNREACHABLE = (Reason.DATABASE_UNREACHABLE, Reason.DATABASE_SILENT)


class Obstacle(StrEnum):
    UNREACHABLE = gettext_noop("The database can't be reached.")
    NOT_MIGRATED = gettext_noop("Some migrations haven't been applied.")
    DISK_FULL = gettext_noop("The disk of the inbox's database is full.")
    WRITE_FAILED = gettext_noop("The last write to the database failed.")


class Readiness:
    def __init__(self) -> None:
        self._migrated = True

    def check(self) -> Obstacle | None:
        """Not tried while the database is known not to respond: a probe would wait for it too."""
        if self.known() is Obstacle.UNREACHABLE:
            return Obstacle.UNREACHABLE
        try:
            self._migrated = installation.is_migrated()
        except (DatabaseError, InterfaceError):
            return Obstacle.UNREACHABLE
        return self.known()

    def known(self) -> Obstacle | None:
        if sync_status.facts.database_problem in _UNREACHABLE:
            return Obstacle.UNREACHABLE
        if not self._migrated:
            return Obstacle.NOT_MIGRATED
        if sync_status.facts.database_problem is Reason.DISK_FULL:
            return Obstacle.DISK_FULL
        return Obstacle.WRITE_FAILED if database.watch.failed else None


readiness = Readiness()
"""The process's readiness."""
