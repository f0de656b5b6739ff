import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from inbox.mobius import Backoff, MobiusClient, Timeouts
from inbox.mobius.errors import Conflict, Denied, NotFound, Rejected, Unauthorized, Unreachable
from inbox.mobius.lists import walk
from inbox.mobius.types import Event, EventKind, PolicyKind, RunStatus
from tests.fixtures_engine import Project
from tests.support.scripted_server import CutBeforeRead, PassThenCut, ScriptedServer
from tests.support.snapshots import YES, only


def connect(project: Project, base_url: str | None = None) -> MobiusClient:
    return MobiusClient(
        base_url=base_url or project.base_url,
        project=project.handle,
        token=project.service_key,
        backoff=Backoff(base=0.01, cap=0.05),
        timeouts=Timeouts(opening=60),
    )


async def until(events: AsyncGenerator[Event, None], status: RunStatus) -> list[Event]:
    seen: list[Event] = []
    async with asyncio.timeout(60):
        async for event in events:
            seen.append(event)
            if event.run is not None and event.run.status is status:
                return seen
    raise AssertionError("an endless stream ended")


def spec(project: Project) -> dict[str, object]:
    return {
        "name": "release",
        "steps": [
            {"name": "build", "action": "print", "parameters": {"message": "Built."}},
            project.question(),
        ],
    }


async def test_a_question_is_asked_listed_claimed_released_and_answered(project: Project) -> None:
    async with connect(project) as client:
        rina = client.acting_as(project.tokens["user_rina"])
        sam = client.acting_as(project.tokens["user_sam"])
        question = await client.create_interaction(
            {
                "type": "approval",
                "message": "Ship it?",
                "target": {"type": "group", "id": "approvers"},
                "spec": {"mode": "confirm"},
            }
        )
        assert question.members == ("user_rina", "user_sam", "user_lee")
        page = await client.interactions(status="pending")
        assert [item.id for item in page.items] == [question.id]

        assert (await rina.claim(question.id)).claimed_by == "user_rina"
        with pytest.raises(Conflict) as caught:
            await sam.respond(question.id, raw={}, answers=YES)
        assert caught.value.code == "already_claimed"
        assert caught.value.details["claimed_by"] == "user_rina"
        with pytest.raises(Denied):
            await sam.release(question.id)
        assert (await rina.release(question.id)).claimed_by is None

        with pytest.raises(Rejected):
            await sam.respond(question.id, raw={}, answers=only("yes"))
        answered = await sam.respond(question.id, raw={}, answers=YES, comment="Go.")
        assert (answered.status, answered.responder_id) == ("completed", "user_sam")
        assert (answered.value, answered.comment) == (True, "Go.")
        with pytest.raises(Conflict) as caught:
            await rina.respond(question.id, raw={}, answers=YES)
        assert caught.value.details["status"] == "completed"
        assert (await client.interaction(question.id)).responses[0].user_id == "user_sam"


async def test_all_members_answer_one_after_the_other(project: Project) -> None:
    question = project.ask(target={"type": "group", "id": "change-board"}, spec={"mode": "confirm"})
    async with connect(project) as client:
        given = []
        for who in ("user_lee", "user_rina", "user_sam"):
            item = await client.acting_as(project.tokens[who]).respond(
                question["id"], raw={}, answers=YES
            )
            given.append((item.status.value, [answer.user_id for answer in item.responses]))
        assert item.policy.kind is PolicyKind.ALL
    assert given == [
        ("pending", ["user_lee"]),
        ("pending", ["user_rina", "user_lee"]),
        ("completed", ["user_rina", "user_sam", "user_lee"]),
    ]


async def test_a_walk_brings_every_page(project: Project) -> None:
    questions = {project.ask(message=f"Question {n}")["id"] for n in range(7)}
    async with connect(project) as client:
        walked = [item.id async for item in walk(client.interactions, limit=2)]
    assert len(walked) == 7
    assert set(walked) == questions


async def test_a_run_is_started_followed_and_resumed(project: Project) -> None:
    async with connect(project) as client:
        run = await client.start_run(
            spec=spec(project),
            inputs={"version": "4.2.0"},
            metadata={"requested_by": "user_sam"},
        )
        assert run.status is RunStatus.QUEUED
        assert run.started_by == "user_sam"
        async with aclosing(client.events(run_id=run.id)) as events:
            seen = await until(events, RunStatus.SUSPENDED)
            assert not seen[0].logged
            (asked,) = (await client.interactions(run_id=run.id)).items
            await client.respond(asked.id, raw={}, answers=YES)
            seen += await until(events, RunStatus.COMPLETED)
        logged = [event.seq for event in seen if event.logged]
        assert logged == sorted(set(logged))
        assert {event.kind for event in seen} >= {EventKind.RUN, EventKind.INTERACTION}

        whole = await client.run(run.id)
        assert whole.plan is not None
        assert [(step.name, step.kind) for step in whole.plan] == [
            ("build", "action"),
            ("ask", "interaction"),
        ]
        steps = await client.steps(run.id)
        assert [(step.name, step.status.value) for step in steps] == [
            ("build", "completed"),
            ("ask", "completed"),
        ]
        listed = await client.runs(status="completed")
        assert [item.id for item in listed.items] == [run.id]


async def test_a_run_is_signalled_and_another_cancelled(project: Project) -> None:
    waiting = {"name": "wait", "wait_signal": {"topic": "paid"}}
    async with connect(project) as client:
        paid = project.start(waiting)
        async with aclosing(client.events(run_id=paid["id"])) as events:
            await until(events, RunStatus.SUSPENDED)
            assert await client.signal(paid["id"], name="paid", payload={"amount": 5})
            await until(events, RunStatus.COMPLETED)
        dropped = project.start(waiting)
        await client.cancel_run(dropped["id"])
        run = await client.run(dropped["id"])
        assert (run.status, run.error_type) == (RunStatus.FAILED, "run_cancelled")


async def test_the_projects_stream_resumes_across_a_broken_connection(project: Project) -> None:
    with ScriptedServer(upstream=project.base_url) as server:
        async with (
            connect(project, server.base_url) as client,
            aclosing(client.events()) as events,
            asyncio.timeout(60),
        ):
            opening = await anext(events)
            assert opening.kind is EventKind.CURSOR
            first = project.ask(message="First?")
            seen = await anext(events)
            assert seen.interaction is not None
            assert seen.interaction.id == first["id"]
            server.break_all()
            second = project.ask(message="Second?")
            reopened, missed = await anext(events), await anext(events)
            assert (reopened.kind, reopened.seq) == (EventKind.CURSOR, seen.seq)
            assert missed.interaction is not None
            assert missed.interaction.id == second["id"]
            assert opening.seq < seen.seq < missed.seq


async def test_after_a_connection_lost_during_a_write_the_state_can_be_read(
    project: Project,
) -> None:
    question = project.ask()
    with ScriptedServer(upstream=project.base_url) as server:
        server.on("POST", "/respond$", CutBeforeRead(), PassThenCut())
        async with connect(project, server.base_url) as client:
            for status in ("pending", "completed"):
                with pytest.raises(Unreachable) as caught:
                    await client.respond(question["id"], raw={}, answers=YES)
                assert caught.value.sent
                assert (await client.interaction(question["id"])).status == status


async def test_groups_are_changed_filled_and_emptied(project: Project) -> None:
    body = {"name": "Finance", "handle": "finance", "routing_policy": "all_members"}
    id_ = project.http.post("groups", json=body).json()["id"]
    async with connect(project) as client:
        added = await client.add_member("finance", "user_tess")
        assert added.user_id == "user_tess"
        with pytest.raises(Conflict):
            await client.add_member("finance", "user_tess")
        assert [member.user_id for member in await client.members(id_)] == ["user_tess"]
        listed = {group.handle: group.routing async for group in walk(client.groups)}
        assert listed.keys() == {"approvers", "change-board", "finance"}
        assert listed["finance"] is PolicyKind.ALL
        changed = await client.update_group("finance", routing=PolicyKind.ANY)
        assert changed.routing is PolicyKind.ANY
        await client.remove_member("finance", "user_tess")
        assert await client.members("finance") == ()
        with pytest.raises(NotFound):
            await client.members("nobody")


async def test_a_member_token_proves_whose_it_is(project: Project) -> None:
    async with connect(project) as client:
        person = await client.acting_as(project.tokens["user_lee"]).me()
        assert (person.user_id, person.name) == ("user_lee", "Lee")
        with pytest.raises(Rejected):
            await client.me()
        with pytest.raises(Unauthorized):
            await client.acting_as("mbc_nobodys").me()
