"""Reading bodies and event streams with size limits."""

import ctypes
import gc
import re
import zlib
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

import httpx

from inbox.mobius.errors import InvalidResponse, TooLarge

PIECE = 64 * 1024
"""Bytes: a compressed body is decompressed in pieces of at most this size."""
SAMPLE = 64 * 1024
"""Bytes kept from the beginning and the end of a body that is too large."""
READ_ON = 8
"""A body that is too large is read to its end if that is within this many times the limit."""

_GZIP_OR_ZLIB = 47
_BLANK_LINE = re.compile(rb"(\r\n|\n|\r)(\r\n|\n|\r)")


@dataclass(frozen=True)
class Limits:
    """In bytes."""

    frame: int = 16 * 1024 * 1024
    response: int = 64 * 1024 * 1024


async def chunks(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The decompressed body. Raises InvalidResponse if it can't be decompressed."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        async for raw in response.aiter_raw():
            yield raw
        return
    if encoding not in ("gzip", "deflate"):
        raise InvalidResponse("Mobius sent a response in an encoding that was not asked for.")
    unpack = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        async for raw in response.aiter_raw():
            piece = unpack.decompress(raw, PIECE)
            while piece:
                yield piece
                piece = unpack.decompress(unpack.unconsumed_tail, PIECE)
    except zlib.error:
        raise InvalidResponse("Mobius sent a response that cannot be decoded.") from None


async def read_body(response: httpx.Response, limit: int, *, to_the_end: bool = False) -> bytearray:
    """Raises TooLarge with the beginning and, if ``to_the_end``, the end of the body."""
    content, size = bytearray(), 0
    head = tail = b""
    try:
        async for piece in chunks(response):
            size += len(piece)
            if size <= limit:
                content += piece
                continue
            if not head:
                head, tail = (bytes(content[:SAMPLE]) + piece)[:SAMPLE], bytes(content[-SAMPLE:])
                content.clear()
            if not to_the_end or size > READ_ON * limit:
                raise TooLarge("Mobius sent a response that is too large to read.", head=head)
            tail = (tail + piece)[-SAMPLE:]
    except BaseException:
        # Otherwise the exception's traceback would keep it in memory.
        content.clear()
        raise
    if size > limit:
        raise TooLarge("Mobius sent a response that is too large to read.", head=head, tail=tail)
    return content


def release_memory() -> None:
    """The connection's buffers are in reference cycles, and the C library keeps freed memory:
    together some 50 MB after one list (tests/bench/limits.py).
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def complete_frames(piece: bytes) -> bytes:
    end = 0
    for blank in _BLANK_LINE.finditer(piece):
        end = blank.end()
    return piece[:end]


class FrameLimit:
    """A blank line ends a frame. Comments, such as keep-alives, are not part of one."""

    def __init__(self, limit: int) -> None:
        self.comments = 0
        self._limit = limit
        self._frame = 0
        self._line = 0
        self._is_comment = False
        self._after_cr = False

    def count(self, piece: bytes) -> None:
        """Raises TooLarge once a frame, or a single line, is larger than the limit."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = piece.endswith(b"\r")
        *lines, remainder = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for part in lines:
            self._add(part)
            self._end_line()
        self._add(remainder)

    def _add(self, part: bytes) -> None:
        if not self._line:
            self._is_comment = part.startswith(b":")
        self._line += len(part)
        size = self._line if self._is_comment else self._frame + self._line
        if size > self._limit:
            raise TooLarge("Mobius sent an event that is larger than can be read.")

    def _end_line(self) -> None:
        if self._is_comment:
            self.comments += 1
        else:
            self._frame = self._frame + self._line if self._line else 0
        self._line = 0
        self._is_comment = False
