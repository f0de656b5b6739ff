"""A person's answers to one question are sent one at a time, even by several processes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from inbox.answering.outcome import Kind
from inbox.answering.respond import respond
from inbox.models import Draft
from inbox.processes import answer_lock
from inbox.processes.answer_lock import StillAnswering, answering
from inbox.processes.dedicated_connection import dedicated_connection
from tests.support.desk import Desk
from tests.support.snapshots import APPROVED

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db,
    pytest.mark.usefixtures("patience"),
]


@asynccontextmanager
async def several_processes() -> AsyncIterator[None]:
    dedicated_connection.start()
    try:
        yield
    finally:
        await dedicated_connection.stop()


@contextmanager
def held_elsewhere(reviewer_id: int, interaction_id: str) -> Iterator[psycopg.Connection]:
    parameters: Any = connections["default"].get_connection_params()
    with psycopg.connect(**parameters, autocommit=True) as session:
        name = f"answer of {reviewer_id} to {interaction_id}"
        session.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield session


async def take() -> bool:
    async with answering(1, "int_1") as waited:
        return waited


async def test_one_that_another_process_holds_is_waited_for() -> None:
    async with several_processes():
        with held_elsewhere(1, "int_1") as other:
            with pytest.raises(StillAnswering):
                async with answering(1, "int_1", wait=0):
                    raise AssertionError("it is held")
            async with answering(2, "int_1", wait=0) as waited:
                assert not waited
            taking = asyncio.ensure_future(take())
            # Statements take turns: the second one comes after the first try.
            for _ in range(2):
                await dedicated_connection.execute("SELECT 1")
            other.close()
            assert await taking
        async with answering(1, "int_1", wait=0) as waited:
            assert not waited


async def test_within_the_process_they_take_turns() -> None:
    order: list[str] = []

    async def answer(name: str) -> None:
        async with answering(1, "int_1"):
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

    async with several_processes():
        await asyncio.gather(*(answer(name) for name in "abc"))
    assert order == ["a", "a", "b", "b", "c", "c"]


async def test_an_answer_that_waited_too_long_is_kept_and_not_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_lock, "WAIT", 0.1)
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    async with several_processes():
        with held_elsewhere(rina.pk, item.mobius_id):
            about = {"reviewer": rina, "interaction_id": item.mobius_id}
            outcome = await respond(**about, answers=APPROVED, comment="Typed")
    assert outcome.kind is Kind.UNCONFIRMED
    assert desk.posts() == []
    assert [draft.comment async for draft in Draft.objects.all()] == ["Typed"]
