"""The query of a list: how many, from where, and what is left are its filters."""

from typing import Any

from inbox.engine.http.routing import Call
from inbox.engine.rules.errors import EngineError

DEFAULT_LIMIT = 50
LIMIT = 200


def page_of(call: Call) -> dict[str, Any]:
    """``limit`` and ``cursor`` of a list without filters. Raises 400 for anything else."""
    page = filtered_page_of(call)
    for name in page.pop("filters"):
        raise EngineError(400, "bad_request", f"{name} is not a filter of this list.")
    return page


def filtered_page_of(call: Call) -> dict[str, Any]:
    """``filters``, ``limit`` and ``cursor``. Raises 400 for a limit out of bounds."""
    filters = dict(call.query)
    cursor = filters.pop("cursor", None)
    limit = filters.pop("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 4 and 1 <= int(limit) <= LIMIT):
        raise EngineError(400, "bad_request", f"limit must be a number from 1 to {LIMIT}.")
    return {"filters": filters, "limit": int(limit), "cursor": cursor}


def no_query(call: Call) -> None:
    """Refuse a query where none is read. Raises 400 that names a field."""
    for name in call.query:
        raise EngineError(400, "bad_request", f"{name} is not a filter of this list.")


def no_body(call: Call) -> None:
    """Refuse the fields of a body where none is read. Raises 400 that names one."""
    for name in call.body:
        raise EngineError(400, "bad_request", f"{name} is not a field of this call.")
