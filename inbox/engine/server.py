import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from django.conf import settings

from inbox.engine.http.application import Application
from inbox.engine.runner import Runner

_GRACE = 2.0
"""Seconds that open responses have to end when the server stops, before they are cut."""


def run(
    *, host: str, port: int, on_ready: Callable[[str], None], parent_pipe: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. With a ``parent_pipe`` the engine ends when the pipe's other
    end closes, and ignores SIGINT. Raises OSError for a taken address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    runner = Runner()
    server = Server(
        Application(rate_limit=settings.ENGINE_RATE_LIMIT, api=settings.ENGINE_API),
        on_ready=lambda: on_ready(base_url),
        parent_pipe=parent_pipe,
    )
    runner.start()
    try:
        server.run(sockets=[listener])
    finally:
        runner.stop()


class Server(uvicorn.Server):
    def __init__(
        self, application: Application, *, on_ready: Callable[[], None], parent_pipe: int | None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="on",
                ws="none",
                proxy_headers=False,
                access_log=False,
                log_config=None,
                server_header=False,
                # Longer than the five seconds after which many clients give up a connection, so
                # that no request meets one that is being closed.
                timeout_keep_alive=30,
                timeout_graceful_shutdown=int(_GRACE) + 1,
            )
        )
        self._application = application
        self._on_ready = on_ready
        self._parent_pipe = parent_pipe

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._handle_signals()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn waits for open responses, and a stream never ends."""
        self._application.streams.close()
        cut = asyncio.get_running_loop().call_later(_GRACE, self._cut)
        await super().shutdown(sockets)
        cut.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def _cut(self) -> None:
        """A client that does not read would keep its response open forever."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        if self._parent_pipe is None:
            loop.add_signal_handler(signal.SIGINT, self.stop)
        else:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            loop.add_reader(self._parent_pipe, self._read_parent_pipe)

    def _read_parent_pipe(self) -> None:
        """The parent writes nothing: the pipe is readable once it has closed."""
        if self._parent_pipe is not None and not os.read(self._parent_pipe, 1024):
            asyncio.get_running_loop().remove_reader(self._parent_pipe)
            self.stop()
