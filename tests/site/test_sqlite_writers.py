import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from reviewer_site.sqlite import writer
from reviewer_site.sqlite.base import DatabaseWrapper
from reviewer_site.sqlite.writer import lock_for

pytestmark = pytest.mark.sqlite


def open_database(path: Path, **options: Any) -> DatabaseWrapper:
    return DatabaseWrapper(
        {
            "NAME": str(path),
            "ATOMIC_REQUESTS": False,
            "AUTOCOMMIT": True,
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 0.2,
                "init_command": "PRAGMA journal_mode=WAL",
                **options,
            },
            "TIME_ZONE": None,
            "TEST": {},
        }
    )


@pytest.fixture(autouse=True)
def databases_of_our_own(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "counter.sqlite3"
    connection = open_database(path)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER)")
        cursor.execute("INSERT INTO counter VALUES (1, 0)")
    connection.close()
    return path


def counted(connection: DatabaseWrapper) -> int:
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM counter")
        return int(cursor.fetchone()[0])


def test_thirty_two_writers_never_see_a_locked_database(database: Path) -> None:
    start = threading.Barrier(32)
    # While one connection is open, none has to recover the log, which locks out the others.
    keeper = open_database(database)
    assert counted(keeper) == 0

    def write(_: int) -> None:
        connection = open_database(database)
        start.wait()
        for _ in range(50):
            connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT n FROM counter WHERE id = 1")
                (n,) = cursor.fetchone()
                cursor.execute("UPDATE counter SET n = %s WHERE id = 1", [n + 1])
            connection.commit()
            connection.set_autocommit(True)
        connection.close()

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(write, range(32)))
    assert counted(keeper) == 32 * 50
    keeper.close()


def test_writers_take_turns_in_the_order_in_which_they_came(database: Path) -> None:
    lock = lock_for(str(database))
    assert lock is not None
    served: list[int] = []

    def write(number: int) -> None:
        lock.acquire()
        served.append(number)
        lock.release()

    lock.acquire()
    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for number, thread in enumerate(threads):
        thread.start()
        while len(lock._queue) == number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join()
    assert served == list(range(8))


def test_a_write_outside_a_transaction_waits_for_its_turn(database: Path) -> None:
    lock = lock_for(str(database))
    assert lock is not None
    lock.acquire()
    written = threading.Event()

    def write() -> None:
        connection = open_database(database)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE counter SET n = 7")
        connection.close()
        written.set()

    thread = threading.Thread(target=write)
    thread.start()
    # Longer than SQLite's own time-out: without the turn it would have failed or written by now.
    assert not written.wait(0.5)
    lock.release()
    assert written.wait(60)
    thread.join()


def test_reading_needs_no_turn(database: Path) -> None:
    lock = lock_for(str(database))
    assert lock is not None
    lock.acquire()
    try:
        connection = open_database(database)
        with connection.cursor() as cursor:
            cursor.execute("SELECT n FROM counter")
            assert cursor.fetchone() == (0,)
        connection.close()
    finally:
        lock.release()


@pytest.mark.process
def test_the_lock_keeps_other_processes_out_until_its_holder_ends(database: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from reviewer_site.sqlite.writer import lock_for;"
            "lock_for(sys.argv[1]).acquire(); print('held', flush=True); sys.stdin.read()",
            str(database),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    taken = threading.Event()
    lock = lock_for(str(database))
    assert lock is not None

    def take() -> None:
        lock.acquire()
        taken.set()
        lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    assert not taken.wait(0.3)
    holder.kill()
    holder.communicate()
    assert taken.wait(60)
    thread.join()


def test_a_writer_that_waits_too_long_gets_an_error_and_the_queue_continues(database: Path) -> None:
    lock = lock_for(str(database))
    assert lock is not None
    lock.acquire()
    impatient = writer.WriterLock(Path(f"{database}.lock"))
    impatient._take_turn(time.monotonic() + 1)
    with pytest.raises(OperationalError, match="another process held"):
        impatient._lock_file(time.monotonic())
    with pytest.raises(OperationalError, match="another writer held"):
        impatient._take_turn(time.monotonic())
    lock.release()
    impatient._pass_turn()
    impatient.acquire()
    impatient.release()


def test_an_error_inside_a_transaction_gives_the_turn_back(database: Path) -> None:
    connection = open_database(database)
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    with connection.cursor() as cursor, pytest.raises(Exception, match="no such table"):
        cursor.execute("INSERT INTO nowhere VALUES (1)")
    connection.rollback()
    connection.set_autocommit(True)
    lock = lock_for(str(database))
    assert lock is not None
    lock.acquire()
    lock.release()
    connection.close()


def test_a_connection_is_kept_for_the_next_request(database: Path) -> None:
    connection = open_database(database)
    counted(connection)
    first = connection.connection
    counted(connection)
    assert connection.connection is first
    connection.close()


def test_a_kept_connection_notices_that_its_file_was_removed(database: Path) -> None:
    connection = open_database(database)
    counted(connection)
    database.unlink()
    with pytest.raises(OperationalError, match="no such table"):
        counted(connection)
    connection.close()


def test_a_kept_connection_reads_the_file_that_replaced_its_own(
    database: Path, tmp_path: Path
) -> None:
    connection = open_database(database)
    counted(connection)
    another_database(tmp_path / "other.sqlite3").replace(database)
    assert counted(connection) == 7
    connection.close()


def test_a_file_that_is_replaced_while_it_is_opened_is_noticed(
    database: Path, tmp_path: Path
) -> None:
    other = another_database(tmp_path / "other.sqlite3")

    class Opening(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if other.exists():
                other.replace(database)

    connection = open_database(database, factory=Opening)
    counted(connection)
    assert counted(connection) == 7
    connection.close()


def another_database(path: Path) -> Path:
    connection = open_database(path)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE counter AS SELECT 7 AS n")
    connection.close()
    return path
