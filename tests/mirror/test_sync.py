import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.mirror.freshness import Reason, Stage, Trouble
from inbox.models import Event, Group, Interaction, Membership, Recipient, Run, Upstream
from tests.fixtures_engine import Project
from tests.mirror.keeping import Kept, keeping

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(settings: Any, project: Project) -> None:
    settings.MOBIUS_BASE_URL = project.base_url
    settings.MOBIUS_PROJECT = project.handle


@asynccontextmanager
async def kept(project: Project, **intervals: Any) -> AsyncIterator[Kept]:
    async with keeping(
        project.base_url, project.handle, project.service_key, **intervals
    ) as mirror:
        yield mirror


async def count(rows: Any) -> int:
    return await sync_to_async(rows.count)()


async def open_for(user_id: str) -> set[str]:
    rows = Recipient.objects.filter(user_id=user_id, open=True)
    return await sync_to_async(lambda: set(rows.values_list("interaction__mobius_id", flat=True)))()


async def test_it_reads_what_was_there_before(project: Project) -> None:
    closed, pending = project.ask(), project.ask()
    project.http.post(f"interactions/{closed['id']}/respond", json={"value": True})
    waiting = project.start(project.question(), metadata={"requested_by": "Tess"})
    over = project.start({"name": "say", "action": "print", "parameters": {"message": "hi"}})
    project.wait_for(waiting["id"], "suspended")
    project.wait_for(over["id"], "completed")
    async with kept(project) as mirror:
        await mirror.is_("live")
        statuses = await sync_to_async(
            lambda: dict(Interaction.objects.values_list("mobius_id", "status"))
        )()
        assert (statuses[closed["id"]], statuses[pending["id"]]) == ("completed", "pending")
        assert len(statuses) == 3
        assert len(await open_for("user_rina")) == 2
        question = await Interaction.objects.aget(run_id=waiting["id"])
        assert (question.workflow, question.asked_by) == ("release", "Tess")
        assert {run.mobius_id: run.status async for run in Run.objects.all()} == {
            waiting["id"]: "suspended",
            over["id"]: "completed",
        }


async def test_it_follows_the_stream_between_full_syncs(project: Project) -> None:
    async with kept(project) as mirror:
        await mirror.is_("live")
        question = await asyncio.to_thread(project.ask)
        said = monotonic()
        assert await mirror.ears.rings(f"item:{question['id']}") - said < 30
        assert await open_for("user_rina") == {question["id"]}
        began = monotonic()
        await asyncio.to_thread(
            project.http.post, f"interactions/{question['id']}/respond", json={"value": False}
        )
        answered = monotonic()
        assert await mirror.ears.rings(f"item:{question['id']}", after=began) - answered < 30
        assert await mirror.ears.rings("inbox:user_rina", after=began) - answered < 30
        assert await open_for("user_rina") == set()
        row = await Recipient.objects.aget(user_id="user_rina")
        assert row.value is False


async def test_a_run_is_followed_from_its_first_event_to_its_last(project: Project) -> None:
    async with kept(project) as mirror:
        await mirror.is_("live")
        run = await asyncio.to_thread(project.start, project.question())
        await asyncio.to_thread(project.wait_for, run["id"], "suspended")
        question = await asyncio.to_thread(project.pending, run["id"])
        await asyncio.to_thread(
            project.http.post, f"interactions/{question['id']}/respond", json={"value": True}
        )
        await asyncio.to_thread(project.wait_for, run["id"], "completed")
        await mirror.ears.until(f"run:{run['id']}", Run.objects.filter(status="completed").aexists)
        statuses = [
            event.data["status"] async for event in Event.objects.filter(kind="run").order_by("seq")
        ]
        assert [one for i, one in enumerate(statuses) if statuses[i - 1 : i] != [one]] == [
            "queued",
            "running",
            "suspended",
            "queued",
            "running",
            "completed",
        ]
        assert (await Run.objects.aget()).log_from == 0
        assert await count((await Run.objects.aget()).steps) == 1


async def test_groups_and_members_are_polled(project: Project) -> None:
    async with kept(project, groups=0.2) as mirror:
        await mirror.is_("live")
        board = project.groups["change-board"]
        async with asyncio.timeout(60):
            while await count(Membership.objects.filter(group__mobius_id=board)) != 3:
                await mirror.ears.rings("inbox:user_lee")
        assert (await Group.objects.aget(mobius_id=board)).routing == "all"
        changed = monotonic()
        await asyncio.to_thread(project.http.delete, f"groups/{board}/members/user_lee")
        await mirror.ears.rings("inbox:user_lee", after=changed)
        assert await count(Membership.objects.filter(group__mobius_id=board)) == 2


async def test_it_continues_where_it_stopped(project: Project) -> None:
    async with kept(project) as mirror:
        await mirror.is_("live")
    run = project.start(project.question())
    project.wait_for(run["id"], "suspended")
    async with kept(project) as mirror:
        await mirror.is_("live")
        assert len(await open_for("user_rina")) == 1
        await mirror.ears.until(f"run:{run['id']}", Run.objects.filter(log_from=0).aexists)
        assert await count(Event.objects.filter(run_id=run["id"])) >= 4


async def test_it_ends_when_it_is_cancelled(project: Project) -> None:
    async with asyncio.timeout(60), kept(project) as mirror:
        await mirror.is_("live")


async def test_it_catches_up_by_itself_after_upstream_was_away(
    project: Project, engine: Any
) -> None:
    first = project.ask()
    async with kept(project) as mirror:
        await mirror.is_("live")
        await asyncio.to_thread(engine.kill)
        await mirror.is_("stale")
        fresh = mirror.sync_status.current()
        assert (fresh.stage, fresh.no_updates_since) == (Stage.NO_UPDATES, fresh.since)
        assert fresh.because == Trouble(Reason.NOT_RESPONDING)
        await asyncio.to_thread(engine.start)
        await mirror.is_("live")
        second = await asyncio.to_thread(project.ask)
        await mirror.ears.rings(f"item:{second['id']}")
        assert await open_for("user_rina") == {first["id"], second["id"]}
    assert (await Upstream.objects.aget()).seeded_at is not None
