"""The walk over all pages of a list."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from inbox.mobius.errors import Nonsense, TooLarge
from inbox.mobius.types import Page

T = TypeVar("T")


async def walk(
    page: Callable[..., Awaitable[Page[T]]], *, whole: bool = False, **filters: Any
) -> AsyncGenerator[T, None]:
    """Every item of every page. Raises Nonsense where the pages go in a circle, and TooLarge where
    the list must be ``whole`` and a record had to be left out.
    """
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        here = await page(cursor=cursor, **filters)
        if whole and here.skipped:
            raise TooLarge(f"{here.skipped[0]} is too large to be read.")
        for item in here.items:
            yield item
        cursor = here.next_cursor
        if cursor is None:
            return
        if cursor in seen:
            raise Nonsense("Mobius answered with pages that never end.")
        seen.add(cursor)
