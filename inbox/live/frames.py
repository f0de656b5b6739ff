"""Bytes of the event stream: each frame is made once and shared by all who get it.

The data of a bell is a JSON object. ``within``: milliseconds over which a crowd that hears it
spreads what it fetches; each page waits for a random part of that. ``changed``: the ids of the
questions that changed, on a topic that names them; without it, any may have.
"""

import json
import random
from collections.abc import Collection

from inbox.live import topics

KEEP_ALIVE = b"event: alive\ndata: \n\n"
"""An event and no comment: a script does not see comments, and pages watch for silence."""
RESYNC = "resync"
GONE = "gone"
LIVE = "live"
RETRY_FROM_MS = 500
RETRY_TO_MS = 3000
ROWS_MS = 10
"""A fetch of a few rows, and the time for other work between two of them."""
PART_MS = 40
"""The same for a whole part of a page."""
NAMED = 20
"""A bell that would name more questions names none."""


def bell(topic: str, at: str, *, changed: Collection[str] | None = None, crowd: int = 1) -> bytes:
    """The named event that says: ``topic`` has changed, look again.

    Args:
        at: its cursor.
        changed: the questions that it names, where the topic names any.
        crowd: how many streams hear it together.
    """
    kind, _ = topics.split(topic)
    said: dict[str, object] = {"within": (crowd - 1) * PART_MS}
    if topics.names_questions(topic) and changed is not None and len(changed) <= NAMED:
        said = {"within": (crowd - 1) * ROWS_MS, "changed": sorted(changed)}
    return named(kind, at, json.dumps(said))


def resync(at: str, crowd: int = 1) -> bytes:
    """The named event that says: anything may have changed."""
    return named(RESYNC, at, json.dumps({"within": (crowd - 1) * PART_MS}))


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
