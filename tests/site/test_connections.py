import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from inbox.processes.web_process import BoundedProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = 20_000_000
begun, released = threading.Event(), threading.Event()
"""The response of /stream is waited for; it may come."""


class QuickChecks(BoundedProtocol):
    CHECK_INTERVAL = 0.5


class OwnChecks(BoundedProtocol):
    CHECK_INTERVAL = 3600.0
    made: queue.Queue["OwnChecks"] = queue.Queue()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.lost = threading.Event()
        self.made.put(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()

    def check(self) -> None:
        async def now() -> None:
            self._check()

        asyncio.run_coroutine_threadsafe(now(), self.loop).result(60)

    @property
    def unsent(self) -> int:
        return self.transport.get_write_buffer_size()


async def page(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/stream":
        begun.set()
        await asyncio.to_thread(released.wait, 60)
    body = b"x" * LARGE if scope["path"] == "/large" else b"page"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def serving(protocol: type[BoundedProtocol]) -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(page, http=protocol, lifespan="off", log_config=None))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join()
    with contextlib.suppress(OSError):
        listener.close()


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with serving(QuickChecks) as address:
        yield address


@pytest.fixture
def unhurried() -> Iterator[tuple[str, int]]:
    with serving(OwnChecks) as address:
        yield address


@contextlib.contextmanager
def connected(
    address: tuple[str, int], *, receive_buffer: int | None = None
) -> Iterator[socket.socket]:
    """A connection. Without ``receive_buffer`` (bytes), the kernel chooses how much it receives
    before the test reads it."""
    with socket.socket() as connection:
        connection.settimeout(60)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(address)
        yield connection


def until_closed(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while arrived := connection.recv(65536):
            answer += arrived
    return answer


def until_read(connection: socket.socket, end: bytes) -> bytes:
    answer = b""
    while end not in answer:
        arrived = connection.recv(65536)
        assert arrived
        answer += arrived
    return answer


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost:"])
def test_a_request_that_is_not_begun_or_not_ended_is_not_waited_for(
    address: tuple[str, int], begun: bytes
) -> None:
    with connected(address) as connection:
        connection.sendall(begun)
        assert until_closed(connection) == b""


def test_a_kept_connection_is_closed_if_the_next_request_does_not_come(
    unhurried: tuple[str, int],
) -> None:
    with connected(unhurried) as connection:
        connection.sendall(REQUEST)
        assert until_read(connection, b"page").startswith(b"HTTP/1.1 200")
        connection.sendall(REQUEST[:9])
        served = OwnChecks.made.get(timeout=60)
        served.check()
        served.check()
        until_closed(connection)


def test_a_response_may_take_its_time(unhurried: tuple[str, int]) -> None:
    with connected(unhurried) as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/stream ", 1))
        served = OwnChecks.made.get(timeout=60)
        assert begun.wait(60)
        served.check()
        served.check()
        released.set()
        assert until_read(connection, b"0\r\n\r\n").startswith(b"HTTP/1.1 200")
        # It sees an idle connection, but not one that was idle before.
        served.check()
        connection.sendall(REQUEST)
        assert until_read(connection, b"page").startswith(b"HTTP/1.1 200")


def test_a_head_without_an_end_is_refused(address: tuple[str, int]) -> None:
    with connected(address) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        for _ in range(1000):
            connection.sendall(b"y" * 65536)
        raise AssertionError("65 MB were taken")


def test_a_response_that_no_one_reads_is_dropped(unhurried: tuple[str, int]) -> None:
    with connected(unhurried) as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        assert connection.recv(1) == b"H"
        served = OwnChecks.made.get(timeout=60)
        # Until the network's buffers are full, some of it is still on its way.
        while not served.lost.is_set():
            served.check()
        assert len(until_closed(connection)) < LARGE


def test_a_response_may_be_read_slowly(unhurried: tuple[str, int]) -> None:
    # With a small buffer, most of the response stays with the server until it is read.
    with connected(unhurried, receive_buffer=65536) as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        served, read = OwnChecks.made.get(timeout=60), 0
        for _ in range(3):
            unsent = served.unsent
            while unsent and served.unsent == unsent:
                arrived = connection.recv(65536)
                assert arrived
                read += len(arrived)
            served.check()
        while read < LARGE:
            arrived = connection.recv(1 << 20)
            assert arrived
            read += len(arrived)
