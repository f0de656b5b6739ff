"""When an interaction is due."""

import re
from datetime import datetime
from typing import Any, NamedTuple

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")


class Due(NamedTuple):
    """``soft``: the question can still be answered afterwards."""

    at: datetime | None
    soft: bool


def due_of(context: dict[str, Any], expires_at: datetime | None) -> Due:
    """``context.due_at`` if it is a valid time and not after the expiry, else the expiry."""
    due_at = _instant(context.get("due_at"))
    if due_at is None or (expires_at is not None and due_at > expires_at):
        return Due(expires_at, soft=False)
    return Due(due_at, soft=True)


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None
