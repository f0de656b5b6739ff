"""Lists in pages, newest first. A cursor is the last row's creation time and id, which never
change, so that no row is skipped or repeated.
"""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from inbox.engine.rules import times
from inbox.engine.rules.bodies import is_storable
from inbox.engine.rules.errors import EngineError, bad_request

DEFAULT_LIMIT = 50
LIMIT = 200

Row = TypeVar("Row", bound=Model)
Page = dict[str, Any]


def newest_first(
    kind: str,
    rows: QuerySet[Row],
    *,
    limit: int,
    cursor: str | None,
    payload: Callable[[Row], dict[str, Any]],
    time: str = "created_at",
    most: int = LIMIT,
) -> Page:
    """One page of ``rows``. A cursor of one ``kind`` is refused by lists of another."""
    check_limit(limit, most)
    if cursor is not None:
        at, last = read_time_cursor(kind, cursor)
        rows = rows.filter(Q(**{time: at}, pk__lt=last) | Q(**{f"{time}__lt": at})).filter(
            **{f"{time}__lte": at}
        )
    page_rows = list(rows.order_by(f"-{time}", "-pk")[: limit + 1])
    page: Page = {
        "items": [payload(row) for row in page_rows[:limit]],
        "has_more": len(page_rows) > limit,
    }
    if len(page_rows) > limit:
        row = page_rows[limit - 1]
        page["next_cursor"] = to_cursor(kind, times.to_text(getattr(row, time)), row.pk)
    return page


def check_limit(limit: int, most: int = LIMIT) -> None:
    if not 1 <= limit <= most:
        raise wrong_limit(most)


def wrong_limit(most: int = LIMIT) -> EngineError:
    return bad_request(f"limit must be a number from 1 to {most}.", field="limit")


def check_filters(filters: dict[str, str], **allowed_values: tuple[str, ...] | None) -> None:
    """``allowed_values``: by filter, None for any. Raises 400 for others."""
    for name, value in filters.items():
        if name not in allowed_values:
            raise bad_request(f"{name} is not a filter of this list.", field=name)
        allowed = allowed_values[name]
        if allowed is not None and value not in allowed:
            raise bad_request(f"{name} must be one of: {', '.join(allowed)}.", field=name)
        if not is_storable(value):
            raise bad_request(f"{name} contains a character that cannot be stored.", field=name)


def to_cursor(kind: str, *key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([kind, *key]).encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str) -> tuple[str, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _wrong_cursor() from None
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise _wrong_cursor()
    if len(parts) < 2 or parts[0] != kind or not all(is_storable(part) for part in parts):
        raise _wrong_cursor()
    return tuple(parts[1:])


def read_time_cursor(kind: str, cursor: str) -> tuple[datetime, str]:
    key = read_cursor(kind, cursor)
    if len(key) != 2:
        raise _wrong_cursor()
    try:
        return times.read_time(key[0]), key[1]
    except ValueError:
        raise _wrong_cursor() from None


def read_number_cursor(kind: str, cursor: str) -> int:
    key = read_cursor(kind, cursor)
    if len(key) != 1 or not key[0].isascii() or not key[0].isdigit() or len(key[0]) > 18:
        raise _wrong_cursor()
    return int(key[0])


def _wrong_cursor() -> EngineError:
    return bad_request("cursor is not from this list.", field="cursor")
