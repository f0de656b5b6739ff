"""How a server tells which generation of the API it has, and that no other server is mistaken."""

from typing import Any

import pytest

from inbox.mobius.errors import (
    Denied,
    InvalidResponse,
    MobiusError,
    NotFound,
    OtherApi,
    RateLimited,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.types import Generation
from tests.mobius.conftest import Connect, interaction
from tests.support.scripted_server import CutAfterRead, Reply, ScriptedServer

LATER = {
    "id": "iact_1",
    "kind": "request_approval",
    "status": "pending",
    "title": "Ship it?",
    "spec": {"mode": "confirm"},
    "target_user_ids": ["user_rina"],
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
QUESTIONS = "GET /v1/projects/demo/interactions"
LOOPS = "GET /v1/projects/demo/loops"
GROUPS = "GET /v1/projects/demo/groups"
WITHOUT_PROJECT = "GET /v1/interactions"
NONE = Reply(200, {"items": []})
ONE = Reply(200, {"items": [{"id": "x_1"}]})
REFUSED = Reply(403)


def script(server: ScriptedServer, replies: dict[str, Any]) -> None:
    for request, reply in replies.items():
        method, path = request.split()
        server.on(method, f"^{path}$", reply, always=True)


@pytest.mark.parametrize(
    ("replies", "generation", "by"),
    [
        ({QUESTIONS: Reply(200, {"items": [interaction()]})}, "a", QUESTIONS),
        ({QUESTIONS: Reply(200, {"items": [LATER]})}, "b", QUESTIONS),
        ({QUESTIONS: NONE, LOOPS: ONE}, "b", LOOPS),
        ({QUESTIONS: NONE, LOOPS: NONE}, "b", LOOPS),
        ({QUESTIONS: NONE, GROUPS: NONE}, "a", GROUPS),
        ({QUESTIONS: NONE}, "a", f"{LOOPS} (404)"),
        ({QUESTIONS: NONE, LOOPS: REFUSED, GROUPS: NONE}, "a", GROUPS),
        ({QUESTIONS: NONE, LOOPS: REFUSED}, "b", f"{GROUPS} (404)"),
        ({QUESTIONS: REFUSED, LOOPS: ONE}, "b", LOOPS),
        ({QUESTIONS: REFUSED, GROUPS: ONE}, "a", GROUPS),
        ({QUESTIONS: Reply(400)}, "a", f"{QUESTIONS} (400)"),
        ({QUESTIONS: Reply(422, {"error": "run_id is required"})}, "a", f"{QUESTIONS} (422)"),
        ({WITHOUT_PROJECT: NONE}, "c", WITHOUT_PROJECT),
        ({WITHOUT_PROJECT: Reply(200, {"items": [LATER]})}, "c", WITHOUT_PROJECT),
        ({WITHOUT_PROJECT: REFUSED}, "c", f"{WITHOUT_PROJECT} (403)"),
    ],
)
async def test_the_responses_tell_the_generation(
    server: ScriptedServer, connect: Connect, replies: dict[str, Reply], generation: str, by: str
) -> None:
    script(server, replies)
    async with connect() as client:
        found = await client.find_generation()
    assert (found.generation, found.by) == (generation, by)


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ({QUESTIONS: Reply(401)}, Unauthorized),
        ({QUESTIONS: Reply(503)}, Unavailable),
        ({QUESTIONS: Reply(429)}, RateLimited),
        ({QUESTIONS: CutAfterRead()}, Unreachable),
        ({QUESTIONS: Reply(200, "<h1>Welcome</h1>")}, InvalidResponse),
        ({QUESTIONS: Reply(200, {"ok": True})}, InvalidResponse),
        ({QUESTIONS: NONE, LOOPS: Reply(503)}, Unavailable),
        ({QUESTIONS: REFUSED, LOOPS: REFUSED, GROUPS: REFUSED}, Denied),
        ({}, NotFound),
        ({WITHOUT_PROJECT: Reply(401)}, NotFound),
        ({WITHOUT_PROJECT: Reply(200, "<h1>Welcome</h1>")}, NotFound),
    ],
)
async def test_other_responses_tell_nothing(
    server: ScriptedServer, connect: Connect, replies: dict[str, Reply], error: type[MobiusError]
) -> None:
    script(server, replies)
    async with connect() as client:
        with pytest.raises(error):
            await client.find_generation()


@pytest.mark.parametrize(
    ("reply", "error"), [(Reply(404), NotFound), (Reply(401), Unauthorized), (NONE, None)]
)
async def test_without_a_project_only_c_is_looked_for(
    server: ScriptedServer, connect: Connect, reply: Reply, error: type[MobiusError] | None
) -> None:
    script(server, {WITHOUT_PROJECT: reply})
    async with connect(project="") as client:
        if error is None:
            assert (await client.find_generation()).generation is Generation.C
        else:
            with pytest.raises(error):
                await client.find_generation()
    assert [request.path for request in server.requests] == ["/v1/interactions"]


async def test_a_list_with_questions_of_a_later_generation_is_refused(
    server: ScriptedServer, connect: Connect
) -> None:
    script(server, {QUESTIONS: Reply(200, {"items": [LATER]})})
    async with connect() as client:
        for read in (client.interactions(status="pending"), client.newest_pending(None)):
            with pytest.raises(OtherApi) as raised:
                await read
            assert raised.value.generation is Generation.B


async def test_a_list_at_a_path_without_the_project_is_recognised(
    server: ScriptedServer, connect: Connect
) -> None:
    script(server, {WITHOUT_PROJECT: NONE})
    async with connect() as client:
        for read in (client.interactions(status="pending"), client.newest_pending(None)):
            with pytest.raises(OtherApi) as raised:
                await read
            assert raised.value.generation is Generation.C


@pytest.mark.parametrize("answer", [Reply(404), Reply(401), Reply(503), Reply(200, {"ok": True})])
async def test_a_wrong_project_is_not_taken_for_a_later_generation(
    server: ScriptedServer, connect: Connect, answer: Reply
) -> None:
    script(server, {WITHOUT_PROJECT: answer})
    async with connect() as client:
        with pytest.raises(NotFound):
            await client.interactions(status="pending")


@pytest.mark.parametrize(
    "items",
    [
        [],
        [interaction(kind="request_approval", title="Ship it?", target_user_ids=["user_rina"])],
        [{"id": "int_1", "type": "approval", "status": "pending", "kind": "x", "title": "y"}],
        [{"id": "int_1", "status": "pending"}],
    ],
)
async def test_the_guides_questions_are_read_whatever_else_they_have(
    server: ScriptedServer, connect: Connect, items: list[Any]
) -> None:
    script(server, {QUESTIONS: Reply(200, {"items": items})})
    async with connect() as client:
        page = await client.interactions(status="pending")
        assert (await client.find_generation()).generation is Generation.A
    assert [item.id for item in page.items] == [item["id"] for item in items]
