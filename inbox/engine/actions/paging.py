"""Lists: newest first, in pages that neither skip nor repeat a row.

The sort key is a row's time of creation and its id. Neither changes, so a row that existed when a
walk began is met once, whatever happens meanwhile.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from inbox.engine.rules import cursors, stamps
from inbox.engine.rules.bodies import is_keepable
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
) -> Page:
    """One page of ``rows``. ``kind`` keeps one list's cursors from being used for another's."""
    check_limit(limit)
    if cursor is not None:
        at, last = cursors.read_newest_first(kind, cursor)
        rows = rows.filter(Q(**{time: at}, pk__lt=last) | Q(**{f"{time}__lt": at})).filter(
            **{f"{time}__lte": at}
        )
    found = list(rows.order_by(f"-{time}", "-pk")[: limit + 1])
    page: Page = {
        "items": [payload(row) for row in found[:limit]],
        "has_more": len(found) > limit,
    }
    if len(found) > limit:
        row = found[limit - 1]
        page["next_cursor"] = cursors.written(kind, stamps.written(getattr(row, time)), row.pk)
    return page


def check_limit(limit: int) -> None:
    """Raises 400 for a limit out of bounds."""
    if not 1 <= limit <= LIMIT:
        raise wrong_limit()


def wrong_limit() -> EngineError:
    return bad_request(f"limit must be a number from 1 to {LIMIT}.", field="limit")


def check_filters(filters: dict[str, str], **known: tuple[str, ...] | None) -> None:
    """Refuse a filter that nobody knows, and a value outside the ones that a filter has.

    ``known``: the allowed values by filter, None where any will do.
    """
    for name, value in filters.items():
        if name not in known:
            raise bad_request(f"{name} is not a filter of this list.", field=name)
        allowed = known[name]
        if allowed is not None and value not in allowed:
            raise bad_request(f"{name} must be one of: {', '.join(allowed)}.", field=name)
        if not is_keepable(value):
            raise bad_request(f"{name} holds a character that cannot be kept.", field=name)
