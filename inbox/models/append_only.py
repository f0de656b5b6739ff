"""Database triggers that make the decision log append-only, and the check that they are there.

SQLite drops a table's triggers when Django rebuilds the table, so they are created after each
migrate and not by a migration.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, router

from inbox.models.decision import Decision

log = logging.getLogger(__name__)

TABLE = Decision._meta.db_table
MESSAGE = "the decision log is append-only"

# INSERT OR REPLACE would delete an existing row without a DELETE.
_REPLACES = (
    f"EXISTS (SELECT 1 FROM {TABLE} WHERE number >= NEW.number) OR (NEW.verb = 'respond' AND "  # nosec # noqa: S608 - no input
    f"EXISTS (SELECT 1 FROM {TABLE} WHERE verb = 'respond' AND base_url = NEW.base_url AND "
    "project = NEW.project AND interaction_id = NEW.interaction_id AND actor = NEW.actor "
    "AND round = NEW.round))"
)
_SQLITE = {
    f"{TABLE}_{name}": f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} {when}"
    f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    for name, event, when in (
        ("no_update", "UPDATE", ""),
        ("no_delete", "DELETE", ""),
        ("no_replace", "INSERT", f"WHEN {_REPLACES} "),
    )
}
BEFORE_ROUNDS = _SQLITE[f"{TABLE}_no_replace"].replace(" AND round = NEW.round", "")
"""Found at an upgrade, and replaced at its end. It protects the log too."""
_FUNCTION = f"{TABLE}_refuses"
_BODY = f"BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation'; END"
_POSTGRESQL = (
    f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$",
    f"CREATE OR REPLACE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
    f"ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()",
    # Also in sessions with session_replication_role = replica.
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {TABLE}_append_only",
)
# tgtype: before (2), delete (8), update (16), truncate (32), for each statement.
_TRIGGER_QUERY = """
    SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = to_regclass(%s) AND t.tgname = %s AND t.tgenabled = 'A' AND t.tgtype = 58
      AND p.proname = %s AND p.prosrc = %s
"""


def install_triggers(*, using: str, **_: Any) -> None:
    if not router.allow_migrate_model(using, Decision):
        return
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return
        if connection.vendor == "postgresql":
            for statement in _POSTGRESQL:
                cursor.execute(statement)
            return
        for name, statement in _SQLITE.items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(statement)


def log_missing_triggers(*, using: str, **_: Any) -> None:
    if router.allow_migrate_model(using, Decision) and (names := missing_triggers(using=using)):
        log.error(
            "The database no longer protected the decision log against changes: %s missing or "
            "changed. Recreate them with migrate, then run verify_decisions.",
            ", ".join(names),
        )


def missing_triggers(*, using: str) -> list[str]:
    """Also those that were changed. Empty without a table."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return []
        if connection.vendor == "postgresql":
            name = f"{TABLE}_append_only"
            cursor.execute(_TRIGGER_QUERY, [TABLE, name, _FUNCTION, _BODY])
            return [] if cursor.fetchone() else [name]
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = dict(cursor.fetchall())
    intact = {*_SQLITE.items(), (f"{TABLE}_no_replace", BEFORE_ROUNDS)}
    return [name for name in _SQLITE if (name, triggers.get(name)) not in intact]


@register(Tags.database)
def check_append_only(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """For ``manage.py check --database default``."""
    return [
        Error(
            f"The trigger {name} that protects the decision log is missing or was changed.",
            hint="Recreate it with migrate --skip-checks, then run verify_decisions.",
            obj=using,
            id="inbox.E001",
        )
        for using in databases or ()
        if router.allow_migrate_model(using, Decision)
        for name in missing_triggers(using=using)
    ]
