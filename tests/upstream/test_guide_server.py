"""The guide-only server does what the guide says, so that other tests can rely on it."""

import itertools
from collections.abc import Callable
from contextlib import aclosing

import pytest

from inbox.mobius import Backoff, MobiusClient
from inbox.mobius.errors import Conflict, NotFound, Rejected
from inbox.mobius.lists import walk
from inbox.mobius.types import InteractionStatus, RunStatus
from tests.support.snapshots import YES
from tests.upstream import GuideServer

Connect = Callable[[], MobiusClient]


@pytest.fixture
def server(guide_server: GuideServer) -> GuideServer:
    return guide_server


@pytest.fixture
def connect(server: GuideServer) -> Connect:
    backoff = Backoff(base=0.01, cap=0.05)
    return lambda: MobiusClient(
        base_url=server.base_url, project="demo", token=server.key, backoff=backoff
    )


async def test_a_run_asks_is_answered_and_completes(server: GuideServer, connect: Connect) -> None:
    async with connect() as client:
        server.offers.seeds = True
        run_id = server.state.run_that_asks()
        [asked] = (await client.interactions(status="pending", limit=50)).items
        assert (asked.run_id, asked.message) == (run_id, "Ship it?")
        assert (await client.run(run_id)).status is RunStatus.SUSPENDED

        seen: list[RunStatus] = []
        async with aclosing(client.events(run_id=run_id)) as events:
            seen.append((await anext(events)).run.status)  # type: ignore[union-attr]
            answered = await client.respond(asked.id, raw={}, answers=YES)
            while seen[-1] is not RunStatus.COMPLETED:
                seen.append((await anext(events)).run.status)  # type: ignore[union-attr]
        assert answered.status is InteractionStatus.COMPLETED
        assert seen == [
            RunStatus.SUSPENDED,
            RunStatus.QUEUED,
            RunStatus.RUNNING,
            RunStatus.COMPLETED,
        ]
        with pytest.raises(Conflict):
            await client.respond(asked.id, raw={}, answers=YES)


async def test_calls_that_the_guide_does_not_name_are_missing(
    server: GuideServer, connect: Connect
) -> None:
    async with connect() as client:
        with pytest.raises(NotFound):
            await client.me()
        with pytest.raises(NotFound):
            await client.groups()
        server.offers.more |= {"groups"}
        server.state.groups["approvers"] = ["user_rina"]
        assert [group.id for group in (await client.groups()).items] == ["approvers"]


async def test_a_list_has_pages_or_its_newest_only(server: GuideServer, connect: Connect) -> None:
    async with connect() as client:
        questions = [server.state.ask() for _ in range(5)]
        server.offers.page_size = 2
        found = [one.id async for one in walk(client.interactions, limit=2)]
        assert found == questions[::-1]
        server.offers.cursors = False
        assert [one.id async for one in walk(client.interactions, limit=2)] == questions[:2:-1]


async def test_parameters_can_be_refused(server: GuideServer, connect: Connect) -> None:
    server.offers.limit_maximum = 100
    server.offers.statuses = {"pending"}
    async with connect() as client:
        await client.interactions(status="pending", limit=101)
        with pytest.raises(Rejected):
            await client.interactions(status="expired")
    limits = [one.query.get("limit") for one in server.requests("interactions")]
    assert limits[:2] == ["101", "100"]


@pytest.mark.parametrize(
    ("seq_per_run", "id_lines", "line_end", "times", "ids_as_numbers"),
    [
        (True, True, "\r\n", "epoch", True),
        (False, True, "\n", "naive", False),
        (True, True, "\n", "missing", True),
        (False, True, "\r\n", "offset", False),
    ],
)
async def test_the_frames_of_each_stream_can_be_distinguished(  # noqa: PLR0917
    server: GuideServer,
    connect: Connect,
    seq_per_run: bool,
    id_lines: bool,
    line_end: str,
    times: str,
    ids_as_numbers: bool,
) -> None:
    async with connect() as client:
        server.offers.__dict__.update(
            seq_per_run=seq_per_run,
            id_lines=id_lines,
            line_end=line_end,
            times=times,
            closes_after=0.3,
            comment_first=True,
        )
        server.state.run_that_asks()
        run_id = server.state.run_that_asks()
        events = [
            event["run_seq" if seq_per_run else "seq"]
            for event in server.state.events
            if event["run_id"] == run_id and event["type"] == "run_updated"
        ]
        told = []
        async with aclosing(client.events(run_id=run_id, since=0)) as stream:
            async for event in stream:
                told.append(event.seq)
                if len(told) == len(events):
                    break
        assert told == events
        assert all(a < b for a, b in itertools.pairwise(told))


@pytest.mark.parametrize(
    ("responder", "named"),
    [
        ("person", "user_rina"),
        ("key", "svc_installation"),
        ("group", "user_rina"),
        ("none", None),
    ],
)
async def test_it_can_name_any_responder(
    server: GuideServer, connect: Connect, responder: str, named: str | None
) -> None:
    async with connect() as client:
        server.offers.__dict__.update(responder=responder)
        answered = await client.respond(server.state.ask(), raw={}, answers=YES, comment="Fine.")
        assert (answered.responder_id, answered.value, answered.comment) == (named, True, "Fine.")


async def test_it_can_accept_an_answer_and_process_it_later(
    server: GuideServer, connect: Connect
) -> None:
    async with connect() as client:
        server.offers.__dict__.update(processes=False, respond_body="unchanged")
        question = server.state.ask()
        assert (
            await client.respond(question, raw={}, answers=YES)
        ).status is InteractionStatus.PENDING
        server.state.process()
        assert (await client.interaction(question)).status is InteractionStatus.COMPLETED


async def test_the_server_can_go_away_and_come_back(server: GuideServer, connect: Connect) -> None:
    async with connect() as client:
        question = server.state.ask()
        server.stop()
        server.start()
        assert (await client.interaction(question)).id == question
