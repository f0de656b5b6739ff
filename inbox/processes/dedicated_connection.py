"""PostgreSQL connections outside the pool: what keeps processes in step must not wait for a free
one. All have the process's name as ``application_name``, by which others see whether it is alive.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import OperationalError, connections

from inbox.lib.process_name import NAME

Parameters = Sequence[Any] | Mapping[str, Any]

TIMEOUT = 5.0
"""The most seconds that a statement may take."""


def name_connections() -> None:
    options = connections["default"].settings_dict
    if connections["default"].vendor == "postgresql":
        options["OPTIONS"]["application_name"] = NAME


async def connect() -> psycopg.AsyncConnection:
    """In autocommit mode. Raises ``OperationalError``."""
    parameters = connections["default"].get_connection_params()
    # Django's cursors are synchronous, and its adapters return JSON as text.
    del parameters["cursor_factory"], parameters["context"]
    parameters["application_name"] = NAME
    try:
        return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
    except psycopg.Error as error:
        raise OperationalError(str(error)) from error


class DedicatedConnection:
    """It is reopened when it is lost. For one event loop at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None
        self.started = False

    def start(self) -> None:
        self._turn, self._connection, self.started = asyncio.Lock(), None, True

    async def stop(self) -> None:
        self.started = False
        async with self._turn:
            await self._close()

    async def execute(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run a statement as a transaction; twice if the connection turns out to be closed. It runs
        to its end even if the caller is cancelled. Raises ``OperationalError``; the statement may
        have taken effect.
        """
        return await asyncio.shield(self._execute(sql, parameters))

    async def _execute(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        async with self._turn:
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await self._run(sql, parameters)
            except (psycopg.Error, OperationalError, TimeoutError) as error:
                await self._close()
                raise OperationalError(str(error) or "the database isn't responding") from error

    async def _run(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        kept = self._connection
        if kept is not None:
            try:
                return await _rows(kept, sql, parameters)
            except psycopg.OperationalError:
                if not kept.closed:
                    raise
        self._connection = await connect()
        return await _rows(self._connection, sql, parameters)

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _rows(
    connection: psycopg.AsyncConnection, sql: str, parameters: Parameters
) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(sql.encode(), parameters)
    return await cursor.fetchall() if cursor.description else []


dedicated_connection = DedicatedConnection()
"""The process's connection for short statements."""
