"""The ASGI application: one request in, one answer or one event stream out."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from inbox.engine import commits
from inbox.engine.actions.auth import authenticate
from inbox.engine.http.answers import Answer, Headers, Send, refusal, send_answer
from inbox.engine.http.limits import RateLimit
from inbox.engine.http.requests import Receive, bearer, header, parse, query, read_body
from inbox.engine.http.routing import Call, Handler, Opening, find
from inbox.engine.http.streams import Streams
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

_READERS = 6
_WRITERS = 8


class Application:
    """The API. ``rate_limit`` is in calls a minute for each token, None for as many as come.

    Between ``start`` and ``close`` streams hear at once of what this process commits.
    """

    def __init__(self, *, rate_limit: int | None = None) -> None:
        self._limit = RateLimit(rate_limit)
        # Two pools: writers queue for the database's one writer, readers need not wait behind them.
        self._readers = Workers("engine-read", _READERS)
        self._writers = Workers("engine-write", _WRITERS)
        self._streams = Streams(self._readers)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen for commits; called on the event loop that serves."""
        loop = asyncio.get_running_loop()

        def committed(project_id: int, _newest: int) -> None:
            loop.call_soon_threadsafe(self._streams.tails.ring, project_id)

        self._unsubscribe = commits.subscribe(committed)

    def close_streams(self) -> None:
        """End the open streams; new ones end after their first frame."""
        self._streams.close()

    async def close(self) -> None:
        """Stop listening, end the threads."""
        if self._unsubscribe:
            self._unsubscribe()
        await self._readers.close()
        await self._writers.close()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        token = bearer(scope)
        headers: Headers = ()
        try:
            headers = self._limit.take(token)
            result = await self._result(scope, token, receive)
        except EngineError as error:
            result = refusal(error)
        except Exception:
            # Whatever failed, the caller gets a response; the server logs what it was.
            await send_answer(refusal(_broken()), send)
            raise
        if isinstance(result, Opening):
            await self._streams.serve(result, receive, send)
        else:
            await send_answer(result.with_headers(headers), send)

    async def _result(
        self, scope: dict[str, Any], token: str | None, receive: Receive
    ) -> Answer | Opening:
        handler, parts = find(scope["path"], scope["method"])
        reads = scope["method"] == "GET"
        body = b"" if reads else await read_body(scope, receive)
        workers = self._readers if reads else self._writers
        return await workers.run(_handle, scope, token, handler, parts, body)


def _handle(
    scope: dict[str, Any], token: str | None, handler: Handler, parts: dict[str, str], body: bytes
) -> Answer | Opening:
    """The part that needs the database, in a worker's thread."""
    project, names = parts["project"], {k: v for k, v in parts.items() if k != "project"}
    who = functools.partial(authenticate, token=token, project=project)
    call = Call(
        caller=who(),
        query=query(scope),
        body=parse(body),
        last_event_id=header(scope, b"last-event-id"),
        authenticate=who,
    )
    return handler(call, **names)


def _broken() -> EngineError:
    return EngineError(500, "internal_error", "The engine failed; its log says how.")
