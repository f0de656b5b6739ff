"""A real HTTP server on loopback that misbehaves as it is told.

    with ScriptedServer(upstream=engine.base_url) as server:
        server.on("POST", r"/respond$", PassThenCut())
        ... a client of server.base_url ...

Each request takes the first step of the first script that matches its method and path; a step is
used once unless it was given with ``always=True``. What no script matches goes through to
``upstream``, or is a 404 where there is none. Everything is received in ``requests``.
"""

import asyncio
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from tests.support import ports


@dataclass(frozen=True)
class Request:
    """Header names are lower case; ``target`` is path and query, raw."""

    method: str
    target: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Exchange:
    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: str | None
    left: int  # bytes of the body that were not read yet
    keep_host: bool = False

    async def read_body(self) -> None:
        body = await self.reader.readexactly(self.left)
        self.left = 0
        self.request = replace(self.request, body=body)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def cut(self) -> None:
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        while await self.reader.read(65536):
            pass


class Step(Protocol):
    reads_body: bool

    async def run(self, exchange: Exchange) -> None: ...


@dataclass(frozen=True)
class Reply:
    """A ``body`` that is not bytes or str is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        body = encoded(self.body)
        await exchange.write(head(self.status, {"content-length": str(len(body)), **self.headers}))
        await exchange.write(body)


class Hold:
    """Answer late: not before ``release``. ``reached`` is set when the request is there."""

    reads_body = True

    def __init__(self, then: Step) -> None:
        self.then = then
        self.reached = threading.Event()
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, exchange: Exchange) -> None:
        self._loop = asyncio.get_running_loop()
        self.reached.set()
        await self._released.wait()
        await self.then.run(exchange)

    def release(self) -> None:
        """Let the answer go. May be called from any thread, after ``reached``."""
        assert self._loop is not None, "nothing is held yet"
        self._loop.call_soon_threadsafe(self._released.set)


@dataclass(frozen=True)
class Never:
    """Read the request and say nothing until the client goes away."""

    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        await exchange.until_gone()


@dataclass(frozen=True)
class CutBeforeRead:
    reads_body: bool = False

    async def run(self, exchange: Exchange) -> None:
        exchange.cut()


@dataclass(frozen=True)
class CutAfterRead:
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        exchange.cut()


@dataclass(frozen=True)
class Pass:
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        await forward(exchange, exchange.write)


@dataclass(frozen=True)
class PassThenCut:
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        async def swallow(_: bytes) -> None:
            return

        await forward(exchange, swallow)
        exchange.cut()


@dataclass(frozen=True)
class PassThenNever:
    """Hand the request to the upstream, then say nothing until the connection is broken."""

    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        async def swallow(_: bytes) -> None:
            return

        await forward(exchange, swallow)
        await exchange.until_gone()


@dataclass(frozen=True)
class PassThenReply:
    """Hand the request to the upstream, then answer something else, as a proxy may."""

    status: int
    body: Any = None
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        async def swallow(_: bytes) -> None:
            return

        await forward(exchange, swallow)
        body = encoded(self.body)
        await exchange.write(head(self.status, {"content-length": str(len(body))}) + body)


@dataclass(frozen=True)
class Half:
    body: Any
    status: int = 200
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        body = encoded(self.body)
        await exchange.write(head(self.status, {"content-length": str(len(body))}))
        await exchange.write(body[: len(body) // 2])
        exchange.writer.close()


@dataclass(frozen=True)
class Dribble:
    """An event stream of ``chunks``; then silence (``hang``), a clean end or a break (``cut``).

    A number among the chunks is a silence of so many seconds, an event a silence until it is set.
    """

    chunks: Sequence[bytes | str | float | threading.Event] = ()
    then: str = "hang"
    reads_body: bool = True

    async def run(self, exchange: Exchange) -> None:
        await exchange.write(head(200, {"content-type": "text/event-stream"}))
        for chunk in self.chunks:
            if isinstance(chunk, int | float):
                await asyncio.sleep(chunk)
            elif isinstance(chunk, threading.Event):
                await asyncio.to_thread(chunk.wait, 60)
            else:
                await exchange.write(encoded(chunk))
        if self.then == "hang":
            await exchange.until_gone()
        elif self.then == "cut":
            exchange.cut()


def frame(seq: int | None, type: str, data: Any, *, run_id: str = "run_1") -> str:
    """One frame of the event stream; ``seq`` None makes one without an id."""
    payload = {"type": type, "run_id": run_id, "seq": seq or 0, "data": data}
    payload["timestamp"] = "2026-01-01T00:00:00.000000Z"
    id = "" if seq is None else f"id: {seq}\n"
    return f"{id}event: {type}\ndata: {json.dumps(payload)}\n\n"


@dataclass
class Script:
    method: str
    path: re.Pattern[str]
    steps: list[Step]
    always: bool

    def take(self, request: Request) -> Step | None:
        if self.method not in ("*", request.method) or not self.path.search(request.path):
            return None
        if not self.steps:
            return None
        return self.steps[0] if self.always else self.steps.pop(0)


class ScriptedServer:
    def __init__(self, upstream: str | None = None, *, keep_host: bool = False) -> None:
        """``keep_host``: pass on the Host header as it came, as a proxy before a web site does."""
        self.upstream = upstream
        self.keep_host = keep_host
        self.requests: list[Request] = []
        self._scripts: list[Script] = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted server")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._reserved = ports.reserve()
        self._port = self._reserved.getsockname()[1]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reserved.close()

    def on(self, method: str, path: str, *steps: Step, always: bool = False) -> None:
        """Do ``steps`` to the next requests that match, one each; ``method`` may be ``*``."""
        self._scripts.append(Script(method, re.compile(path), list(steps), always))

    def forget(self) -> None:
        self._scripts.clear()

    def listen(self) -> None:
        """Accept connections, again at the same address after ``refuse``."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(60)

    def refuse(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(60)

    def break_all(self) -> None:
        asyncio.run_coroutine_threadsafe(self._break(), self._loop).result(60)

    def seen(self, method: str, path: str) -> list[Request]:
        pattern = re.compile(path)
        with self._changed:
            return [r for r in self.requests if r.method == method and pattern.search(r.path)]

    def wait_for(self, method: str, path: str, count: int = 1, timeout: float = 60) -> Request:
        """Block until ``count`` matching requests have come; the last of them."""
        pattern = re.compile(path)

        def matching() -> list[Request]:
            return [r for r in self.requests if r.method == method and pattern.search(r.path)]

        with self._changed:
            if not self._changed.wait_for(lambda: len(matching()) >= count, timeout):
                raise TimeoutError(f"{method} {path} came {len(matching())} times, not {count}")
            return matching()[count - 1]

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)

    async def _shut(self) -> None:
        if self._server is None:
            return
        # Closing a server while it accepts a connection would leave that connection's socket open.
        for listener in self._server.sockets:
            self._loop.remove_reader(listener.fileno())
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._connections:
                task.cancel()
            await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        self._server.close()
        self._server = None

    async def _break(self) -> None:
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(set(self._connections))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = await reader.readuntil(b"\r\n\r\n")
        request = parsed(raw)
        length = int(request.headers.get("content-length", "0"))
        step = next((s for one in self._scripts if (s := one.take(request))), self._default())
        exchange = Exchange(request, reader, writer, self.upstream, length, self.keep_host)
        if step.reads_body:
            await exchange.read_body()
        with self._changed:
            self.requests.append(exchange.request)
            self._changed.notify_all()
        await step.run(exchange)

    def _default(self) -> Step:
        if self.upstream is not None:
            return Pass()
        return Reply(404, {"error": {"code": "not_found", "message": "no script matches"}})


def parsed(raw: bytes) -> Request:
    lines = raw.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    url = urlsplit(target)
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return Request(method, target, url.path, parse_qs(url.query), headers)


def encoded(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    fields = {"content-type": "application/json", **headers, "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode()


async def forward(exchange: Exchange, give: Any) -> None:
    assert exchange.upstream is not None, "nothing to pass the request to"
    upstream = urlsplit(exchange.upstream)
    reader, writer = await asyncio.open_connection(upstream.hostname, upstream.port)
    request = exchange.request
    host = request.headers["host"] if exchange.keep_host else upstream.netloc
    fields = {**request.headers, "host": host, "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    try:
        writer.write(
            f"{request.method} {request.target} HTTP/1.1\r\n{lines}\r\n".encode() + request.body
        )
        await writer.drain()
        gone = asyncio.ensure_future(exchange.until_gone())
        answer = asyncio.ensure_future(copy(reader, give))
        try:
            await asyncio.wait({gone, answer}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                answer.result()
        finally:
            for task in (gone, answer):
                task.cancel()
            await asyncio.gather(gone, answer, return_exceptions=True)
    finally:
        # close() would wait for an upstream that doesn't read.
        writer.transport.abort()


async def copy(reader: asyncio.StreamReader, give: Any) -> None:
    while piece := await reader.read(65536):
        await give(piece)
