import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction
from django.utils import timezone

from inbox.lib.process_name import NAME, PREFIX, host_and_process
from inbox.models import Lease, Upstream
from inbox.processes import lease
from inbox.processes.dedicated_connection import DedicatedConnection
from inbox.processes.lease import LeaseLost, SyncLease

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patience"),
]

OTHER = f"{PREFIX}other"
"""A process that is not connected."""


@asynccontextmanager
async def holder(name: str = NAME) -> AsyncIterator[SyncLease]:
    connection = DedicatedConnection()
    connection.start()
    try:
        yield SyncLease(connection, name)
    finally:
        await connection.stop()


async def taken(by: SyncLease) -> None:
    assert await by.take()


async def expire() -> None:
    await Lease.objects.aupdate(until=timezone.now() - timedelta(seconds=1))


def rename(name: str) -> Callable[[], None]:
    def write() -> None:
        Upstream.objects.update(project=name)

    return write


def in_term(of: SyncLease, write: Callable[[], None]) -> Any:
    assert of.term is not None
    context: Context = of.term.context()
    return asyncio.get_running_loop().create_task(sync_to_async(write)(), context=context)


async def test_one_holds_it_until_it_is_released_and_its_number_rises() -> None:
    async with holder() as first, holder(OTHER) as second:
        await taken(first)
        number = first.term.number if first.term else 0
        assert not await second.take()
        assert await first.renew({"sync": {"lag": 1.5}})
        state = await second.look()
        assert state is not None
        assert (state.number, state.led, state.report) == (number, True, {"sync": {"lag": 1.5}})
        await first.release()
        assert await second.take()
        assert second.term is not None
        assert second.term.number == number + 1


async def test_other_processes_see_who_leads() -> None:
    async with holder() as first:
        assert await sync_to_async(lease.leader)() == ""
        await taken(first)
        assert await sync_to_async(lease.leader)() == host_and_process(NAME)
        assert host_and_process(NAME).endswith(f"-{os.getpid()}")
        await expire()
        assert await sync_to_async(lease.leader)() == ""


async def test_it_can_be_taken_once_it_has_expired_and_the_first_finds_out() -> None:
    async with holder() as first, holder(OTHER) as second:
        await taken(first)
        await expire()
        assert await second.take()
        assert not await first.renew({})


async def test_it_is_free_at_once_if_its_holder_is_not_connected() -> None:
    async with holder(OTHER) as first, holder() as second:
        await taken(first)
        state = await second.look()
        assert state is not None
        assert not state.led
        assert await second.take()


async def test_only_one_of_many_takes_it() -> None:
    async with holder() as a, holder() as b, holder() as c, holder() as d:
        await taken(a)
        await expire()
        results = await asyncio.gather(*(one.take() for one in (b, c, d)))
        assert sorted(results) == [False, False, True]


async def test_a_leader_writes_while_it_leads() -> None:
    await Upstream.objects.acreate(base_url="http://mobius", project="before")
    async with holder() as first:
        await taken(first)
        await in_term(first, rename("after"))
        assert await Upstream.objects.filter(project="after").acount() == 1


def autocommitted() -> None:
    Upstream.objects.update(project="late")


def in_a_transaction() -> None:
    with transaction.atomic():
        list(Upstream.objects.select_for_update())
        Upstream.objects.update(project="late")


def in_a_savepoint() -> None:
    with transaction.atomic(), transaction.atomic():
        Upstream.objects.update(project="late")


def in_plain_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inbox_upstream SET project = 'late'")


@pytest.mark.parametrize("write", [autocommitted, in_a_transaction, in_a_savepoint, in_plain_sql])
async def test_a_former_leader_writes_nothing(write: Callable[[], None]) -> None:
    await Upstream.objects.acreate(base_url="http://mobius", project="before")
    async with holder() as first, holder(OTHER) as second:
        await taken(first)
        await expire()
        await taken(second)
        with pytest.raises(LeaseLost):
            await in_term(first, write)
        assert await Upstream.objects.filter(project="before").acount() == 1
        # What it only reads, it may read; and what is no leader's is not checked.
        assert await in_term(first, lambda: None) is None
        await sync_to_async(write)()
        assert await Upstream.objects.filter(project="late").acount() == 1


async def test_it_is_not_taken_while_a_transaction_of_the_leader_is_open() -> None:
    await Upstream.objects.acreate(base_url="http://mobius", project="before")
    begun, go_on = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            Upstream.objects.update(project="during")
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                # Rolling back to a savepoint leaves the check in force.
                Upstream.objects.update(project=str(1 // 0))
            begun.set()
            go_on.wait(30)

    async with holder() as first, holder(OTHER) as second:
        await taken(first)
        writing = in_term(first, write_slowly)
        await asyncio.to_thread(begun.wait, 30)
        await second._connection.execute("UPDATE inbox_lease SET until = clock_timestamp()")
        assert not await second.take()
        # Nor once the row has another version.
        assert await first.renew({})
        await second._connection.execute("UPDATE inbox_lease SET until = clock_timestamp()")
        assert not await second.take()
        go_on.set()
        await writing
        assert await second.take()
    assert await Upstream.objects.filter(project="during").acount() == 1


async def test_a_session_that_a_stopped_process_left_in_a_transaction_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "VALID_FOR", 0.3)
    parameters: Any = connections["default"].get_connection_params()

    def stop_in_a_transaction(name: str) -> psycopg.Connection:
        session = psycopg.connect(**{**parameters, "application_name": name})
        session.execute("SELECT 1")
        return session

    stopped = await asyncio.to_thread(stop_in_a_transaction, f"{PREFIX}stopped")
    psql = await asyncio.to_thread(stop_in_a_transaction, "psql")

    def alive(session: psycopg.Connection) -> bool:
        try:
            session.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    await asyncio.sleep(0.4)
    async with holder() as first:
        await first.take()
        assert not await asyncio.to_thread(alive, stopped)
        assert await asyncio.to_thread(alive, psql)
    stopped.close()
    psql.close()


async def test_nothing_that_cannot_be_undone_begins_once_the_lease_may_have_expired() -> None:
    async with holder() as first:
        await taken(first)
        assert first.term is not None
        first.term.context().run(lease.check)
        first.term.valid_until = 0.0
        with pytest.raises(LeaseLost):
            first.term.context().run(lease.check)
        lease.check()
