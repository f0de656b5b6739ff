"""HTTP on loopback for a scripted Mobius: an ASGI application in a thread of its own."""

import json
import socket
import threading
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs

import uvicorn

from tests.support import ports


@dataclass(frozen=True)
class Seen:
    """``call`` and ``id`` are empty for a path that the server does not have."""

    call: str
    id: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")


class Served:
    """Serves while it is entered; ``stop`` and ``start`` keep the port."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.streams = self.most_streams = 0
        self._more = threading.Condition()
        self._reserved = ports.reserve()
        self._port = self._reserved.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._reserved.close()

    def start(self) -> None:
        """Accept connections, again at the same address after ``stop``."""
        listener = socket.create_server(("127.0.0.1", self._port))
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            lifespan="off",
            log_level="critical",
            timeout_graceful_shutdown=0,
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([listener],), name="upstream")
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join()
            self._server = None

    def wait_for(self, call: str, count: int, timeout: float = 60) -> None:
        with self._more:
            if not self._more.wait_for(lambda: len(self.requests(call)) >= count, timeout):
                raise TimeoutError(f"{call} came {len(self.requests(call))} times, not {count}")

    def wait_for_stream(self, timeout: float = 60) -> None:
        with self._more:
            if not self._more.wait_for(lambda: self.streams > 0, timeout):
                raise TimeoutError("no stream is open")

    def count_stream(self, opened: int) -> None:
        """``opened`` is 1, or -1 at its end."""
        with self._more:
            self.streams += opened
            self.most_streams = max(self.most_streams, self.streams)
            self._more.notify_all()

    def requests(self, call: str) -> list[Seen]:
        return [one for one in self.seen if one.call == call]

    def call(self, method: str, path: str) -> tuple[str, str]:
        """The name of a call and the id in its path."""
        raise NotImplementedError

    async def answer(self, seen: Seen, receive: Any, send: Any) -> None:
        raise NotImplementedError

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        seen = Seen(
            *self.call(scope["method"], scope["path"]),
            query={k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()},
            headers={k.decode(): v.decode() for k, v in scope["headers"]},
            body=body,
        )
        with self._more:
            self.seen.append(seen)
            self._more.notify_all()
        await self.answer(seen, receive, send)


def piece(text: str) -> dict[str, Any]:
    """Of a stream."""
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}
