"""Groups are polled; of two concurrent snapshots the later one counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.live import topics
from inbox.mirror import groups
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import InvalidResponse, MobiusError
from inbox.models import Group, Membership, Upstream
from tests.fixtures_engine import Project
from tests.mirror.conftest import Mirror
from tests.support.scripted_server import Hold, Pass, Reply, ScriptedServer
from tests.support.snapshots import group_ask

pytestmark = pytest.mark.django_db
BEGAN = {"user_rina", "user_sam", "user_lee"}


@pytest.fixture(autouse=True)
def here(settings: Any, project: Project) -> None:
    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = project.base_url
    settings.MOBIUS_PROJECT = project.handle


@asynccontextmanager
async def reader(project: Project, base_url: str) -> AsyncIterator[MobiusClient]:
    async with MobiusClient(
        base_url=base_url, project=project.handle, token=project.service_key
    ) as client:
        yield client


async def current() -> Upstream:
    return await sync_to_async(Upstream.current)()


@sync_to_async
def inside(handle: str = "approvers") -> set[str]:
    rows = Membership.objects.filter(group__handle=handle, group__deleted=False)
    return set(rows.values_list("user_id", flat=True))


def join(project: Project, user_id: str = "user_tess") -> None:
    answer = project.http.post("groups/approvers/members", json={"user_id": user_id})
    assert answer.status_code == 201


async def test_groups_routing_and_members_are_read(project: Project) -> None:
    upstream = await current()
    async with reader(project, project.base_url) as client:
        await groups.poll(client, upstream)
        assert await inside() == BEGAN
        join(project)
        project.http.delete("groups/approvers/members/user_sam")
        project.http.patch("groups/change-board", json={"routing_policy": "first_responder"})
        await groups.poll(client, upstream)
    assert await inside() == {"user_rina", "user_lee", "user_tess"}
    routings = Group.objects.values_list("handle", "routing")
    assert await sync_to_async(lambda: dict(routings))() == {
        "approvers": "any",
        "change-board": "any",
    }


async def test_a_change_is_published_for_groups_and_their_questions(
    project: Project, mirror: Mirror, rung: list[str]
) -> None:
    upstream = await current()
    group = project.http.get("groups/approvers").json()["id"]
    await sync_to_async(mirror.tell)(group_ask(group_id=group))
    async with reader(project, project.base_url) as client:
        await groups.poll(client, upstream)
        rung.clear()
        await groups.poll(client, upstream)
        assert not rung
        project.http.delete("groups/approvers/members/user_sam")
        await groups.poll(client, upstream)
    assert {topics.item("int_1"), topics.runs(), topics.inbox("user_sam")} <= set(rung)


async def test_a_read_that_began_earlier_does_not_undo_a_change(
    project: Project, server: ScriptedServer
) -> None:
    upstream = await current()
    late = Hold(Pass())
    server.on("GET", r"/groups/[^/]+/members$", Pass(), late)
    async with reader(project, server.base_url) as slow, reader(project, project.base_url) as quick:
        earlier = asyncio.create_task(groups.poll(slow, upstream))
        assert await asyncio.to_thread(late.reached.wait, 10)
        join(project)
        await groups.poll(quick, upstream)
        assert await inside() == {*BEGAN, "user_tess"}
        project.http.delete("groups/approvers/members/user_tess")
        late.release()
        await earlier
    assert await inside() == {*BEGAN, "user_tess"}


async def test_a_read_that_fails_changes_nothing(project: Project, server: ScriptedServer) -> None:
    upstream = await current()
    async with reader(project, server.base_url) as client:
        await groups.poll(client, upstream)
        join(project)
        server.on("GET", r"/groups/[^/]+/members$", Reply(500, {}), always=True)
        with pytest.raises(MobiusError):
            await groups.poll(client, upstream)
    assert await inside() == BEGAN


async def test_a_list_whose_pages_repeat_changes_nothing(
    project: Project, server: ScriptedServer
) -> None:
    """It lacks groups, which don't count as deleted."""
    upstream = await current()
    page = {"items": [], "has_more": True, "next_cursor": "the same"}
    async with reader(project, server.base_url) as client:
        await groups.poll(client, upstream)
        server.on("GET", r"/groups$", Reply(200, page), Reply(200, page))
        with pytest.raises(InvalidResponse):
            await groups.poll(client, upstream)
    assert await inside() == BEGAN


async def test_a_deleted_group_disappears(project: Project, server: ScriptedServer) -> None:
    upstream = await current()
    async with reader(project, server.base_url) as client:
        await groups.poll(client, upstream)
        server.on("GET", r"/groups$", Reply(200, {"items": [], "has_more": False}))
        await groups.poll(client, upstream)
        assert await inside() == set()
        await groups.poll(client, upstream)
    assert await inside() == BEGAN
