import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from inbox.engine.actions.unit import events_committed
from inbox.engine.http import device, generation_b, generation_c, streams, views
from inbox.engine.http.limits import RateLimit, RateLimitMiddleware
from inbox.engine.http.requests import refusal
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

ROUTES = {
    "a": views.ROUTES,
    "b": [*generation_b.ROUTES, *device.ROUTES],
    "c": [*generation_c.ROUTES, *device.ROUTES],
}

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "permission_denied",
    404: "not_found",
    409: "conflict",
    429: "rate_limit_exceeded",
    503: "service_unavailable",
}
"""The codes of errors that generations B and C have published."""


class Application(Starlette):
    """Speaks the generation ``api``. ``rate_limit`` is in calls a minute for each token; None means
    no limit.
    """

    def __init__(self, *, rate_limit: int | None = None, api: str = "a") -> None:
        middleware = []
        if rate_limit is not None:
            middleware.append(
                Middleware(RateLimitMiddleware, RateLimit(rate_limit, explains=api != "a"))
            )
        super().__init__(
            routes=ROUTES[api],
            middleware=middleware,
            exception_handlers={
                EngineError: _refuse if api == "a" else _refuse_as_published,
                HTTPException: _refuse_path,
                ClientDisconnect: _body_ended,
                Exception: _fail,
            },
            lifespan=_lifespan,
        )
        self.router.redirect_slashes = False
        # Two pools: writers queue for the database's only writer, and readers do not wait for them.
        self.readers = Workers("engine-read", 6)
        self.writers = Workers("engine-write", 8)
        frames = generation_b.to_frames if api == "b" else streams.to_frames
        self.streams = streams.Streams(self.readers, frames)


@asynccontextmanager
async def _lifespan(application: Application) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()

    def committed(project_id: int, **kwargs: Any) -> None:
        loop.call_soon_threadsafe(application.streams.wake, project_id)

    events_committed.connect(committed)
    yield
    events_committed.disconnect(committed)
    await application.readers.close()
    await application.writers.close()


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)  # nosec B101 # noqa: S101  as registered
    return refusal(error)


async def _refuse_as_published(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)  # nosec B101 # noqa: S101  as registered
    code = _CODES.get(error.status, error.code)
    headers = error.headers
    return refusal(EngineError(error.status, code, error.message, error.details, headers=headers))


async def _refuse_path(request: Request, error: Exception) -> Response:
    """Starlette raises nothing else here: every method of a known path reaches ``views``."""
    return refusal(EngineError(404, "not_found", "There is nothing at this path."))


async def _body_ended(request: Request, error: Exception) -> Response:
    return refusal(EngineError(400, "bad_request", "The body ended early."))


async def _fail(request: Request, error: Exception) -> Response:
    message = "The engine failed. See its log for the reason."
    return refusal(EngineError(500, "internal_error", message))
