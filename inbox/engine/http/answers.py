"""What goes back to the caller: a JSON answer, or a refusal in the API's error shape."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from inbox.engine.rules.errors import EngineError

Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """One response. Without a payload it has no body (204)."""

    status: int = 200
    payload: dict[str, Any] | None = None
    headers: Headers = ()

    def with_headers(self, headers: Headers) -> "Answer":
        """The same answer, saying more in its headers."""
        return replace(self, headers=self.headers + headers)


class HttpRefusal(EngineError):
    """A refusal that says something in its headers too."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        headers: Headers,
    ) -> None:
        super().__init__(status, code, message, details)
        self.headers = headers


def refusal(error: EngineError) -> Answer:
    """The answer that tells of an error."""
    headers = error.headers if isinstance(error, HttpRefusal) else ()
    if error.status == 401:
        headers += (("WWW-Authenticate", "Bearer"),)
    return Answer(error.status, error.payload(), headers)


async def send_answer(answer: Answer, send: Send) -> None:
    """Write a whole answer."""
    body = b"" if answer.payload is None else encode(answer.payload)
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    if answer.payload is not None:
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def encode(payload: dict[str, Any]) -> bytes:
    """Compact JSON, UTF-8, without a line break."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
