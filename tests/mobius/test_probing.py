import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

from inbox.mobius import Backoff, MobiusClient
from inbox.mobius.errors import Rejected, Unauthorized, Unavailable
from inbox.mobius.probing import probe
from inbox.mobius.types import Capabilities, Offer
from tests.support.scripted_server import Dribble, Reply, ScriptedServer, frame
from tests.upstream import GuideServer

YES, NO, UNKNOWN = Offer.YES, Offer.NO, Offer.UNKNOWN
Connect = Callable[[], MobiusClient]
CLOSED = Dribble([], "end")


@pytest.fixture
def server(guide_server: GuideServer) -> GuideServer:
    guide_server.state.run_that_asks()
    return guide_server


@pytest.fixture
def connect(server: GuideServer) -> Connect:
    backoff = Backoff(base=0.01, cap=0.05)
    return lambda: MobiusClient(
        base_url=server.base_url, project="demo", token=server.key, backoff=backoff
    )


async def found(connect: Connect, last: Capabilities | None = None) -> Capabilities:
    async with connect() as client:
        return await probe(client, last or Capabilities())


async def test_the_guide_has_neither_project_stream_nor_groups(connect: Connect) -> None:
    assert (await found(connect)).offers() == {
        "pending": YES,
        "pending_of_run": YES,
        "closed": YES,
        "project_events": NO,
        "run_events": YES,
        "runs": YES,
        "run": YES,
        "steps": NO,
        "groups": NO,
        "token_owner": NO,
        "signals": YES,
        "cancellation": YES,
        "claims": UNKNOWN,
        "device_sign_in": UNKNOWN,
    }


async def test_more_is_used_when_offered(server: GuideServer, connect: Connect) -> None:
    server.offers.more |= {"project_events", "steps", "groups", "members", "me"}
    now = await found(connect)
    assert (now.project_events, now.steps, now.groups) == (YES, YES, YES)
    # A service key is no one's: 400 says that upstream can tell whose a token is.
    assert now.token_owner is YES


@pytest.mark.parametrize(
    ("replies", "offer"),
    [
        ([CLOSED, CLOSED], NO),
        ([CLOSED, Dribble(["id: 1\n\n"])], YES),
        ([Dribble([frame(1, "run_updated", {})], "end")], YES),
    ],
)
async def test_a_project_stream_that_closes_at_once_is_none(
    replies: list[Dribble], offer: Offer
) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/interactions$", Reply(200, {"items": []}), always=True)
        server.on("GET", "/runs/events$", *replies)
        client = MobiusClient(base_url=server.base_url, project="demo", token="mbx_1")
        async with client:
            assert (await probe(client, Capabilities())).project_events is offer


@pytest.mark.parametrize("call", ["runs", "run", "run_events", "groups", "steps"])
@pytest.mark.parametrize(
    ("status", "offer"),
    [(404, NO), (405, NO), (501, NO), (400, NO), (401, YES), (403, YES), (429, YES), (500, YES)],
)
async def test_only_an_answer_about_the_call_itself_counts(
    server: GuideServer, connect: Connect, call: str, status: int, offer: Offer
) -> None:
    server.offers.more |= {"groups", "steps"}
    server.offers.refuses[call] = status
    last = Capabilities(**{call: YES})
    assert getattr(await found(connect, last), call) is offer


@pytest.mark.parametrize(
    ("status", "offer"),
    [(404, NO), (405, NO), (501, NO), (200, YES), (400, YES), (403, YES), (401, UNKNOWN)],
)
async def test_the_owner_of_a_token_is_found(
    server: GuideServer, connect: Connect, status: int, offer: Offer
) -> None:
    server.offers.more.add("me")
    server.offers.refuses["me"] = status
    assert (await found(connect)).token_owner is offer


async def test_without_a_run_what_runs_offer_is_unknown(guide_server: GuideServer) -> None:
    url, key = guide_server.base_url, guide_server.key
    async with MobiusClient(base_url=url, project="demo", token=key) as client:
        now = await probe(client, Capabilities())
    assert (now.run, now.steps, now.run_events, now.runs) == (UNKNOWN, UNKNOWN, UNKNOWN, YES)


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (503, Unavailable)])
async def test_nothing_is_concluded_while_the_pending_list_fails(
    server: GuideServer, connect: Connect, status: int, error: type[Exception]
) -> None:
    server.offers.refuses["interactions"] = status
    with pytest.raises(error):
        await found(connect)
    assert {one.call for one in server.seen} == {"interactions"}


async def test_a_question_of_a_missing_run_does_not_decide_what_is_offered(
    server: GuideServer, connect: Connect
) -> None:
    server.state.run_that_asks()
    server.state.ask(run_id="run_99")
    now = await found(connect)
    assert (now.run, now.run_events) == (YES, YES)


async def test_a_list_that_needs_a_run_cannot_tell_of_new_questions(
    server: GuideServer, connect: Connect
) -> None:
    server.offers.needs_run_id = True
    now = await found(connect)
    assert (now.pending, now.pending_of_run, now.token_owner) == (NO, YES, NO)


@pytest.mark.parametrize(
    ("most", "filters", "size"),
    [(200, True, 200), (100, True, 100), (60, True, 50), (10, True, 0), (200, False, 0)],
)
async def test_the_page_size_is_what_the_list_takes(
    server: GuideServer, connect: Connect, most: int, filters: bool, size: int
) -> None:
    server.offers.limit_maximum = most
    if not filters:
        server.offers.filters = {"run_id", "status"}
    async with connect() as client:
        assert (await probe(client, Capabilities())).page_size == size
        before = len(server.seen)
        assert (await client.interactions(status="pending")).items
    # Once it is known, each page is one request.
    assert len(server.seen) == before + 1


async def test_a_page_size_that_is_refused_later_is_replaced(
    server: GuideServer, connect: Connect
) -> None:
    smaller: list[int | None] = []
    async with connect() as client:
        client.lists.on_smaller = lambda: smaller.append(client.lists.size("interactions"))
        await probe(client, Capabilities())
        server.offers.limit_maximum = 100
        assert await client.newest_pending(None) is not None
        assert (await client.interactions(status="pending")).items
    assert smaller == [100]


async def test_a_status_that_a_list_does_not_know_is_asked_for_once(
    server: GuideServer, connect: Connect
) -> None:
    server.offers.statuses = {"pending"}
    async with connect() as client:
        now = await probe(client, Capabilities())
    assert (now.closed, now.refused) == (NO, ("interactions: completed",))


@pytest.mark.parametrize("polled", [True, False])
async def test_a_list_that_was_read_once_is_asked_again_after_a_refusal(
    server: GuideServer, connect: Connect, polled: bool
) -> None:
    async with connect() as client:
        if polled:
            await client.newest_pending(None)
        else:
            await client.interactions(status="pending")
        server.offers.refuses["interactions"] = 400
        for _ in range(2):
            with pytest.raises(Rejected):
                await client.interactions(status="pending")
        server.offers.refuses.clear()
        assert (await client.interactions(status="pending")).items
        assert client.lists.refused == ()


async def test_a_probe_that_is_cancelled_as_its_requests_start_leaves_none_unawaited(
    connect: Connect,
) -> None:
    loop = asyncio.get_running_loop()

    def cancel_as_requests_start(
        loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=loop, **options)
        if coroutine.__name__ == "_offer":
            loop.call_soon(probing.cancel)
        return task

    async with connect() as client:
        probing = asyncio.create_task(probe(client, Capabilities()))
        loop.set_task_factory(cancel_as_requests_start)
        with pytest.raises(asyncio.CancelledError):
            await probing
    # What was never awaited is a warning when it is collected, and warnings are errors here.
    gc.collect()
