"""Bodies and event streams, read within bounds that are checked before anything is kept."""

import ctypes
import gc
import re
import zlib
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

import httpx

from inbox.mobius.errors import Nonsense, TooLarge

PIECE = 64 * 1024
"""Bytes: a packed body is unpacked in pieces of this size, however much is in it."""
SAMPLE = 64 * 1024
"""Bytes that are kept of the beginning and of the end of a body that is too large."""
READ_ON = 8
"""A body that is too large is read to its end if that is within so many times the limit."""

_GZIP_OR_ZLIB = 47
_BLANK_LINE = re.compile(rb"(\r\n|\n|\r)(\r\n|\n|\r)")


@dataclass(frozen=True)
class Limits:
    """In bytes: one frame of an event stream, and the body of one response."""

    frame: int = 16 * 1024 * 1024
    response: int = 64 * 1024 * 1024


async def pieces(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body, unpacked. Raises Nonsense for one that cannot be."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        async for raw in response.aiter_raw():
            yield raw
        return
    if encoding not in ("gzip", "deflate"):
        raise Nonsense("Mobius answered in an encoding that was not asked for.")
    unpack = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        async for raw in response.aiter_raw():
            piece = unpack.decompress(raw, PIECE)
            while piece:
                yield piece
                piece = unpack.decompress(unpack.unconsumed_tail, PIECE)
    except zlib.error:
        raise Nonsense("Mobius answered with a body that cannot be decoded.") from None


async def whole(response: httpx.Response, limit: int, *, to_the_end: bool = False) -> bytearray:
    """The body. Raises TooLarge with its beginning and, if ``to_the_end``, also its end, where that
    could be reached.
    """
    kept, size = bytearray(), 0
    head = tail = b""
    try:
        async for piece in pieces(response):
            size += len(piece)
            if size <= limit:
                kept += piece
                continue
            if not head:
                head, tail = (bytes(kept[:SAMPLE]) + piece)[:SAMPLE], bytes(kept[-SAMPLE:])
                kept.clear()
            if not to_the_end or size > READ_ON * limit:
                raise TooLarge("Mobius answered with more than can be read.", head=head)
            tail = (tail + piece)[-SAMPLE:]
    except BaseException:
        # The traceback would hold it for as long as somebody holds the exception.
        kept.clear()
        raise
    if size > limit:
        raise TooLarge("Mobius answered with more than can be read.", head=head, tail=tail)
    return kept


def release_memory() -> None:
    """Give what an answer that was too large took back to the system, once that is handled.

    What its connection had read ahead is in reference cycles, and the C library keeps freed memory
    to itself: together some 50 MB after one list (tests/bench/limits.py).
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def whole_frames(piece: bytes) -> bytes:
    """The piece up to its last blank line."""
    end = 0
    for blank in _BLANK_LINE.finditer(piece):
        end = blank.end()
    return piece[:end]


class FrameLimit:
    """Counts what an event stream has sent since the last blank line, which ends a frame.

    ``comments`` counts the comments so far: keep-alives are sent as such. They are no part of a
    frame.
    """

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
        *lines, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for part in lines:
            self._add(part)
            self._end_line()
        self._add(rest)

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
