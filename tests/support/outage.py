"""The database of a product that is running, taken away and given back.

On SQLite the file is replaced by a link that leads nowhere; on PostgreSQL the product is connected
through a relay on loopback that is cut. Refused writes: on SQLite the web process may not write to
any file (as on a full disk), on PostgreSQL the database is read-only.
"""

import resource
import socket
import threading
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.support import ports
from tests.support.product import Product


class Outage(Protocol):
    def cut(self) -> None: ...
    def restore(self) -> None: ...
    def refuse_writes(self) -> None: ...
    def allow_writes(self) -> None: ...
    def close(self) -> None: ...


class FileOutage:
    def __init__(self, product: Product) -> None:
        self._product = product
        self._file = product.folder / "inbox.sqlite3"
        self._away = product.folder / "moved.sqlite3"

    def cut(self) -> None:
        self._away.hardlink_to(self._file)
        link = self._away.with_suffix(".link")
        link.symlink_to("no/such/file")
        # In one step: the product creates a file that is missing when it opens its database.
        link.replace(self._file)

    def restore(self) -> None:
        self._away.replace(self._file)

    def refuse_writes(self) -> None:
        self._limit(0)

    def allow_writes(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        _, hard = resource.prlimit(self._product.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._product.pid, resource.RLIMIT_FSIZE, (size, hard))

    def close(self) -> None:
        return


class RelayOutage:
    def __init__(self, product: Product) -> None:
        self._url = product.environment["DATABASE_URL"]
        parts = urlsplit(self._url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._open: list[socket.socket] = []
        self._reserved = ports.reserve()
        self._address = self._reserved.getsockname()
        self.restore()
        login, _, _ = parts.netloc.rpartition("@")
        there = parts._replace(netloc=f"{login}@127.0.0.1:{self._address[1]}")
        product.environment["DATABASE_URL"] = there.geturl()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()

    def cut(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def restore(self) -> None:
        self._listener = socket.create_server(self._address)
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def refuse_writes(self) -> None:
        self._read_only("on")

    def allow_writes(self) -> None:
        self._read_only("off")

    def _read_only(self, value: str) -> None:
        name = urlsplit(self._url).path.lstrip("/")
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                    sql.Identifier(name), sql.Literal(value)
                )
            )
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            )

    def close(self) -> None:
        self.cut()
        self._reserved.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def outage_of(product: Product) -> Outage:
    if product.environment["DATABASE_URL"]:
        return RelayOutage(product)
    return FileOutage(product)
