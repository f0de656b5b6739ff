"""Bytes of the event stream: each frame is made once and shared by all who get it."""

import random

from inbox.live import topics

KEEP_ALIVE = b":\n\n"
RESYNC = "resync"
GONE = "gone"
LIVE = "live"
RETRY_FROM_MS = 500
RETRY_TO_MS = 3000


def bell(topic: str, at: str) -> bytes:
    """The named event that says: ``topic`` has changed, look again. ``at`` is its cursor."""
    kind, identifier = topics.split(topic)
    return named(kind, at, identifier)


def named(event: str, at: str, text: str = "") -> bytes:
    """A named event. Its data line is there even when empty: without one a browser drops it."""
    return f"event: {event}\nid: {at}\ndata: {text}\n\n".encode()


def hello(at: str) -> bytes:
    """What each connection begins with: where it stands, and when to come back if it breaks.

    The delay differs from one connection to the next, so that a crowd that lost the server
    together does not return together. It rides on a frame with data: htmx reads it nowhere else.
    """
    retry = random.randint(RETRY_FROM_MS, RETRY_TO_MS)  # noqa: S311 - spreads load, no secret
    return f"event: {LIVE}\nid: {at}\nretry: {retry}\ndata: \n\n".encode()


def lines(html: str) -> bytes:
    """The ``data:`` lines of a fragment, one for each line of it."""
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode()


def fragment(data: bytes, at: str | None = None) -> bytes:
    """The unnamed frame that is swapped into the connecting element, of ``lines`` of a fragment."""
    return data + (f"id: {at}\n\n".encode() if at else b"\n")
