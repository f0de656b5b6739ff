"""Threads for the database, each with one connection that stays open."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections

from inbox.engine.router import ALIAS
from inbox.engine.rules.errors import EngineError

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    def __init__(self, name: str, size: int) -> None:
        self._pool = ThreadPoolExecutor(size, name)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Raises what the function raises, and 503 if the database is unavailable."""
        bound = functools.partial(_with_database, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, bound)

    async def close(self) -> None:
        """Wait for running calls and drop queued ones. A thread's connection ends with it."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)


def _with_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (InterfaceError, OperationalError) as error:
        # A broken connection would fail every later call of the thread.
        connections[ALIAS].close()
        raise EngineError(
            503, "service_unavailable", "The engine's database isn't available."
        ) from error
