"""One line in the log for each request, with an ID. It has the route's name, never the path, the
query or the form, which have IDs, searches and tokens.
"""

import logging
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog

from inbox.lib.metrics import PAGE_SECONDS
from inbox.lib.request_body import Receive, Send

HEADER = "X-Request-ID"
UNMATCHED = "unmatched"
"""The route of an address that there is no page for."""
QUIET = ("healthz", "readyz", "metrics")
"""Routes whose successes are not logged: machines ask for them every few seconds."""

STREAMS = "live-"
"""The routes of streams begin with it. They last as long as a page is open."""

log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class RequestNote:
    """``status`` is 0 until there is a response. ``person`` is a username, or empty."""

    id: str
    method: str
    route: str = UNMATCHED
    status: int = 0
    person: str = ""


_current: ContextVar[RequestNote | None] = ContextVar("request_note", default=None)


def current() -> RequestNote | None:
    return _current.get()


def upstream_headers() -> dict[str, str]:
    """Headers of calls to Mobius that name the current request."""
    note = _current.get()
    return {} if note is None else {HEADER: note.id}


class RequestLog:
    """``reviewer_site.middleware.note_request`` fills in the note."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        note = RequestNote(secrets.token_hex(8), scope["method"])
        _current.set(note)
        structlog.contextvars.bind_contextvars(request_id=note.id)
        try:
            await self._application(scope, receive, send)
        finally:
            _write(note, time.perf_counter() - began)


def _write(note: RequestNote, seconds: float) -> None:
    if not note.route.startswith(STREAMS):
        status = f"{note.status // 100}xx" if note.status else "none"
        PAGE_SECONDS.labels(note.route, status).observe(seconds)
    quiet = note.route in QUIET and note.status < 400
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "request",
        method=note.method,
        route=note.route,
        status=note.status,
        ms=round(seconds * 1000, 1),
        person=note.person,
    )
