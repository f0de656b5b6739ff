"""Streams are authorised by a Django view and then served outside Django.

Under ASGI, Django occupies a thread for as long as a request lasts. So a view under ``/live/`` only
decides who may follow what and returns ``accept(…)``; the wrapper then hands the connection to the
hub. Django's middleware and the view run in a thread of their own, one request at a time, and let
pages go first, so that these stay quick when many streams open at once.
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

from inbox.call_stack import OneChunkExecutor
from inbox.live.connection import Message, Receive, Send, Subscription
from inbox.live.hub import Hub
from inbox.metrics import waiting_in
from inbox.page_slots import Slots

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
    """A view's response when the stream may be served."""

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
    """Allow the requested stream.

    Args:
        topics: what the stream follows; the view has authorised each.
        right: why the stream is allowed. Once the right is lost, the stream ends for good.
        since: the cursor that the page was rendered at. ``Last-Event-ID`` is read too.
    """
    candidates = (since, request.headers.get("Last-Event-ID"))
    cursors = tuple(cursor for cursor in candidates if cursor)
    return Accepted(Subscription(tuple(dict.fromkeys(topics)), right, cursors))


class Handoff:
    """ASGI middleware that serves ``/live/`` through the hub and passes on everything else.

    Args:
        application: serves everything else, in these ``slots``.
    """

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
    """Runs Django's middleware and views in a separate thread."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=False)
        self._threads = OneChunkExecutor(THREADS, thread_name_prefix="live-views")

    async def answer(self, scope: Any) -> tuple[Message, bytes, Subscription | None]:
        """A view's response to a request without a body: head, body, and the accepted stream."""
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
