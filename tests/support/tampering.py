"""What someone with access to the database can do."""

from typing import Any

from django.db import connections

from inbox.models import DecisionHead, append_only
from inbox.models.append_only import TABLE
from inbox.services.audit import decision_log, entry_count


def lift_triggers(using: str = "default") -> None:
    """Remove the triggers that make the decision log append-only."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger "
                "WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal",
                [TABLE],
            )
            drop = f"DROP TRIGGER {{}} ON {TABLE}"
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE]
            )
            drop = "DROP TRIGGER {}"
        for (name,) in cursor.fetchall():
            cursor.execute(drop.format(name))


def run_sql(statement: str, parameters: list[Any] | None = None, using: str = "default") -> None:
    """Run one statement, bypassing the models."""
    with connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)


def empty_log() -> None:
    """A log without an entry, for tests that begin with accounts whose making was logged."""
    lift_triggers()
    run_sql(f"DELETE FROM {TABLE}")
    run_sql("DELETE FROM inbox_decisionhead")
    append_only.install_triggers(using="default")
    decision_log.begin()
    entry_count.reset(DecisionHead(number=0))
