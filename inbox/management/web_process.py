"""The web server of this process."""

import errno
import socket

import uvicorn
from django.core.management.base import CommandError


def bind(host: str, port: int) -> socket.socket:
    """A socket that holds the port but does not listen yet. Raises CommandError if it is taken."""
    held = socket.socket(socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} is taken by another program; choose one with PORT=8010 make run."
            ) from None
        raise CommandError(f"Port {port} cannot be opened: {error.strerror}.") from None
    return held


def server() -> uvicorn.Server:
    """The server, not yet running."""
    return uvicorn.Server(
        uvicorn.Config(
            "reviewer_site.asgi:application",
            lifespan="on",
            log_level="warning",
            timeout_graceful_shutdown=2,
            server_header=False,
        )
    )
