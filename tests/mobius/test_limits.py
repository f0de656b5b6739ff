import asyncio
import gzip
import json
from dataclasses import dataclass
from typing import Any

import pytest

from inbox.mobius.bounded import Limits
from inbox.mobius.errors import InvalidResponse, TooLarge
from inbox.mobius.lists import walk
from tests.mobius.conftest import Connect, interaction
from tests.support.scripted_server import Exchange, Reply, ScriptedServer, head
from tests.support.snapshots import YES

SMALL = Limits(frame=1000, response=20_000)
HUGE = interaction("int_huge", message="x" * 30_000)
LIST = r"/interactions$"


@dataclass(frozen=True)
class Listing:
    """The cursor is a position."""

    items: list[dict[str, Any]]
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        query = exchange.request.query
        start = int(query.get("cursor", ["0"])[0])
        end = start + int(query["limit"][0])
        page: dict[str, Any] = {"items": self.items[start:end], "has_more": end < len(self.items)}
        if page["has_more"]:
            page["next_cursor"] = str(end)
        await Reply(200, page).run(exchange)


@dataclass(frozen=True)
class Endless:
    beginning: str
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        await exchange.write(head(200, {}))
        await exchange.write(self.beginning.encode())
        while True:
            await exchange.write(b'{"id": "int_1"},' * 100)


def some(count: int) -> list[dict[str, Any]]:
    return [interaction(f"int_{n}", message="x" * 500) for n in range(count)]


async def walked(connect: Connect, limits: Limits = SMALL) -> list[str]:
    async with connect(limits=limits) as client:
        return [item.id async for item in walk(client.interactions)]


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", LIST, Listing(some(60)), always=True)
    assert await walked(connect) == [f"int_{n}" for n in range(60)]
    assert [r.query["limit"] for r in server.requests[:5]] == [
        ["200"],
        ["100"],
        ["50"],
        ["25"],
        ["12"],
    ]


@pytest.mark.parametrize("place", [0, 5, 8])
async def test_a_record_that_is_too_large_is_left_out_and_named(
    server: ScriptedServer, connect: Connect, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    items = some(8)
    items.insert(place, HUGE)
    server.on("GET", LIST, Listing(items), always=True)
    assert await walked(connect) == [f"int_{n}" for n in range(8)]
    assert "int_huge is too large to be read" in caplog.text


async def test_the_page_names_what_was_left_out(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", LIST, Listing([HUGE, *some(1)]), always=True)
    async with connect(limits=SMALL) as client:
        page = await client.interactions(limit=1)
    assert (page.items, page.skipped, page.next_cursor) == ((), ("int_huge",), "1")


@pytest.mark.parametrize(
    "shape",
    [
        '{{"items": [{item}], "has_more": true, "next_cursor": "on \\"here\\""}}',
        '{{"items": [{item}],\n  "next_cursor" : "on \\"here\\"" ,"has_more":true }}\n',
        '{{"next_cursor": "on \\"here\\"", "has_more": true, "items": [{item}]}}',
    ],
)
async def test_the_cursor_is_found_wherever_it_is_in_the_page(
    server: ScriptedServer, connect: Connect, shape: str
) -> None:
    trap = {**HUGE, "context": {"next_cursor": "not this"}, "spec": {"a": '], "next_cursor": "x"}'}}
    server.on("GET", LIST, Reply(200, shape.format(item=json.dumps(trap))))
    async with connect(limits=SMALL) as client:
        assert (await client.interactions(limit=1)).next_cursor == 'on "here"'


async def test_a_list_without_an_end_ends_and_the_rest_is_said_to_be_missing(
    server: ScriptedServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server.on("GET", LIST, Endless('{"items": ['), always=True)
    async with asyncio.timeout(60):
        assert await walked(connect) == []
    assert "what follows it in the list may be missing too" in caplog.text
    limits = [r.query["limit"][0] for r in server.requests]
    assert limits == ["200", "100", "50", "25", "12", "6", "3", "1"]


async def test_a_list_that_must_be_whole_is_refused_instead(
    server: ScriptedServer, connect: Connect
) -> None:
    member = {"user_id": "user_rina", "name": "x" * 30_000}
    server.on("GET", "/members$", Listing([member]), always=True)
    async with connect(limits=SMALL) as client:
        with pytest.raises(TooLarge):
            await client.members("grp_1")


async def test_a_record_that_is_too_large_is_refused(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("*", "/interactions/", Reply(200, HUGE), always=True)
    async with connect(limits=SMALL) as client:
        with pytest.raises(TooLarge):
            await client.interaction("int_huge")
        with pytest.raises(TooLarge):
            await client.respond("int_huge", raw={}, answers=YES)
    assert len(server.seen("POST", "/respond$")) == 1


async def test_it_is_the_unpacked_body_that_is_measured(
    server: ScriptedServer, connect: Connect
) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    server.on("GET", "/interactions/", Reply(200, bomb, {"content-encoding": "gzip"}))
    async with connect(limits=SMALL) as client:
        with pytest.raises(TooLarge):
            await client.interaction("int_1")


async def test_a_packed_body_is_unpacked(server: ScriptedServer, connect: Connect) -> None:
    packed = gzip.compress(json.dumps(interaction(message="x" * 10_000)).encode())
    server.on("GET", "/interactions/", Reply(200, packed, {"content-encoding": "gzip"}))
    async with connect(limits=SMALL) as client:
        assert len((await client.interaction("int_1")).message) == 10_000
    assert server.requests[0].headers["accept-encoding"] == "gzip"


async def test_an_encoding_that_was_not_asked_for_is_refused(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", "/interactions/", Reply(200, "{}", {"content-encoding": "br"}))
    async with connect() as client:
        with pytest.raises(InvalidResponse):
            await client.interaction("int_1")
