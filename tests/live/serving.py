"""A hub behind a real server on loopback, and readers that follow it over real HTTP."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx
import uvicorn

from inbox.live.bus import MemoryBus
from inbox.live.connection import Subscription
from inbox.live.hub import Hub

HEAD = {"type": "http.response.start", "status": 200}
HEADERS = [(b"content-type", b"text/event-stream")]


class Rights:
    """``failing``: how many of the next checks fail. ``succeeded``: how many have not. ``broken``:
    streams that can't be checked.
    """

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.broken: set[str] = set()
        self.failing = 0
        self.succeeded = 0

    def lost(self, names: set[str]) -> set[str]:
        if self.broken & names:
            raise LookupError("no such topic")
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database is away")
        self.succeeded += 1
        return names & self.taken


class Served:
    """A hub that serves ``/?topic=…&topic=…&since=…&name=…`` in a thread of its own."""

    def __init__(self, render: Callable[[str], str | None], **options: Any) -> None:
        self.bus = MemoryBus()
        # Only where a test asks for keep-alives, some come between the frames that it expects.
        self.rights = Rights()
        options = {"keep_alive": 3600, "lost_rights": self.rights.lost, **options}
        self.hub = Hub(bus=self.bus, **options)
        self._render = render
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._serve, interface="asgi3", log_level="critical", timeout_graceful_shutdown=2
            )
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="served")
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> "Served":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.on_loop(self.hub.stop())
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()

    def on_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def tasks(self) -> int:
        async def count() -> int:
            return len(asyncio.all_tasks())

        return int(self.on_loop(count()))

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._socket]))

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self._loop = asyncio.get_running_loop()
            self.hub.start(self._render)
            await send({"type": "lifespan.startup.complete"})
            self._ready.set()
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        asked = parse_qs(scope["query_string"].decode())
        headers = dict(scope["headers"])
        said = asked.get("since", [])
        if b"last-event-id" in headers:
            said.append(headers[b"last-event-id"].decode())
        subscription = Subscription(
            tuple(asked["topic"]),
            asked.get("name", [""])[0],
            tuple(said),
        )
        await send({**HEAD, "headers": HEADERS})
        await self.hub.serve(subscription, receive, send)


class Reader:
    def __init__(self, chunks: AsyncIterator[str]) -> None:
        self._chunks = chunks
        self._rest = ""
        self.last_id = ""

    async def frame(self) -> dict[str, str]:
        """The next frame or comment; its fields by name. Raises EOFError at the stream's end."""
        while "\n\n" not in self._rest:
            try:
                self._rest += await anext(self._chunks)
            except StopAsyncIteration:
                raise EOFError from None
        text, _, self._rest = self._rest.partition("\n\n")
        fields: dict[str, str] = {}
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def event(self, name: str) -> dict[str, str]:
        while True:
            fields = await self.frame()
            if "data" in fields and fields.get("event", "") == name:
                return fields

    async def names(self, until: str) -> list[str]:
        """The names of all frames up to and with ``until``; a fragment's is ""."""
        seen: list[str] = []
        while until not in seen:
            fields = await self.frame()
            if "data" in fields:
                seen.append(fields.get("event", ""))
        return seen


@asynccontextmanager
async def following(client: httpx.AsyncClient, url: str, **options: Any) -> AsyncIterator[Reader]:
    """The first frames are not yet read."""
    async with client.stream("GET", url, **options) as response:
        response.raise_for_status()
        yield Reader(response.aiter_text())


def many() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(limits=limits, timeout=60, trust_env=False)
