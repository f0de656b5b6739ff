import asyncio
from collections.abc import Callable
from typing import TypeVar

from django.db import close_old_connections

from inbox.lib.call_stack import OneChunkExecutor

T = TypeVar("T")


class Worker:
    """A single thread for streams: calls run one after the other."""

    def __init__(self, name: str) -> None:
        self._thread = OneChunkExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _call, function, args)


def _call(function: Callable[..., T], args: tuple[object, ...]) -> T:
    close_old_connections()
    return function(*args)


rendering = Worker("live-render")
checking = Worker("live-check")
"""The process's two threads for streams."""
