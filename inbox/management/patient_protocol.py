"""uvicorn's protocol, with bounds for what the application does not see.

Those are the head of a request, and how slowly an answer is read.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PatientProtocol(HttpToolsProtocol):
    """uvicorn waits for a request's head without an end, keeps one of any size, and keeps an answer
    that nobody reads. Here a connection on which no request begins, or nothing of the answer is
    read, is closed after a while, and a request whose head is too large is refused.
    """

    PATIENCE = 30.0
    """Seconds between two looks at a connection."""
    LARGEST_HEAD = 64 * 1024

    _timer: asyncio.TimerHandle | None = None
    _last: Any = None
    _unanswered = 0
    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look at it."""
        super().connection_made(transport)
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look at it no longer."""
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Count what has come since the last answer and has not made a request yet."""
        before = self.cycle
        super().data_received(data)
        if not self._idle or self.cycle is not before:
            self._unanswered = 0
            return
        self._unanswered += len(data)
        if self._unanswered > self.LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _look_later(self) -> None:
        self._timer = self.loop.call_later(self.PATIENCE, self._look)

    def _look(self) -> None:
        unread = self.transport.get_write_buffer_size()
        if unread and unread == self._unread:
            # ``close`` would wait until it is read.
            self.transport.abort()
        elif self._idle and self.cycle is self._last:
            self.transport.close()
        self._last, self._unread = self.cycle, unread
        self._look_later()
