"""Fresh databases for a process that a test starts.

As a program (``python -m tests.support.databases``) it makes ``DATA_DIR`` as the first start of the
product would, up to the tables and the static files.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from reviewer_site.environment import ROOT

SETTINGS = "reviewer_site.settings"


def environment(folder: Path, name: str, *, installed: bool = False) -> dict[str, str]:
    """The environment of a process with its data in ``folder`` and databases of its own.

    Where the suite runs on PostgreSQL (``DATABASE_URL``), two fresh databases are made there, named
    after ``name``; else the process keeps its SQLite files in the folder. ``installed``: these have
    their tables, and the folder the static files, which saves a start five seconds of CPU. Not for
    tests of the first start.
    """
    made = {**os.environ, "DATA_DIR": str(folder)}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    for variable, role in (("DATABASE_URL", "inbox"), ("ENGINE_DATABASE_URL", "engine")):
        url = os.environ.get(variable, "")
        made[variable] = (
            _fresh(url, f"{name}_{worker}_{role}") if url.startswith("postgres") else ""
        )
    if installed and not made["DATABASE_URL"] and not made["ENGINE_DATABASE_URL"]:
        shutil.copytree(_installed(), folder, dirs_exist_ok=True)
    return made


def _installed() -> Path:
    """A folder that is copied, made once for all workers of a run."""
    run = Path(os.environ["DATA_DIR"])
    folder, unfinished = run / "installed", run / "unfinished"
    with (run / "installed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            settings = {"DATA_DIR": str(unfinished), "DJANGO_SETTINGS_MODULE": SETTINGS}
            urls = {"DATABASE_URL": "", "ENGINE_DATABASE_URL": ""}
            program = [sys.executable, "-m", "tests.support.databases"]
            subprocess.run(program, cwd=ROOT, env={**os.environ, **settings, **urls}, check=True)
            unfinished.rename(folder)
    return folder


def _install() -> None:
    import django  # noqa: PLC0415 - the parent imports this file without Django's settings

    django.setup()

    from django.db import connections  # noqa: PLC0415

    from inbox.management import tables  # noqa: PLC0415
    from reviewer_site import static  # noqa: PLC0415

    tables.migrate("default")
    tables.migrate("engine")
    connections.close_all()
    static.collect_if_changed()


def _fresh(url: str, suffix: str) -> str:
    parts = urlsplit(url)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))


if __name__ == "__main__":
    _install()
