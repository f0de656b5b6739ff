"""Threads for the database: a fixed number, each with one connection that stays open."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.engine.router import ALIAS
from inbox.engine.rules.errors import EngineError

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """Runs synchronous functions off the event loop, ``size`` at a time, in the order they come."""

    def __init__(self, name: str, size: int) -> None:
        self._connections: list[BaseDatabaseWrapper] = []
        self._pool = ThreadPoolExecutor(size, name, self._begin)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result. Raises what it raises, and 503 where the database is away."""
        bound = functools.partial(_with_database, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, bound)

    async def close(self) -> None:
        """Wait for what is under way, drop what is not, close the threads' connections."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def _begin(self) -> None:
        """A thread's first act. Its connection is closed by another one, once it has ended."""
        connection = connections[ALIAS]
        connection.inc_thread_sharing()
        self._connections.append(connection)


def _with_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (InterfaceError, OperationalError) as error:
        # A broken connection would fail the thread's every later call: the next one opens a new.
        connections[ALIAS].close()
        raise EngineError(
            503, "service_unavailable", "The engine's database does not answer."
        ) from error
