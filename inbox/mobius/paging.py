"""Reading all pages of a list."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from inbox.mobius.errors import InvalidResponse, TooLarge
from inbox.mobius.types import Page

T = TypeVar("T")


async def walk(
    page: Callable[..., Awaitable[Page[T]]], *, complete: bool = False, **filters: Any
) -> AsyncGenerator[T, None]:
    """Every item of every page.

    Raises InvalidResponse if a cursor repeats; with ``complete``, TooLarge for a skipped record.
    """
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        result = await page(cursor=cursor, **filters)
        if complete and result.skipped:
            raise TooLarge(f"{result.skipped[0]} is too large to be read.")
        for item in result.items:
            yield item
        cursor = result.next_cursor
        if cursor is None:
            return
        if cursor in seen:
            raise InvalidResponse("Mobius answered with pages that never end.")
        seen.add(cursor)
