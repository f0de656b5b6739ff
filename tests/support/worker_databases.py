"""The databases of a worker: copies of those that the first worker of a run has made."""

import fcntl
import os
import shutil
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql


def take_copies() -> None:
    for alias in connections:
        connection = connections[alias]
        copy = _name(connection, os.environ.get("PYTEST_XDIST_WORKER", "alone"))
        _copy(connection, _template(connection), copy)
        _use(connection, copy)


def drop_copies() -> None:
    for connection in connections.all():
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()
            _drop(connection, connection.settings_dict["NAME"])


def _template(connection: BaseDatabaseWrapper) -> str:
    """The first process makes it while the others wait."""
    name = _name(connection, "template")
    made = Path(settings.DATA_DIR, f"template-{connection.alias}")
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            connection.settings_dict["TEST"]["NAME"] = name
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            connection.close()
            if connection.vendor == "postgresql":
                connection.close_pool()
            made.touch()
    return name


def _name(connection: BaseDatabaseWrapper, suffix: str) -> str:
    if connection.vendor == "sqlite":
        return str(Path(settings.DATA_DIR, f"test-{connection.alias}-{suffix}.sqlite3"))
    return f"test_{settings.DATABASES[connection.alias]['NAME']}_{suffix}"


def _copy(connection: BaseDatabaseWrapper, template: str, copy: str) -> None:
    if connection.vendor == "sqlite":
        shutil.copy(template, copy)
        return
    _drop(connection, copy)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _on_server(create.format(sql.Identifier(copy), sql.Identifier(template)))


def _use(connection: BaseDatabaseWrapper, name: str) -> None:
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name


def _drop(connection: BaseDatabaseWrapper, name: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    _on_server(statement.format(sql.Identifier(name)))


def _on_server(statement: sql.Composed) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(statement)
