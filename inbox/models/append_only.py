"""The triggers that keep the decision log as it is, on either database.

SQLite drops a table's triggers when Django rebuilds the table, so they are laid after each migrate
and not by a migration.
"""

import logging
from typing import Any

from django.db import connections, router

from inbox.models.decision import Decision

log = logging.getLogger(__name__)

TABLE = Decision._meta.db_table
WORDS = "the decision log is append-only"

# INSERT OR REPLACE would delete the row that is there without a DELETE.
_TAKEN = (
    f"EXISTS (SELECT 1 FROM {TABLE} WHERE number >= NEW.number) OR (NEW.verb = 'respond' AND "  # noqa: S608 - no input
    f"EXISTS (SELECT 1 FROM {TABLE} WHERE verb = 'respond' AND base_url = NEW.base_url AND "
    "project = NEW.project AND interaction_id = NEW.interaction_id AND actor = NEW.actor))"
)
_SQLITE = {
    f"{TABLE}_{name}": f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} {when}"
    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    for name, event, when in (
        ("no_update", "UPDATE", ""),
        ("no_delete", "DELETE", ""),
        ("no_replace", "INSERT", f"WHEN {_TAKEN} "),
    )
}
_REFUSES = f"{TABLE}_refuses"
_BODY = f"BEGIN RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'restrict_violation'; END"
_POSTGRESQL = (
    f"CREATE OR REPLACE FUNCTION {_REFUSES}() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$",
    f"CREATE OR REPLACE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
    f"ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {_REFUSES}()",
    # Also in a session that plays a replica.
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {TABLE}_append_only",
)
# tgtype: before (2), delete (8), update (16), truncate (32), for each statement.
_FOUND = """
    SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = to_regclass(%s) AND t.tgname = %s AND t.tgenabled = 'A' AND t.tgtype = 58
      AND p.proname = %s AND p.prosrc = %s
"""


def install_triggers(*, using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``: lay the triggers anew."""
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


def report(*, using: str, **_: Any) -> None:
    """Receiver of ``pre_migrate``, and called at the start: say which triggers are not there."""
    if router.allow_migrate_model(using, Decision) and (gone := missing(using=using)):
        log.error(
            "The database no longer kept the decision log from being changed: %s missing or "
            "changed; migrate recreates them, then run verify_decisions.",
            ", ".join(gone),
        )


def missing(*, using: str) -> list[str]:
    """Names of the triggers that are not there, or not as they were laid. Empty without a table."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return []
        if connection.vendor == "postgresql":
            name = f"{TABLE}_append_only"
            cursor.execute(_FOUND, [TABLE, name, _REFUSES, _BODY])
            return [] if cursor.fetchone() else [name]
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        laid = dict(cursor.fetchall())
    return [name for name, statement in _SQLITE.items() if laid.get(name) != statement]
