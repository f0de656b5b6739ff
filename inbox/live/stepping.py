"""Run a coroutine without a task, for as long as it does not have to wait.

uvicorn's ``send`` returns without suspending while the write buffer has room. Stepping it by hand
then costs a call where a task would cost a trip through the event loop. Where a server's ``send``
does suspend, what is left of it is awaited as usual, so nothing depends on the server.
"""

import asyncio
from collections.abc import Awaitable, Generator
from types import coroutine
from typing import Any


def step(waiting: Awaitable[None]) -> Awaitable[None] | None:
    """Start ``waiting``; None where it has ended, else the rest of it, to be awaited by a task.

    Raises what the coroutine raises.
    """
    steps = waiting.__await__()
    try:
        first = next(steps)
    except StopIteration:
        return None
    return _rest(steps, first)


@coroutine
def _rest(steps: Generator[Any, None, None], first: Any) -> Generator[Any, Any, None]:
    try:
        yield first
    except asyncio.CancelledError:
        steps.close()
        raise
    yield from steps
