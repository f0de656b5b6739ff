"""A small proxy in front of several processes: each connection goes to the next that answers."""

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit


class RoundRobin:
    """Serves ``url`` in a thread. ``backends`` returns the addresses of the processes as they are
    now; one that refuses a connection is passed over.
    """

    def __init__(self, backends: Callable[[], Sequence[str]]) -> None:
        self._backends = backends
        self._turn = itertools.count()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="round-robin")
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "RoundRobin":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self._listener)
        )
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            for address in self._next():
                parts = urlsplit(address)
                with contextlib.suppress(OSError):
                    upstream = await asyncio.open_connection(parts.hostname, parts.port)
                    break
            else:
                return
            with contextlib.closing(upstream[1]):
                directions = [
                    asyncio.ensure_future(_copy(reader, upstream[1])),
                    asyncio.ensure_future(_copy(upstream[0], writer)),
                ]
                try:
                    await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for direction in directions:
                        direction.cancel()
                    await asyncio.gather(*directions, return_exceptions=True)

    def _next(self) -> Iterator[str]:
        backends = self._backends()
        start = next(self._turn)
        for offset in range(len(backends)):
            yield backends[(start + offset) % len(backends)]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
