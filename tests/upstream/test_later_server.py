"""The main job against a Mobius of each later dialect: B, C1 and C."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from deepnoodle.mobius._api import models

from inbox.mirror.freshness import sync_status
from inbox.mobius.types import Generation
from inbox.models import Attempt, Interaction
from tests.mirror.keeping import Kept, keeping
from tests.support.later_items import CAVEATS, LEE, RINA, SAM, TABLES, WINDOW
from tests.upstream import LaterServer
from tests.web import cast

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NOTE = {"id": "note", "prompt": "Link to the report", "mode": "input"}


async def test_a_question_appears_and_is_answered_once(later_server: LaterServer) -> None:
    async with following(later_server) as follow:
        if later_server.dialect == "c":
            spec = {"questions": [WINDOW, TABLES, CAVEATS]}
            id = later_server.state.ask(kind="request_information", title="Ship 4.2?", spec=spec)
            typed = {
                "value-window": "tonight",
                "value-tables": ["orders"],
                "other-tables": "carts",
                "value-caveats": "",
            }
            content: dict[str, Any] = {
                "answers": [
                    {"question_id": "window", "value": "tonight"},
                    {"question_id": "tables", "values": ["orders"], "other": "carts"},
                ]
            }
        else:
            id = later_server.state.ask(title="Ship 4.2?")
            typed, content = {"value": "true"}, {"value": True}
        await follow(id, "pending")
        assert "Ship 4.2?" in await page("rina", "/inbox/")
        assert "Ship 4.2?" not in await page("sam", "/inbox/")
        await answer("rina", id, comment="Gladly", **typed)
        await follow(id, "completed")
        assert bodies(later_server) == [{"action": "submit", **content, "comment": "Gladly"}]
        assert await page("rina", "/inbox/?scope=done") != await page("sam", "/inbox/?scope=done")
        outcome = [(attempt.state, attempt.outcome) async for attempt in Attempt.objects.all()]
        assert outcome == [("answered", "respond")]


async def test_a_quorum_is_completed_by_the_second_answer(later_server: LaterServer) -> None:
    async with following(later_server) as follow:
        policy = {"type": "quorum", "threshold": 2}
        id = later_server.state.ask(RINA, SAM, LEE, resolution_policy=policy)
        await follow(id, "pending")
        await answer("rina", id, value="true")
        assert later_server.state.interaction(id)["status"] == "pending"
        assert "1 of 2" in await page("lee", f"/interactions/{id}/")
        assert "Ship it?" in await page("rina", "/inbox/?scope=waiting-others")
        await answer("sam", id, value="false")
        await follow(id, "completed")
        assert [body.popitem()[1] for body in bodies(later_server)] == [
            yes if later_server.dialect != "c" else [{"question_id": "go", "value": word}]
            for yes, word in ((True, "approved"), (False, "rejected"))
        ]
        assert "Ship it?" not in await page("lee", "/inbox/")


async def test_a_task_that_was_sent_back_is_answered_again(later_server: LaterServer) -> None:
    async with following(later_server) as follow:
        several = later_server.dialect == "c"
        id = later_server.state.ask(
            kind="assign_work",
            title="Write the report",
            spec={"questions": [NOTE]} if several else {"mode": "input"},
            resolution_policy={"type": "any_of", "review": {"reviewer_user_ids": [LEE]}},
        )
        await follow(id, "pending")
        await answer("rina", id, value="draft")
        await follow(id, "in_review")
        review(later_server, id, action="request_changes", comment="Please add the totals.")
        await follow(id, "pending", round=1)
        question = await page("rina", f"/interactions/{id}/")
        assert "Round 2" in question
        assert "Please add the totals." in question
        assert "Write the report" in await page("rina", "/inbox/")
        await answer("rina", id, value="with totals")
        await follow(id, "in_review", round=1)
        review(later_server, id, action="accept")
        await follow(id, "completed", round=1)
        texts = [
            body["answers"][0]["text"] if several else body["value"]
            for body in bodies(later_server)
        ]
        assert texts == ["draft", "with totals"]
        assert later_server.state.interaction(id)["responder"] == {"user_id": RINA}


@pytest.mark.parametrize("later_server", ["b"], indirect=True)
async def test_the_page_of_a_run_goes_on_with_it(later_server: LaterServer) -> None:
    run_id = later_server.state.run_that_asks()
    id = later_server.state.question_of(run_id)
    async with following(later_server) as follow:
        await follow(id, "pending")
        await follow.run(run_id, "suspended")
        await asyncio.to_thread(later_server.wait_for_stream)
        await answer("rina", id, value="true")
        await follow.run(run_id, "running", step="Roll it out")
        later_server.state.finish(run_id)
        await follow.run(run_id, "completed", step="Roll it out")


def test_what_a_server_of_c_says_is_as_published() -> None:
    policy = {"type": "any_of", "review": {"reviewer_user_ids": [LEE]}}
    with LaterServer("c") as server:
        id = server.state.ask(resolution_policy=policy)
        server.state.token_of(RINA)
        headers = {"Authorization": f"Bearer mbc_{RINA}"}
        yes = {"answers": [{"question_id": "go", "value": "approved"}]}
        with httpx.Client(base_url=f"{server.base_url}/v1", headers=headers) as client:
            path = f"/interactions/{id}"
            for wrong in ({"value": True}, yes | {"guard": ""}):
                assert client.post(f"{path}/respond", json=wrong).status_code == 400
            said = [client.post(f"{path}/respond", json=yes), client.get(path)]
            listed = client.get("/interactions")
        models.InteractionListResponse.model_validate_json(listed.content)
        for one in said:
            assert models.Interaction.model_validate_json(one.content).status == "in_review"


class Following:
    """Waits until the mirror has what is given."""

    def __init__(self, kept: Kept) -> None:
        self._until = kept.ears.until

    async def __call__(self, id: str, status: str, *, round: int = 0) -> None:
        async def reached() -> bool:
            found = Interaction.objects.filter(mobius_id=id, status=status, round=round)
            return await found.aexists()

        await self._until(f"item:{id}", reached)

    async def run(self, id: str, status: str, *, step: str = "") -> None:
        async def reached() -> bool:
            run = await page("tess", f"/runs/{id}/")
            return f'data-run-status="{status}"' in run and step in run

        await self._until(f"run:{id}", reached)


@asynccontextmanager
async def following(server: LaterServer) -> AsyncIterator[Following]:
    generation = Generation(server.generation)
    async with keeping(
        server.base_url, "demo", server.key, generation=generation, sync_status=sync_status
    ) as kept:
        await kept.is_("live")
        yield Following(kept)


@sync_to_async
def page(name: str, path: str) -> str:
    answer = cast.sign_in(name).get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


answer = sync_to_async(cast.answer)


def review(server: LaterServer, id: str, **body: str) -> None:
    server.state.review(id, body, LEE)


def bodies(server: LaterServer) -> list[dict[str, Any]]:
    """Of all answers that have come, also of refused ones."""
    return [one.json for one in server.requests("respond")]
