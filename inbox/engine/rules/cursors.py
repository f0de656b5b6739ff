"""Where a walk through a list stands, as an opaque string."""

import base64
import binascii
import json
from datetime import datetime

from inbox.engine.rules import stamps
from inbox.engine.rules.bodies import is_keepable
from inbox.engine.rules.errors import EngineError, bad_request


def written(kind: str, *key: str) -> str:
    """The cursor after the row whose sort key is ``key``, in a list of ``kind``."""
    return base64.urlsafe_b64encode(json.dumps([kind, *key]).encode()).decode().rstrip("=")


def read(kind: str, cursor: str) -> tuple[str, ...]:
    """The sort key in ``cursor``. Raises 400 for anything that is no cursor of such a list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _bad() from None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _bad()
    if len(found) < 2 or found[0] != kind or not all(is_keepable(each) for each in found):
        raise _bad()
    return tuple(found[1:])


def read_newest_first(kind: str, cursor: str) -> tuple[datetime, str]:
    """The time and the id in a cursor of a list that is newest first. Raises 400."""
    key = read(kind, cursor)
    if len(key) != 2:
        raise _bad()
    try:
        return stamps.read(key[0]), key[1]
    except ValueError:
        raise _bad() from None


def read_ascending(kind: str, cursor: str) -> int:
    """The number in a cursor of a list that counts up. Raises 400."""
    key = read(kind, cursor)
    if len(key) != 1 or not key[0].isascii() or not key[0].isdigit() or len(key[0]) > 18:
        raise _bad()
    return int(key[0])


def _bad() -> EngineError:
    return bad_request("cursor is not one that this list gave.", field="cursor")
