"""When an interaction is due."""

import re
from datetime import datetime
from typing import Any, NamedTuple

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")


class Due(NamedTuple):
    """``soft``: the workflow asks for it by then, and it can still be answered afterwards."""

    at: datetime | None
    soft: bool


def due_of(context: dict[str, Any], expires_at: datetime | None) -> Due:
    """``context.due_at`` where it is an instant and not after the expiry, else the expiry."""
    wanted = _instant(context.get("due_at"))
    if wanted is None or (expires_at is not None and wanted > expires_at):
        return Due(expires_at, soft=False)
    return Due(wanted, soft=True)


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None
