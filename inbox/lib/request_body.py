"""Request bodies are read before the request has a slot and reaches Django, with limits.

A body that is too large is refused by its ``Content-Length``, or once more than the limit has
arrived; so is one that does not arrive in time. Django then renders the error page
(``refusal_of``), and the connection is closed.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest

PAUSE = 30.0
"""Seconds without a byte."""
TIMEOUT = 120.0
"""Seconds for the whole body."""
LINGER = 2.0
"""Seconds in which further data from a refused browser is discarded: most browsers read the
response only after they have sent everything, and report an early close as a broken connection.
"""
IN_MEMORY = 1 << 20
CHUNK = 1 << 16
TOO_LARGE = 413
TOO_SLOW = 408

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_REFUSAL = "refused_body"


class _ClientLeft(Exception):
    """The client closed the connection before the end of its request."""


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class RequestBodies:
    def __init__(
        self,
        application: Callable[..., Awaitable[None]],
        *,
        pause: float = PAUSE,
        timeout: float = TIMEOUT,
    ) -> None:
        self._application = application
        self._pause = pause
        self._timeout = timeout

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as body:
            try:
                await self._read(scope, receive, body)
            except _ClientLeft:
                return
            except _Refused as refused:
                refusal = {**scope, _REFUSAL: refused.status}
                await self._application(refusal, _without_body(), _closing(receive, send))
                return
            body.seek(0)
            await self._application(scope, _replay(body, receive), send)

    async def _read(self, scope: Any, receive: Receive, body: IO[bytes]) -> None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _content_length(scope) > limit:
            raise _Refused(TOO_LARGE)
        more = True
        try:
            async with asyncio.timeout(self._timeout):
                while more:
                    async with asyncio.timeout(self._pause):
                        message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _ClientLeft
                    body.write(message.get("body", b""))
                    if body.tell() > limit:
                        raise _Refused(TOO_LARGE)
                    more = message.get("more_body", False)
        except TimeoutError:
            raise _Refused(TOO_SLOW) from None


def refusal_of(request: HttpRequest) -> int | None:
    status: int | None = getattr(request, "scope", {}).get(_REFUSAL)
    return status


def _content_length(scope: Any) -> int:
    length = dict(scope.get("headers", ())).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


def _replay(body: IO[bytes], receive: Receive) -> Receive:
    done = False

    async def replay() -> Message:
        nonlocal done
        if done:
            return await receive()
        part = body.read(CHUNK)
        done = len(part) < CHUNK
        return {"type": "http.request", "body": part, "more_body": not done}

    return replay


def _without_body() -> Receive:
    """An empty body, and never a disconnect."""
    parts: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()
        return parts.pop()

    return receive


def _closing(receive: Receive, send: Send) -> Send:
    """Close the connection after the response, having discarded further data."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"Connection", b"close")]
            await send(message)
        elif message.get("more_body", False):
            await send(message)
        else:
            await send({**message, "more_body": True})
            await _discard(receive)
            await send({"type": "http.response.body", "body": b""})

    return sending


async def _discard(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while (await receive()).get("more_body", False):
                pass
