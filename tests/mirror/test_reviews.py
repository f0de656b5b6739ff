import pytest

from inbox.mirror.full_sync import FullSync
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.types import Generation
from inbox.models import Interaction
from tests.mirror.conftest import Mirror
from tests.mirror.keeping import QUICK
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
