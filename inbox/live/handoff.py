"""Django authorises a stream, then the hub serves it: under ASGI, Django would occupy a thread for
as long as the request lasts.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from contextvars import copy_context
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.urls import set_script_prefix

from inbox.lib.call_stack import OneChunkExecutor
from inbox.lib.metrics import waiting_in
from inbox.lib.page_slots import Slots
from inbox.live.connection import Message, Receive, Send, Subscription
from inbox.live.hub import Hub

PREFIX = "/live/"
THREADS = 1  # a second one gains nothing under the GIL, and slows the pages
PATIENCE_S = 0.005
"""How long a stream waits, at most, while a page is computed."""
CLOSED: Message = {
    "type": "http.response.start",
    "status": 503,
    "headers": [(b"Retry-After", b"1"), (b"Content-Length", b"0")],
}

Application = Callable[..., Any]


class Accepted(HttpResponse):
    def __init__(self, subscription: Subscription) -> None:
        super().__init__(content_type="text/event-stream")
        self.subscription = subscription
        self["Cache-Control"] = "no-store"
        self["X-Accel-Buffering"] = "no"


def accept(
    request: HttpRequest,
    *,
    topics: Iterable[str],
    right: Hashable,
    since: str | None = None,
) -> Accepted:
    """The view has authorised each topic. The stream ends once ``right`` is lost. ``since`` is the
    page's cursor.
    """
    candidates = (since, request.headers.get("Last-Event-ID"))
    cursors = tuple(cursor for cursor in candidates if cursor)
    return Accepted(Subscription(tuple(dict.fromkeys(topics)), right, cursors))


class Handoff:
    """Serve ``/live/`` through the hub, and all else with ``application``."""

    def __init__(
        self, application: Application, hub: Hub, slots: Slots, patience: float = PATIENCE_S
    ) -> None:
        self._application = application
        self._hub = hub
        self._slots = slots
        self._patience = patience
        self._views = _Views()
        self._semaphore = asyncio.Semaphore(THREADS)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _path(scope).startswith(PREFIX):
            await self._serve(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        with waiting_in("streams"):
            await self._semaphore.acquire()
        try:
            await self._slots.until_unused(self._patience)
            if self._hub.accepting:
                head, body, subscription = await self._views.answer(scope)
            else:
                head, body, subscription = CLOSED, b"", None
        finally:
            self._semaphore.release()
        await send(head)
        if subscription is None or scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": body})
        else:
            await self._hub.serve(subscription, receive, send)


class _Views(BaseHandler):
    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=False)
        self._threads = OneChunkExecutor(THREADS, thread_name_prefix="live-views")

    async def answer(self, scope: Any) -> tuple[Message, bytes, Subscription | None]:
        """Head, body, and the accepted stream."""
        run = copy_context().run
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, run, self._answer, scope)

    def _answer(self, scope: Any) -> tuple[Message, bytes, Subscription | None]:
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        response = self._respond(scope)
        try:
            if isinstance(response, Accepted):
                return _head(response), b"", response.subscription
            return _head(response), b"".join(response), None
        finally:
            response.close()

    def _respond(self, scope: Any) -> HttpResponseBase:
        try:
            request = ASGIRequest(scope, BytesIO())
        except UnicodeDecodeError:
            return HttpResponseBadRequest()
        return self.get_response(request)


def _path(scope: Any) -> str:
    path: str = scope["path"]
    return path.removeprefix(get_script_prefix(scope))


def _head(response: HttpResponseBase) -> Message:
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    cookies = [(b"Set-Cookie", c.OutputString().encode()) for c in response.cookies.values()]
    if isinstance(response, Accepted):
        headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": headers + cookies,
    }
