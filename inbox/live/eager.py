"""Run a coroutine without a task until it first has to wait.

uvicorn's ``send`` returns without suspending while the write buffer has room. Running it at once
then costs a function call, where a task would cost a trip through the event loop. Where ``send``
does suspend, its remainder is awaited as usual, so this works with any server.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from types import coroutine
from typing import Any


def start_eagerly(coroutine_: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Start the coroutine. Returns None if it has ended, else its remainder, to be awaited.

    Raises what the coroutine raises.
    """
    try:
        first = coroutine_.send(None)
    except StopIteration:
        return None
    return _remainder(coroutine_, first)


@coroutine
def _remainder(coroutine_: Coroutine[Any, Any, None], first: Any) -> Generator[Any, Any, None]:
    try:
        yield first
    except asyncio.CancelledError:
        coroutine_.close()
        raise
    yield from coroutine_.__await__()
