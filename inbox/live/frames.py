"""Frames of the event stream, as bytes. Each is built once and shared by all connections.

An *invalidation* tells a page to fetch a part of itself again. Its data is a JSON object:

- ``within``: milliseconds over which all pages that get it spread their requests; each waits for a
  random part of that.
- ``changed``: ids of the questions that changed, on a topic that names them. Without it, any
  question may have changed.
"""

import json
import random
from collections.abc import Collection

from inbox.live import topics

KEEP_ALIVE = b"event: alive\ndata: \n\n"
"""An event, not a comment: scripts don't see comments, and pages notice a silent stream."""
RESYNC = "resync"
ENDED = "ended"
LIVE = "live"
RETRY_FROM_MS = 500
RETRY_TO_MS = 3000
ROWS_MS = 10
"""Milliseconds for each page that fetches a few rows, other work included."""
PART_MS = 40
"""Milliseconds for each page that fetches a whole part of itself."""
MAX_CHANGED = 20
"""An invalidation of more questions names none."""


def invalidation(
    topic: str, cursor: str, *, changed: Collection[str] | None = None, readers: int = 1
) -> bytes:
    """``changed``: ids of the questions that changed. ``readers``: how many streams get it
    together.
    """
    kind, _ = topics.split(topic)
    data: dict[str, object] = {"within": (readers - 1) * PART_MS}
    if topics.names_questions(topic) and changed is not None and len(changed) <= MAX_CHANGED:
        data = {"within": (readers - 1) * ROWS_MS, "changed": sorted(changed)}
    return named(kind, cursor, json.dumps(data))


def resync(cursor: str, readers: int = 1) -> bytes:
    return named(RESYNC, cursor, json.dumps({"within": (readers - 1) * PART_MS}))


def named(event: str, cursor: str, data: str = "") -> bytes:
    """It has a data line even when empty: browsers drop events without one."""
    return f"event: {event}\nid: {cursor}\ndata: {data}\n\n".encode()


def hello(cursor: str) -> bytes:
    """The delay before reconnecting is random, so that pages don't return together."""
    retry = random.randint(RETRY_FROM_MS, RETRY_TO_MS)  # nosec B311 # noqa: S311 - spreads load, no secret
    return f"event: {LIVE}\nid: {cursor}\nretry: {retry}\ndata: \n\n".encode()


def lines(html: str) -> bytes:
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode()


def fragment(data: bytes, cursor: str | None = None) -> bytes:
    return data + (f"id: {cursor}\n\n".encode() if cursor else b"\n")
