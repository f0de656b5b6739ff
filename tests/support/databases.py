"""Fresh databases for a process that a test starts. ``python -m tests.support.databases`` prepares
``DATA_DIR``.
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
ROLES = {"DATABASE_URL": "inbox", "ENGINE_DATABASE_URL": "engine"}


def environment(folder: Path, name: str, *, installed: bool = False) -> dict[str, str]:
    """Its data is in ``folder``, or in fresh databases named after ``name`` where the suite runs on
    PostgreSQL. ``installed``: tables and static files exist, which saves a start five seconds of
    CPU.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    if installed:
        shutil.copytree(_installed(), folder, dirs_exist_ok=True)
    return {
        **os.environ,
        "DATA_DIR": str(folder),
        **{
            variable: _fresh(
                _postgres(variable),
                f"{name}_{worker}_{role}",
                template=f"installed_{role}" if installed else None,
            )
            for variable, role in ROLES.items()
        },
    }


def _postgres(variable: str) -> str:
    url = os.environ.get(variable, "")
    return url if url.startswith("postgres") else ""


def _installed() -> Path:
    run = Path(os.environ["DATA_DIR"])
    folder, unfinished = run / "installed", run / "unfinished"
    with (run / "installed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            settings = {"DATA_DIR": str(unfinished), "DJANGO_SETTINGS_MODULE": SETTINGS}
            urls = {
                variable: _fresh(_postgres(variable), f"installed_{role}")
                for variable, role in ROLES.items()
            }
            program = [sys.executable, "-m", "tests.support.databases"]
            subprocess.run(program, cwd=ROOT, env={**os.environ, **settings, **urls}, check=True)
            unfinished.rename(folder)
    return folder


def _install() -> None:
    import django  # noqa: PLC0415 - the parent imports this file without Django's settings

    django.setup()

    from django.db import connections  # noqa: PLC0415

    from inbox.lib import static_files  # noqa: PLC0415
    from inbox.management.preparing import migrate  # noqa: PLC0415

    migrate("default")
    migrate("engine")
    connections.close_all()
    static_files.collect_if_changed()


def _fresh(url: str, suffix: str, *, template: str | None = None) -> str:
    """The address of a new database beside the one of ``url``; nothing for SQLite."""
    if not url:
        return ""
    parts = urlsplit(url)
    suite = parts.path.lstrip("/")
    name = f"{suite}_{suffix}"
    source = f"{suite}_{template}" if template else "template1"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
    return urlunsplit(parts._replace(path=f"/{name}"))


if __name__ == "__main__":
    _install()
