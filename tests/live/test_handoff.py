import asyncio
from typing import Any

from inbox.lib.page_slots import Slots
from inbox.live.bus import MemoryBus
from inbox.live.handoff import Handoff
from inbox.live.hub import Hub


async def no_page(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("a stream is not a page")


class Streams:
    """Streams that are opened while a page is computed; a hub that has not started refuses them."""

    def __init__(self, patience: float) -> None:
        self.slots = Slots(1)
        self.statuses: list[int] = []
        hub = Hub(bus=MemoryBus())
        self._handoff = Handoff(no_page, hub, self.slots, patience)

    async def open(self) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])

        scope = {"type": "http", "path": "/live/inbox/", "method": "GET"}
        await self._handoff(scope, receive, send)


async def test_a_stream_waits_until_no_page_is_computed() -> None:
    streams = Streams(patience=60)
    await streams.slots.enter()
    opening = asyncio.create_task(streams.open())
    for _ in range(5):
        await asyncio.sleep(0)
    assert streams.statuses == []
    streams.slots.leave()
    await opening
    assert streams.statuses == [503]


async def test_a_stream_does_not_wait_for_long() -> None:
    streams = Streams(patience=0.01)
    await streams.slots.enter()
    await streams.open()
    assert streams.statuses == [503]
