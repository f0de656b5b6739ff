"""A second web process on the same database does not start."""

import threading
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.live.dedicated_connection import DedicatedConnection
from inbox.mirror.lease import SyncLease
from inbox.services.installation import StartRefused
from reviewer_site.web_process_lock import PooledLock, WebProcessLock, require_shared


@pytest.fixture
def database(db: None, tmp_path: Path) -> BaseDatabaseWrapper:
    """The suite's database; on SQLite, whose test database is in memory, one with a file."""
    found = connections["default"]
    if found.vendor == "sqlite":
        found = type(found)({**found.settings_dict, "NAME": str(tmp_path / "inbox.sqlite3")})
    return found


def test_a_second_process_is_refused_in_one_sentence(database: BaseDatabaseWrapper) -> None:
    first, second = WebProcessLock(database), WebProcessLock(database, wait=0)
    first.acquire()
    with pytest.raises(StartRefused, match="Another web process is using this database"):
        second.acquire()
    first.release()


def test_a_restart_waits_for_the_process_before_it(database: BaseDatabaseWrapper) -> None:
    first, second = WebProcessLock(database), WebProcessLock(database)
    first.acquire()
    starting = threading.Thread(target=second.acquire)
    starting.start()
    first.release()
    starting.join()
    with pytest.raises(StartRefused):
        WebProcessLock(database, wait=0).acquire()
    second.release()


def test_a_lock_that_was_cut_off_is_taken_again(database: BaseDatabaseWrapper) -> None:
    lock = WebProcessLock(database)
    lock.acquire()
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
    lock.check()
    with pytest.raises(StartRefused):
        WebProcessLock(database, wait=0).acquire()
    lock.release()


@pytest.mark.postgresql
def test_processes_that_share_it_hold_it_together_and_no_other_beside_them(
    database: BaseDatabaseWrapper,
) -> None:
    first, second = (WebProcessLock(database, shared=True) for _ in range(2))
    first.acquire()
    second.acquire()
    with pytest.raises(StartRefused, match="Another web process is using this database"):
        WebProcessLock(database, wait=0).acquire()
    first.release()
    second.release()
    alone = WebProcessLock(database)
    alone.acquire()
    with pytest.raises(StartRefused, match="can't share this database"):
        WebProcessLock(database, wait=0, shared=True).acquire()
    alone.release()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
async def test_behind_a_pooler_one_process_runs_alone(patience: None) -> None:
    first, second, direct = PooledLock(), PooledLock(wait=0), DedicatedConnection()
    direct.start()
    await require_shared(direct)
    await first.acquire()
    with pytest.raises(StartRefused, match="LISTEN, which doesn't work"):
        await second.acquire()
    with pytest.raises(StartRefused, match="can't share this database"):
        await require_shared(direct)
    await first.release()
    await second.acquire()
    await second.release()
    leader = SyncLease(direct)
    assert await leader.take()
    with pytest.raises(StartRefused, match="LISTEN, which doesn't work"):
        await second.acquire()
    await leader.release()
    await direct.stop()
