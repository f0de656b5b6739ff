"""What a connection may do before a request is read, on a real server."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from inbox.management.bounded_protocol import BoundedProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


lost = threading.Event()
"""A connection that asked for /large is closed."""


class QuickChecks(BoundedProtocol):
    CHECK_INTERVAL = 0.5

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.scope and self.scope["path"] == "/large":
            lost.set()


async def page(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/stream":
        await asyncio.sleep(2.5 * QuickChecks.CHECK_INTERVAL)
    body = b"x" * 20_000_000 if scope["path"] == "/large" else b"page"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(page, http=QuickChecks, lifespan="off", log_config=None))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join()
    with contextlib.suppress(OSError):
        listener.close()


@contextlib.contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=60) as connection:
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
    address: tuple[str, int],
) -> None:
    with connected(address) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(REQUEST[:9])
        until_closed(connection)


def test_a_response_may_take_its_time(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/stream ", 1))
        assert until_read(connection, b"0\r\n\r\n").startswith(b"HTTP/1.1 200")
        # The third check is past: it saw an idle connection, but not one that was idle before.
        time.sleep(0.6 * QuickChecks.CHECK_INTERVAL)
        connection.sendall(REQUEST)
        assert until_read(connection, b"page").startswith(b"HTTP/1.1 200")


def test_a_head_without_an_end_is_refused(address: tuple[str, int]) -> None:
    with connected(address) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        for _ in range(1000):
            connection.sendall(b"y" * 65536)
        raise AssertionError("65 MB were taken")


def test_a_response_that_no_one_reads_is_dropped(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        assert lost.wait(60)
        assert len(until_closed(connection)) < 20_000_000


def test_a_response_may_be_read_slowly(address: tuple[str, int]) -> None:
    with connected(address) as connection:
        connection.sendall(REQUEST.replace(b"/ ", b"/large ", 1))
        read, began = 0, time.monotonic()
        while read < 20_000_000:
            read += len(connection.recv(1 << 20))
            if time.monotonic() - began < 3 * QuickChecks.CHECK_INTERVAL:
                time.sleep(QuickChecks.CHECK_INTERVAL / 10)
