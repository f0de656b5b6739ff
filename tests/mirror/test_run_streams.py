"""Following runs whose events say that something changed, and not how."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from inbox.mirror.run_reads import read_run
from inbox.mirror.run_streams import RunStreams
from inbox.mirror.store import Store
from inbox.mobius.adapters.later import AdapterB
from inbox.mobius.client import MobiusClient
from inbox.mobius.types import Generation
from inbox.models import Event, Interaction, Run
from tests.mirror.conftest import Mirror
from tests.mirror.keeping import QUICK
from tests.support.later_items import ANSWERED, answered_in_b, event_of_b, run_of_b, step_of_b
from tests.support.later_items import question_of_b as question
from tests.support.scripted_server import Dribble, Reply, ScriptedServer

DONE = run_of_b(status="completed", completed_at=ANSWERED, updated_at="2026-10-24T14:43:00Z")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@asynccontextmanager
async def service(server: ScriptedServer) -> AsyncIterator[MobiusClient]:
    async with MobiusClient(
        base_url=server.base_url,
        project="demo",
        token="mbx_key",
        generation=Generation.B,
        backoff=QUICK,
    ) as client:
        yield client


def frame(sequence: int, type: str, **fields: Any) -> str:
    data = json.dumps(event_of_b(sequence, type, **fields))
    return f"event: {type}\ndata: {data}\nid: {sequence}\n\n"


@pytest.mark.django_db(transaction=True)
async def test_what_an_event_does_not_tell_is_read(server: ScriptedServer, mirror: Mirror) -> None:
    store = Store(mirror.upstream)
    await store.apply([AdapterB().interaction("iact_1").read(question())])
    finished = threading.Event()
    replayed = frame(1, "run.started", created_at="2026-10-24T14:00:00Z")
    ended = frame(2, "run.completed", created_at="2026-10-24T14:43:00Z")
    server.on("GET", "/runs/run_1/events$", Dribble([replayed, finished, ended]))
    server.on("GET", "/runs/run_1/steps$", Reply(200, {"items": [step_of_b()]}), always=True)
    server.on("GET", "/runs/run_1$", Reply(200, run_of_b()), Reply(200, DONE))
    server.on("GET", "/interactions$", Reply(200, {"items": [question()]}))
    server.on("GET", "/interactions$", Reply(200, {"items": []}))
    server.on("GET", "/interactions/iact_1$", Reply(200, answered_in_b()))
    async with service(server) as client:
        following = asyncio.create_task(RunStreams(client, store).run())
        await asyncio.to_thread(server.wait_for, "GET", "/steps$", 1)
        finished.set()
        # Steps are read last.
        await asyncio.to_thread(server.wait_for, "GET", "/steps$", 2)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    assert (await Run.objects.aget()).finished
    assert (await Interaction.objects.aget()).status == "completed"
    # What was replayed is in the run as it was read.
    assert len(server.seen("GET", "/runs/run_1$")) == 2


@pytest.mark.django_db(transaction=True)
async def test_after_a_restart_it_follows_runs_whose_last_question_was_answered(
    server: ScriptedServer, mirror: Mirror
) -> None:
    store, adapter, now = Store(mirror.upstream), AdapterB(), datetime.now(UTC).isoformat()
    for run_id, status, at in (
        ("run_resumed", "running", now),
        ("run_done", "completed", now),
        ("run_long_resumed", "running", ANSWERED),
    ):
        answered = answered_in_b() | {"id": f"of_{run_id}", "run_id": run_id, "updated_at": at}
        run = run_of_b(id=run_id, status=status)
        await store.apply([adapter.interaction("any").read(answered), adapter.run("any").read(run)])
    server.on("GET", "/events$", Dribble(), always=True)
    async with service(server) as client:
        following = asyncio.create_task(RunStreams(client, store).run())
        await asyncio.to_thread(server.wait_for, "GET", "/events$", 1)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    (followed,) = server.seen("GET", "/events$")
    assert "/runs/run_resumed/" in followed.path


@pytest.mark.django_db(transaction=True)
async def test_a_log_that_is_a_list_is_read_as_one(server: ScriptedServer, mirror: Mirror) -> None:
    pages = [
        {"items": [event_of_b(1, "run.started")], "next_sequence": 1, "has_more": True},
        {"items": [event_of_b(2, "run.completed")], "next_sequence": 2, "has_more": False},
    ]
    server.on("GET", "/runs/run_1/events$", *(Reply(200, page) for page in pages))
    server.on("GET", "/runs/run_1/steps$", Reply(200, {"items": [step_of_b()]}))
    server.on("GET", "/runs/run_1$", Reply(200, DONE))
    async with service(server) as client:
        await read_run(client, mirror.upstream, "run_1")
        await read_run(client, mirror.upstream, "run_1")
    row = await Run.objects.aget()
    assert (row.log_from, row.plan, row.workflow, row.state) == (0, [], "Rollout", "completed")
    events = Event.objects.filter(run_id="run_1").order_by("seq")
    assert [event.type async for event in events] == ["run.started", "run.completed"]
    statuses = [data["status"] async for data in events.values_list("data", flat=True)]
    assert statuses == ["running", "completed"]
    asked = [one.query for one in server.seen("GET", "/events$")]
    assert [query["after_sequence"] for query in asked] == [["0"], ["1"]]
    assert len(server.seen("GET", "/runs/run_1$")) == 1
