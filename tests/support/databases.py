"""Fresh databases for a process that a test starts."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


def environment(folder: Path, name: str) -> dict[str, str]:
    """The environment of a process with its data in ``folder`` and databases of its own.

    Where the suite runs on PostgreSQL (``DATABASE_URL``), two fresh databases are made there, named
    after ``name``; else the process keeps its SQLite files in the folder.
    """
    made = {**os.environ, "DATA_DIR": str(folder)}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    for variable, role in (("DATABASE_URL", "inbox"), ("ENGINE_DATABASE_URL", "engine")):
        url = os.environ.get(variable, "")
        made[variable] = (
            _fresh(url, f"{name}_{worker}_{role}") if url.startswith("postgres") else ""
        )
    return made


def _fresh(url: str, suffix: str) -> str:
    parts = urlsplit(url)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))
