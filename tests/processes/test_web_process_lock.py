"""A second web process on the same database does not start, unless it can share it."""

import threading
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.lib.startup import StartRefused
from inbox.processes.web_process_lock import KEY, WebProcessLock
from reviewer_site.sqlite.base import DatabaseWrapper


@pytest.fixture
def file(tmp_path: Path) -> BaseDatabaseWrapper:
    name = str(tmp_path / "inbox.sqlite3")
    return DatabaseWrapper({**connections["default"].settings_dict, "NAME": name})


@pytest.fixture
def database(db: None) -> BaseDatabaseWrapper:
    return connections["default"]


def test_a_second_process_is_refused_in_one_sentence(file: BaseDatabaseWrapper) -> None:
    first, second = WebProcessLock(file), WebProcessLock(file, wait=0)
    first.acquire()
    with pytest.raises(StartRefused, match="Another web process is using this database"):
        second.acquire()
    first.release()


def test_a_restart_waits_for_the_process_before_it(file: BaseDatabaseWrapper) -> None:
    first, second = WebProcessLock(file), WebProcessLock(file)
    first.acquire()
    starting = threading.Thread(target=second.acquire)
    starting.start()
    first.release()
    starting.join()
    with pytest.raises(StartRefused):
        WebProcessLock(file, wait=0).acquire()
    second.release()


@pytest.mark.postgresql
def test_processes_share_it_but_not_with_an_older_release(database: BaseDatabaseWrapper) -> None:
    first, second = WebProcessLock(database), WebProcessLock(database)
    first.acquire()
    second.acquire()
    first.release()
    second.release()
    older = psycopg.connect(**database.get_connection_params(), autocommit=True)
    older.execute("SELECT pg_advisory_lock(%s)", [KEY])
    with pytest.raises(StartRefused, match="older release"):
        WebProcessLock(database, wait=0).acquire()
    older.close()


@pytest.mark.postgresql
def test_a_lock_that_was_cut_off_is_taken_again(database: BaseDatabaseWrapper) -> None:
    lock = WebProcessLock(database)
    lock.acquire()
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    lock.check()
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        assert cursor.fetchone() == (1,)
    lock.release()
