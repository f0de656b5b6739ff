"""The peer: a bare ASGI application on uvicorn. `python -m tests.bench.bare_server` prints its
port, and sends a frame every 50 ms.
"""

import asyncio
import json
import socket
import sys
from typing import Any

import uvicorn

from tests.bench.frames import EVERY, html

queues: set[asyncio.Queue[bytes]] = set()


async def publish() -> None:
    while True:
        await asyncio.sleep(EVERY)
        frame = f"data: {html()}\n\n".encode()
        for queue in queues:
            queue.put_nowait(frame)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        publishing = asyncio.create_task(publish())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        publishing.cancel()
        await send({"type": "lifespan.shutdown.complete"})
        return
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    queues.add(queue)

    async def write() -> None:
        while True:
            frame = await queue.get()
            await send({"type": "http.response.body", "body": frame, "more_body": True})

    writing = asyncio.create_task(write())
    while (await receive())["type"] != "http.disconnect":
        pass
    writing.cancel()
    queues.discard(queue)


def main() -> None:
    held = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stdout.write(json.dumps({"port": held.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(application, log_level="error", timeout_graceful_shutdown=1)).run(
        [held]
    )


if __name__ == "__main__":
    main()
