from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.mobius.errors import RateLimited
from inbox.models import Upstream
from inbox.people import clients
from inbox.people.shared_limit import StoredLimit
from tests.support.later_items import question_of_c
from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.snapshots import YES

LIMITED = Reply(429, {"error": {"code": "rate_limit_exceeded"}}, {"retry-after": "300"})
LIST, ANSWER = "/interactions$", "/respond$"


@pytest.fixture
def server(settings: Any) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        settings.MOBIUS_BASE_URL, settings.MOBIUS_API_KEY = server.base_url, "mbx_key"
        yield server


async def _upstream(generation: str) -> Upstream:
    upstream = await sync_to_async(Upstream.current)()
    upstream.generation = generation
    await upstream.asave()
    return upstream


async def _read() -> None:
    """As another process would, which has only the database in common."""
    await clients.close()
    await (await clients.background_client()).interactions(status="pending")


@pytest.mark.django_db
async def test_a_429_pauses_what_all_processes_read_but_no_answer(server: ScriptedServer) -> None:
    upstream = await _upstream("c")
    server.on("GET", LIST, LIMITED)
    server.on("GET", LIST, Reply(200, {"items": []}), always=True)
    server.on("POST", ANSWER, Reply(200, question_of_c()))
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            await _read()
        assert 290 < (limited.value.retry_after or 0) <= 300
    assert len(server.seen("GET", LIST)) == 1

    person = clients.RequestCredential("member", "mbc_rina", upstream.api).client()
    await person.respond("iact_1", raw=question_of_c(), answers=YES)
    assert len(server.seen("POST", ANSWER)) == 1

    await Upstream.objects.aupdate(limited_until=datetime.now(UTC) - timedelta(seconds=1))
    await _read()
    await clients.close()


@pytest.mark.django_db
async def test_a_shorter_limit_does_not_end_a_longer_one() -> None:
    limit = StoredLimit(await _upstream("c"))
    for seconds in (300.0, 20.0):
        await limit.note(RateLimited("", retry_after=seconds))
    with pytest.raises(RateLimited) as limited:
        await limit.check()
    assert (limited.value.retry_after or 0) > 290


@pytest.mark.django_db
async def test_in_the_guides_api_a_429_is_about_one_call(server: ScriptedServer) -> None:
    await _upstream("a")
    server.on("GET", LIST, LIMITED, Reply(200, {"items": []}))
    with pytest.raises(RateLimited):
        await _read()
    await _read()
    await clients.close()
