"""The one thread in which the live room reads the database for streams that are already open."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections

T = TypeVar("T")

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")


async def run(function: Callable[..., T], *args: object) -> T:
    """Call ``function`` in the live thread; one call at a time, however many wait.

    It runs outside any request: connections that broke or grew old are replaced first.
    """
    return await asyncio.get_running_loop().run_in_executor(_THREAD, _fresh, function, args)


def _fresh(function: Callable[..., T], args: tuple[object, ...]) -> T:
    close_old_connections()
    return function(*args)
