"""PostgreSQL connections of the process itself, outside the pool.

What keeps several processes in step must wait neither for a free connection nor for the thread that
other background work shares. ``dedicated_connection`` runs short statements; listening takes a
connection of its own.

All connections of a process, including those of the pool, have its name as ``application_name``. So
another process sees in ``pg_stat_activity`` whether it is alive.
"""

import asyncio
import os
import re
import secrets
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import OperationalError, connections

PREFIX = "reviewer-inbox "
_HOST = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:24]
NAME = f"{PREFIX}{_HOST}-{os.getpid()}-{secrets.token_hex(4)}"
"""The process's name, different after each start."""
Parameters = Sequence[Any] | Mapping[str, Any]

TIMEOUT = 5.0
"""The most seconds that a statement may take."""


def name_connections() -> None:
    """Name the connections that this process opens from now on."""
    options = connections["default"].settings_dict
    if connections["default"].vendor == "postgresql":
        options["OPTIONS"]["application_name"] = NAME


async def connect() -> psycopg.AsyncConnection:
    """A connection that commits each statement. Raises ``OperationalError``."""
    parameters = connections["default"].get_connection_params()
    # Django's cursors are synchronous, and its adapters return JSON as text.
    del parameters["cursor_factory"], parameters["context"]
    parameters["application_name"] = NAME
    try:
        return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)
    except psycopg.Error as error:
        raise OperationalError(str(error)) from error


class DedicatedConnection:
    """One connection, which is reopened when it is lost. For one event loop at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None
        self.started = False

    def start(self) -> None:
        """From now on until ``stop``, the running loop uses it."""
        self._turn, self._connection, self.started = asyncio.Lock(), None, True

    async def stop(self) -> None:
        """Close the connection after the current statement."""
        self.started = False
        async with self._turn:
            await self._close()

    async def execute(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run one statement as a transaction, and return its rows. It may run twice: if the
        connection turns out to be closed, it is run again on a new one. If the caller is cancelled,
        the statement still runs to its end.

        Raises ``OperationalError`` if the database can't be reached or takes too long. The
        statement may have taken effect then.
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
