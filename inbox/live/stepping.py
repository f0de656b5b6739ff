"""Run a coroutine without a task, for as long as it does not have to wait.

uvicorn's ``send`` returns without suspending while the write buffer has room. Stepping it by hand
then costs a call where a task would cost a trip through the event loop. Where a server's ``send``
does suspend, what is left of it is awaited as usual, so nothing depends on the server.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from types import coroutine
from typing import Any


def step(work: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Start ``work``; None where it has ended, else the rest of it, to be awaited by a task.

    Raises what the coroutine raises.
    """
    try:
        first = work.send(None)
    except StopIteration:
        return None
    return _rest(work, first)


@coroutine
def _rest(work: Coroutine[Any, Any, None], first: Any) -> Generator[Any, Any, None]:
    try:
        yield first
    except asyncio.CancelledError:
        work.close()
        raise
    yield from work.__await__()
