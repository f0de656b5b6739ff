"""The web server."""

import errno
import socket
from collections.abc import Callable

import uvicorn
from django.conf import settings
from django.core.management.base import CommandError

from inbox.management.bounded_protocol import BoundedProtocol

KEEP_ALIVE = 30
"""Seconds for which an idle connection is kept. After uvicorn's default of five, many clients close
it too: the server could close it just as their next request arrives, which would be lost.
"""


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the port, not listening yet. Raises CommandError if the port is in use."""
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
    """The web server; ``on_ready`` is called once it listens."""

    def __init__(self, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                "reviewer_site.asgi:application",
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
        """End soon. Any thread may call it."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()
