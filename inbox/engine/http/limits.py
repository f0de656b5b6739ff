import math
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inbox.engine.http.requests import bearer, refusal
from inbox.engine.rules.errors import EngineError

_WINDOW = 60.0
_FORGET_AT = 10_000


class RateLimit:
    """A bucket per token that refills evenly. ``clock`` gives seconds. ``explains``: a refusal says
    what is limited, as generations B and C do.
    """

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = time.time, *, explains: bool = False
    ) -> None:
        self._limit = per_minute
        self._explains = explains
        self._clock = clock
        self._full_again: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_again)

    def take(self, token: str | None) -> dict[str, str]:
        key, now, interval = token or "", self._clock(), _WINDOW / self._limit
        # The clock may have been set back.
        stored = min(self._full_again.get(key, now), now + _WINDOW)
        full = max(stored, now) + interval
        if full - now > _WINDOW:
            wait = math.ceil(full - now - _WINDOW)
            raise EngineError(
                429,
                "rate_limit_exceeded",
                f"More than {self._limit} calls a minute; try again in {wait} s.",
                self._details(wait) if self._explains else None,
                headers={"Retry-After": str(wait), **self._headers(0, full - interval)},
            )
        self._forget(now)
        self._full_again[key] = full
        return self._headers(int((_WINDOW - (full - now)) / interval), full)

    def _details(self, wait: int) -> dict[str, Any]:
        limit = {"scope": "key", "window": f"{_WINDOW:.0f}s", "limit": self._limit}
        return {**limit, "retry_after_seconds": wait}

    def _headers(self, remaining: int, full: float) -> dict[str, str]:
        policy = {
            "X-RateLimit-Scope": "key",
            "X-RateLimit-Policy": f"{self._limit};w={_WINDOW:.0f}",
        }
        return {
            **(policy if self._explains else {}),
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(math.ceil(full)),
        }

    def _forget(self, now: float) -> None:
        """Forget tokens whose bucket is full, so that invented tokens can't fill the memory."""
        if len(self._full_again) >= _FORGET_AT:
            self._full_again = {key: full for key, full in self._full_again.items() if full > now}


class RateLimitMiddleware:
    def __init__(self, app: ASGIApp, limit: RateLimit) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = self._limit.take(bearer(HTTPConnection(scope)))
        except EngineError as error:
            await refusal(error)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)
