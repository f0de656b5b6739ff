import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import CommandError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

KEEP_ALIVE = 30
"""Seconds for which an idle connection is kept. After uvicorn's default of five, many clients close
it too: the server could close it just as their next request arrives, which would be lost.
"""

_BUSY = object()


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections that send no request or don't read their response, and refuses heads that
    are too large; uvicorn does neither.
    """

    CHECK_INTERVAL = 30.0
    """Seconds between two checks of a connection."""
    MAX_HEAD = 64 * 1024

    _timer: asyncio.TimerHandle | None = None
    _idle_after: Any = None
    """The cycle after which the connection was idle at the last check, or _BUSY."""
    _pending_bytes = 0
    _unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._schedule_check()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Limit the bytes since the last response that are not a complete head yet."""
        before = self.cycle
        super().data_received(data)
        if not self._idle or self.cycle is not before:
            self._pending_bytes = 0
            return
        self._pending_bytes += len(data)
        if self._pending_bytes > self.MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _schedule_check(self) -> None:
        self._timer = self.loop.call_later(self.CHECK_INTERVAL, self._check)

    def _check(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent == self._unsent:
            # ``close`` would wait until the response is read.
            self.transport.abort()
        elif self._idle and self.cycle is self._idle_after:
            self.transport.close()
        self._idle_after = self.cycle if self._idle else _BUSY
        self._unsent = unsent
        self._schedule_check()


def bind(host: str, port: int) -> socket.socket:
    """Not listening yet. Raises CommandError if the port is in use."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} is in use by another program. "
                "Choose another, for example PORT=8010 make run."
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise CommandError(f"BIND_ADDRESS {host} isn't an address of this machine.") from None
        raise CommandError(f"Port {port} can't be opened: {error.strerror}.") from None
    return listener


class Server(uvicorn.Server):
    """``on_ready`` is called once it listens."""

    def __init__(self, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                "{}:{}".format(*settings.ASGI_APPLICATION.rsplit(".", 1)),
                http=BoundedProtocol,
                lifespan="on",
                log_config=None,
                log_level="warning",
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=2,
                server_header=False,
                # Proxies that may say that a request came over HTTPS.
                forwarded_allow_ips=[str(network) for network in settings.TRUSTED_PROXIES],
            )
        )
        self._on_ready = on_ready

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()
