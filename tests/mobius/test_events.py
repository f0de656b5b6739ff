"""The event stream: resumed where it broke, alive while anything comes, endless."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from inbox.mobius import Backoff, MobiusClient, Timeouts
from inbox.mobius.bounded import FrameLimit, Limits
from inbox.mobius.errors import (
    Ended,
    InvalidResponse,
    MobiusError,
    RateLimited,
    Silent,
    TooLarge,
    Unauthorized,
    Unreachable,
)
from inbox.mobius.types import Event, EventKind
from tests.mobius.conftest import PATIENT, Connect, interaction, run
from tests.support.scripted_server import Dribble, Reply, ScriptedServer, frame

STREAM = r"/runs/events$"
ONE_RUN = r"/runs/run_1/events$"


async def take(events: AsyncGenerator[Event, None], count: int) -> list[Event]:
    taken: list[Event] = []
    async with aclosing(events), asyncio.timeout(60):
        async for event in events:
            taken.append(event)
            if len(taken) == count:
                break
    return taken


def told(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.kind.value, event.seq) for event in events]


async def test_it_begins_with_its_position(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", STREAM, Dribble(["id: 41\n\n", frame(42, "run_updated", run())]))
    async with connect() as client:
        cursor, event = await take(client.events(), 2)
    assert (cursor.kind, cursor.seq, cursor.logged) == (EventKind.CURSOR, 41, False)
    assert (event.kind, event.seq, event.logged) == (EventKind.RUN, 42, True)
    assert event.run is not None
    assert event.run.id == "run_1"
    request = server.requests[0]
    assert request.query == {}
    assert "last-event-id" not in request.headers
    assert request.headers["accept"] == "text/event-stream"


async def test_it_asks_for_what_came_after_the_cursor(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", STREAM, Dribble(["id: 7\n\n"]))
    async with connect() as client:
        assert told(await take(client.events(since=7), 1)) == [("cursor", 7)]
    assert server.requests[0].query == {"since": ["7"]}
    assert server.requests[0].headers["last-event-id"] == "7"


@pytest.mark.parametrize("then", ["cut", "end", "hang"])
async def test_it_continues_where_it_broke_without_repeating_events(
    server: ScriptedServer, connect: Connect, then: str
) -> None:
    server.on(
        "GET",
        STREAM,
        Dribble(["id: 1\n\n" + frame(2, "run_updated", run())], then),
        Dribble(
            [
                "id: 2\n\n",
                frame(2, "run_updated", run()),
                frame(3, "interaction_created", interaction()),
            ]
        ),
    )
    broken: list[MobiusError] = []
    timeouts = replace(PATIENT, stream=1 if then == "hang" else 60)
    async with connect(timeouts=timeouts) as client:
        events = await take(client.events(on_break=broken.append), 4)
    assert told(events) == [("cursor", 1), ("run", 2), ("cursor", 2), ("interaction", 3)]
    assert [type(error) for error in broken] == [Silent if then == "hang" else Ended]
    assert [r.query.get("since") for r in server.requests] == [None, ["2"]]
    assert [r.headers.get("last-event-id") for r in server.requests] == [None, "2"]


async def test_a_project_stream_may_number_the_events_of_each_run(
    server: ScriptedServer, connect: Connect
) -> None:
    first, second = frame(5, "run_updated", run()), frame(6, "run_updated", run())
    other = [frame(seq, "run_updated", run("run_2"), run_id="run_2") for seq in (1, 2)]
    server.on(
        "GET",
        STREAM,
        Dribble([first, other[0], second], "end"),
        Dribble([other[0], second, other[1]]),
    )
    async with connect() as client:
        events = await take(client.events(), 6)
    logged = [(event.run_id, event.seq) for event in events if event.logged]
    assert logged == [("run_1", 5), ("run_2", 1), ("run_1", 6), ("run_2", 2)]


async def test_a_break_before_the_first_event_resumes_from_the_opening_cursor(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", STREAM, Dribble(["id: 9\n\n"], "cut"), Dribble(["id: 9\n\n"]))
    async with connect() as client:
        assert told(await take(client.events(), 2)) == [("cursor", 9), ("cursor", 9)]
    assert [r.query.get("since") for r in server.requests] == [None, ["9"]]


async def test_half_a_frame_is_not_an_event(server: ScriptedServer, connect: Connect) -> None:
    whole = frame(2, "run_updated", run())
    server.on(
        "GET",
        STREAM,
        Dribble(["id: 1\n\n", whole[: len(whole) // 2]], "end"),
        Dribble(["id: 1\n\n", whole]),
    )
    async with connect() as client:
        assert told(await take(client.events(), 3)) == [("cursor", 1), ("cursor", 1), ("run", 2)]


async def test_failures_of_every_kind_are_reported_and_survived(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on(
        "GET",
        STREAM,
        Reply(500, "x"),
        Reply(401),
        Reply(302, "", {"location": "/login"}),
        Reply(200, "<html>", {"content-type": "text/html"}),
        Reply(204),
        Reply(429, "", {"retry-after": "0"}),
        Dribble(["id: 1\n\n"]),
    )
    broken: list[MobiusError] = []
    async with connect() as client:
        assert told(await take(client.events(on_break=broken.append), 1)) == [("cursor", 1)]
    assert [type(error).__name__ for error in broken] == [
        "Unavailable",
        "Unauthorized",
        "InvalidResponse",
        "InvalidResponse",
        "InvalidResponse",
        "RateLimited",
    ]
    assert {type(error) for error in broken} >= {Unauthorized, InvalidResponse, RateLimited}


async def test_it_reconnects_when_upstream_comes_back(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", STREAM, Dribble(["id: 1\n\n"]), Dribble(["id: 1\n\n"]))
    broken = asyncio.Queue[MobiusError]()
    async with connect() as client, aclosing(client.events(on_break=broken.put_nowait)) as events:
        async with asyncio.timeout(60):
            assert (await anext(events)).kind is EventKind.CURSOR
            server.refuse()
            again = asyncio.ensure_future(anext(events))
            for _ in range(3):
                error = await broken.get()
                assert isinstance(error, Unreachable)
            server.listen()
            assert (await again).kind is EventKind.CURSOR


async def test_it_honours_retry_after(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", STREAM, Reply(429, "", {"retry-after": "1"}), Dribble(["id: 1\n\n"]))
    began = asyncio.get_running_loop().time()
    async with connect() as client:
        await take(client.events(), 1)
    assert asyncio.get_running_loop().time() - began >= 1


async def test_keep_alives_keep_it_alive_and_are_no_events(
    server: ScriptedServer, connect: Connect
) -> None:
    alive: list[str | float] = [0.2, ":keepalive\n\n"]
    server.on("GET", STREAM, Dribble(["id: 1\n\n", *alive * 12, frame(2, "x_updated", {})]))
    broken: list[MobiusError] = []
    async with connect(timeouts=replace(PATIENT, stream=2, keep_alive=2)) as client:
        assert told(await take(client.events(on_break=broken.append), 2)) == [
            ("cursor", 1),
            ("other", 2),
        ]
    assert broken == []


async def test_a_stream_that_never_sends_its_position_counts_as_open_anyway(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", STREAM, Dribble([":keepalive\n\n"]), Dribble([frame(5, "x", {})]))
    async with connect(timeouts=Timeouts(opening=0.1)) as client:
        assert told(await take(client.events(), 1)) == [("cursor", 0)]
    async with connect() as client:
        assert told(await take(client.events(), 2)) == [("cursor", 4), ("other", 5)]


@pytest.mark.parametrize(
    "data",
    [
        "data: {half\n",
        "data: 7\n",
        'data: {"seq": "x", "data": []}\n',
        "data: " + "[" * 9999 + "\n",
    ],
)
async def test_a_frame_that_cannot_be_read_moves_the_cursor_and_breaks_nothing(
    server: ScriptedServer, connect: Connect, data: str
) -> None:
    server.on("GET", STREAM, Dribble(["id: 1\n\n", f"id: 2\n{data}\n", frame(3, "y", {})]))
    async with connect() as client:
        events = await take(client.events(), 3)
    assert told(events) == [("cursor", 1), ("other", 2), ("other", 3)]


async def test_an_event_of_an_unknown_type_or_without_its_object_is_other(
    server: ScriptedServer, connect: Connect
) -> None:
    bad: list[tuple[str, Any]] = [
        ("run_teleported", {"id": "run_1"}),
        ("run_updated", {}),
        ("run_updated", None),
        ("interaction_created", {"id": None}),
        ("run_step_updated", []),
    ]
    frames = [frame(seq, type, data) for seq, (type, data) in enumerate(bad, start=2)]
    server.on("GET", STREAM, Dribble(["id: 1\n\n", *frames]))
    async with connect() as client:
        events = await take(client.events(), 1 + len(bad))
    assert {event.kind for event in events[1:]} == {EventKind.OTHER}
    assert [event.type for event in events[1:]] == [type for type, _ in bad]


async def test_a_runs_stream_begins_with_the_run_as_it_is_not_logged(
    server: ScriptedServer, connect: Connect
) -> None:
    seed = frame(None, "run_updated", run()).replace('"seq": 0', '"seq": 30')
    server.on(
        "GET",
        ONE_RUN,
        Dribble([seed, frame(31, "run_updated", run(status="queued"))], "cut"),
        Dribble([seed.replace('"seq": 30', '"seq": 31')]),
    )
    async with connect() as client:
        events = await take(client.events(run_id="run_1"), 3)
    assert [(e.kind, e.seq, e.logged) for e in events] == [
        (EventKind.RUN, 30, False),
        (EventKind.RUN, 31, True),
        (EventKind.RUN, 31, False),
    ]
    assert server.requests[1].query == {"since": ["31"]}


def without_id(seq: int) -> str:
    return frame(None, "run_updated", run()).replace('"seq": 0', f'"seq": {seq}')


async def test_a_runs_stream_without_ids_loses_no_entry(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on(
        "GET",
        ONE_RUN,
        Dribble([without_id(5), without_id(6)], "end"),
        Dribble([without_id(7)], "end"),
        Dribble([without_id(8)]),
    )
    async with connect() as client:
        events = await take(client.events(run_id="run_1"), 5)
    # The second frame shows what the first one is.
    assert [(e.seq, e.logged) for e in events] == [
        (5, False),
        (5, True),
        (6, True),
        (7, True),
        (8, True),
    ]


async def test_a_runs_log_is_replayed_behind_a_seed_that_is_newer(
    server: ScriptedServer, connect: Connect
) -> None:
    replays = (frame(1, "run_updated", run()), frame(2, "run_updated", run()))
    for replay in (replays, (without_id(1), without_id(2))):
        server.on("GET", ONE_RUN, Dribble([without_id(2), *replay]))
        async with connect() as client:
            events = await take(client.events(run_id="run_1", since=0), 3)
        assert [(e.seq, e.logged) for e in events] == [(2, False), (1, True), (2, True)]


@pytest.mark.parametrize("id", ["evt-a", "900"])
async def test_opaque_event_ids_are_only_used_to_resume(
    server: ScriptedServer, connect: Connect, id: str
) -> None:
    server.on(
        "GET",
        ONE_RUN,
        Dribble([f"id: {id}\n{without_id(5)}"], "end"),
        Dribble([f"id: {id}1\n{without_id(6)}"]),
    )
    async with connect() as client:
        events = await take(client.events(run_id="run_1"), 2)
    assert [(e.seq, e.logged) for e in events] == [(5, True), (6, True)]
    assert server.requests[1].headers["last-event-id"] == id


async def test_a_frame_of_many_megabytes_and_pieces_is_one_event(
    server: ScriptedServer, connect: Connect
) -> None:
    big = frame(2, "interaction_created", interaction(message="ü" * 2_000_000)).encode()
    pieces = [big[n : n + 60_001] for n in range(0, len(big), 60_001)]
    server.on("GET", STREAM, Dribble([b"id: 1\n\n", *pieces]))
    async with connect(timeouts=Timeouts()) as client:
        _, event = await take(client.events(), 2)
    assert event.interaction is not None
    assert event.interaction.message == "ü" * 2_000_000


async def test_closing_it_closes_the_connection(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", STREAM, Dribble(["id: 1\n\n"]), always=True)
    async with connect() as client:
        for _ in range(150):
            await take(client.events(), 1)


async def test_it_can_be_cancelled_while_it_waits(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", STREAM, Dribble(["id: 1\n\n"], "cut"))
    broken = asyncio.Event()

    async def follow(client: MobiusClient) -> None:
        async with aclosing(client.events(on_break=lambda _: broken.set())) as events:
            async for _ in events:
                pass

    async with connect(backoff=Backoff(base=60, cap=60)) as client:
        reading = asyncio.ensure_future(follow(client))
        await asyncio.wait_for(broken.wait(), 60)
        reading.cancel()
        await asyncio.wait({reading}, timeout=30)
        assert reading.cancelled()


SMALL = Limits(frame=1000, response=4000)


@pytest.mark.parametrize("line", ["data: ", ":", "x"])
async def test_after_a_line_without_an_end_it_begins_again_without_a_cursor(
    server: ScriptedServer, connect: Connect, line: str
) -> None:
    server.on(
        "GET",
        STREAM,
        Dribble(["id: 1\n\n", frame(2, "x", {}), line, *["y" * 400] * 9]),
        Dribble(["id: 90\n\n", frame(91, "x", {})]),
    )
    broken: list[MobiusError] = []
    async with connect(limits=SMALL) as client:
        events = await take(client.events(on_break=broken.append), 4)
    assert told(events) == [("cursor", 1), ("other", 2), ("cursor", 90), ("other", 91)]
    assert [type(error) for error in broken] == [TooLarge]
    assert server.requests[1].query == {}
    assert "last-event-id" not in server.requests[1].headers


async def test_a_frame_of_too_many_lines_is_too_large(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", STREAM, Dribble(["id: 1\n\n", *["data: y\n"] * 500]), Dribble(["id: 2\n\n"]))
    broken: list[MobiusError] = []
    async with connect(limits=SMALL) as client:
        await take(client.events(on_break=broken.append), 2)
    assert [type(error) for error in broken] == [TooLarge]


async def test_many_frames_and_comments_are_not_one_large_one(
    server: ScriptedServer, connect: Connect
) -> None:
    many = "".join(frame(seq, "x", {}) + ":keepalive\n\n" for seq in range(2, 50))
    server.on("GET", STREAM, Dribble(["id: 1\n\n", many]))
    async with connect(limits=SMALL) as client:
        assert len(await take(client.events(), 49)) == 49


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_frame_is_measured_the_same_however_it_is_cut(end: str) -> None:
    lines = ["id: 7", "event: x", "data: ü", "data:two", ":keepalive", "", "data: 3", "", ""]
    encoded = end.join(lines).encode()
    largest = sum(len(line.encode()) for line in lines[:4])
    for size in range(1, len(encoded)):
        pieces = [encoded[n : n + size] for n in range(0, len(encoded), size)]
        enough, short = FrameLimit(largest), FrameLimit(largest - 1)
        for piece in pieces:
            enough.count(piece)
        assert enough.comments == 1
        with pytest.raises(TooLarge):
            deque(map(short.count, pieces))


async def test_silence_after_keep_alives_is_noticed_sooner(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", STREAM, Dribble(["id: 1\n\n:keepalive\n\n"]), Dribble(["id: 1\n\n"]))
    broken: list[MobiusError] = []
    async with connect(timeouts=replace(PATIENT, stream=60, keep_alive=1)) as client:
        await take(client.events(on_break=broken.append), 2)
    assert [type(error) for error in broken] == [Silent]
    assert broken[0].silence is not None
    assert broken[0].silence >= 1


async def test_rare_keep_alives_do_not_cause_a_reconnect(
    server: ScriptedServer, connect: Connect
) -> None:
    opened = threading.Event()
    keep_alive: list[str | float] = [0.5, ":keepalive\n\n", 0.5]
    server.on("GET", STREAM, Dribble(["id: 1\n\n", opened, *keep_alive, frame(2, "x", {})]))
    broken: list[MobiusError] = []
    async with (
        connect(timeouts=replace(PATIENT, stream=60, keep_alive=0.2)) as client,
        aclosing(client.events(on_break=broken.append)) as events,
    ):
        await anext(events)
        opened.set()
        await anext(events)
    assert broken == []
