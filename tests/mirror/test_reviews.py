import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.mirror.full_sync import FullSync
from inbox.mirror.polling import PollIntervals
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.types import Generation
from inbox.models import Interaction
from tests.fixtures_engine import Organization
from tests.mirror.conftest import Mirror
from tests.mirror.keeping import QUICK, keeping
from tests.support.later_items import task_sent_back
from tests.support.scripted_server import Reply, ScriptedServer


@pytest.mark.django_db(transaction=True)
async def test_questions_in_review_are_found_though_they_were_never_seen_pending(
    mirror: Mirror,
) -> None:
    mirror.upstream.generation = Generation.C
    await mirror.upstream.asave()
    waiting = {**task_sent_back(), "status": "in_review"}
    with ScriptedServer() as server:
        server.on(
            "GET",
            "/interactions$",
            Reply(200, {"items": []}),
            Reply(200, {"items": [waiting]}),
        )
        server.on("GET", "/interactions$", Reply(200, {"items": []}), always=True)
        async with MobiusClient(
            base_url=server.base_url,
            project="",
            token="mbx_key",
            generation=Generation.C,
            backoff=QUICK,
        ) as client:
            await FullSync(client, Store(mirror.upstream), lambda: 0).run()
        listed = [one.query["status"] for one in server.seen("GET", "/interactions$")]
    assert listed == [["pending"], ["in_review"], ["completed"], ["expired"]]
    row = await Interaction.objects.aget()
    assert (row.status, row.round, row.closed_at) == ("in_review", 1, None)


@pytest.mark.django_db(transaction=True)
async def test_a_question_in_review_stays_open_until_it_is_accepted(
    organization: Organization, settings: Any
) -> None:
    settings.MOBIUS_API = "c"
    yes = {"answers": [{"question_id": "ship", "value": "approved"}]}
    again = {"action": "request_changes", "comment": "Which one?"}
    policy = {"type": "any_of", "review": {"reviewer_user_ids": ["user_lee"]}}
    id = (await sync_to_async(organization.ask)(resolution_policy=policy))["id"]

    async def post(who: str, what: str, body: dict[str, Any]) -> None:
        client = organization.as_(who)
        answer = await sync_to_async(client.post)(f"interactions/{id}/{what}", json=body)
        assert answer.is_success, answer.text

    with ScriptedServer(upstream=organization.base_url) as server:
        polls = PollIntervals(watched=0.1, idle=0.1, missing=0.0)
        async with keeping(
            server.base_url,
            "",
            organization.service_key,
            generation=Generation.C,
            polls=polls,
        ) as kept:

            async def is_(status: str, round: int) -> None:
                async def reached() -> bool:
                    row = await Interaction.objects.filter(mobius_id=id).afirst()
                    found = row and (row.status, row.round, row.deleted, row.is_open)
                    return found == (status, round, False, status != "completed")

                await kept.ears.until(f"item:{id}", reached)

            await is_("pending", 0)
            await post("user_rina", "respond", yes)
            await is_("in_review", 0)
            await kept.sync.full_sync()
            polled = len(server.seen("GET", "/interactions$"))
            await asyncio.to_thread(server.wait_for, "GET", "/interactions$", polled + 6)
            await is_("in_review", 0)
            # It left the first list before the second was read, or was listed in one of them.
            assert len(server.seen("GET", f"/interactions/{id}$")) <= 1

            await post("user_lee", "review", again)
            await is_("pending", 1)
            await post("user_rina", "respond", yes)
            await is_("in_review", 1)
            await post("user_lee", "review", {"action": "accept"})
            await is_("completed", 1)
