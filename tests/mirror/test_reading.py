import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.mirror import capabilities
from inbox.mirror import project as mirror
from inbox.mirror.run_reads import read_run
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import NotFound, Unreachable
from inbox.mobius.types import Capabilities, Offer
from inbox.models import Event, Run, Step, Upstream
from tests.fixtures_engine import Project
from tests.mirror.keeping import QUICK
from tests.support.scripted_server import Dribble, ScriptedServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def between(project: Project) -> Iterator[ScriptedServer]:
    with ScriptedServer(upstream=project.base_url) as server:
        yield server


@pytest.fixture
def upstream(settings: Any, project: Project, db: None) -> Upstream:
    settings.MOBIUS_PROJECT = project.handle
    return Upstream.current()


@asynccontextmanager
async def service(server: ScriptedServer, project: Project) -> AsyncIterator[MobiusClient]:
    async with MobiusClient(
        base_url=server.base_url, project=project.handle, token=project.service_key, backoff=QUICK
    ) as client:
        yield client


def answered_run(project: Project) -> str:
    run = project.start(
        project.question(), {"name": "say", "action": "print", "parameters": {"message": "hi"}}
    )
    project.wait_for(run["id"], "suspended")
    question = project.pending(run["id"])
    project.http.post(f"interactions/{question['id']}/respond", json={"value": True})
    project.wait_for(run["id"], "completed")
    return str(run["id"])


async def test_plan_steps_and_the_whole_log_are_there_afterwards(
    between: ScriptedServer, project: Project, upstream: Upstream
) -> None:
    run_id = await asyncio.to_thread(answered_run, project)
    async with service(between, project) as client:
        await read_run(client, upstream, run_id)
    row = await Run.objects.aget()
    assert row.log_from == 0
    assert [step["name"] for step in row.plan or ()] == ["ask", "say"]
    assert [(step.name, step.status) async for step in row.steps.all()] == [
        ("ask", "completed"),
        ("say", "completed"),
    ]
    log = [event async for event in Event.objects.filter(run_id=run_id).order_by("seq")]
    assert (log[0].data["status"], log[-1].data["status"]) == ("queued", "completed")
    assert {event.kind for event in log} == {"run", "step", "interaction", "action"}
    assert (await Upstream.objects.aget()).cursor is None


async def test_it_is_read_once(
    between: ScriptedServer, project: Project, upstream: Upstream
) -> None:
    run_id = await asyncio.to_thread(answered_run, project)
    async with service(between, project) as client:
        await asyncio.gather(*(read_run(client, upstream, run_id) for _ in range(3)))
        await read_run(client, upstream, run_id)
    assert len(between.seen("GET", "/events$")) == 1


async def test_the_log_of_a_waiting_run_is_read_to_its_last_event(
    between: ScriptedServer, project: Project, upstream: Upstream
) -> None:
    def claimed() -> str:
        run = project.start(project.question(target={"type": "group", "id": "approvers"}))
        project.wait_for(run["id"], "suspended")
        question = project.pending(run["id"])
        project.as_("user_sam").post(f"interactions/{question['id']}/claim")
        return str(run["id"])

    run_id = await asyncio.to_thread(claimed)
    async with service(between, project) as client:
        await read_run(client, upstream, run_id)
    last = await Event.objects.filter(run_id=run_id).order_by("-seq").afirst()
    assert last is not None
    assert (last.type, last.data["claimed_by"]) == ("interaction_group_claimed", "user_sam")
    assert await Step.objects.acount() == 1


async def test_a_log_that_does_not_come_leaves_it_unread(
    between: ScriptedServer, project: Project, upstream: Upstream
) -> None:
    run_id = await asyncio.to_thread(answered_run, project)
    between.on("GET", "/events$", Dribble(["id: 1\n\n"], then="cut"))
    async with service(between, project) as client:
        with pytest.raises(Unreachable):
            await read_run(client, upstream, run_id)
        assert not await Run.objects.filter(log_from=0).aexists()
        await read_run(client, upstream, run_id)
    assert (await Run.objects.aget()).log_from == 0


@pytest.mark.parametrize("offer", Offer)
async def test_a_run_that_upstream_does_not_know_counts_as_deleted_where_the_call_is_there(
    between: ScriptedServer, project: Project, upstream: Upstream, offer: Offer
) -> None:
    await sync_to_async(capabilities.store)(upstream, Capabilities(run=offer))
    run_id = await asyncio.to_thread(answered_run, project)
    async with service(between, project) as client:
        told = (await client.run(run_id)).model_copy(update={"id": "run_unknown"})
        await sync_to_async(mirror.apply)(upstream, [told], read_at=datetime.now(UTC))
        for unknown in ("run_unknown", "run_never_seen"):
            with nullcontext() if offer is Offer.YES else suppress(NotFound):
                await read_run(client, upstream, unknown)
    assert (await Run.objects.aget()).deleted == (offer is Offer.YES)
