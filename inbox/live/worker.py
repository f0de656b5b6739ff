"""The threads in which the live room reads the database for streams that are already open."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections

T = TypeVar("T")


class Worker:
    """One thread: a call at a time, however many wait."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Call ``function`` in the thread, outside any request."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, _fresh, function, args
        )


def _fresh(function: Callable[..., T], args: tuple[object, ...]) -> T:
    """Replace connections that broke or grew old first, as a request would."""
    close_old_connections()
    return function(*args)


painting = Worker("live-paint")
checking = Worker("live-check")
