"""Lists: one page, and the walk over all of them."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from inbox.mobius.adapters import guide
from inbox.mobius.adapters.tolerant import maybe_text
from inbox.mobius.errors import Nonsense
from inbox.mobius.types import Page

T = TypeVar("T")
log = logging.getLogger(__name__)


def one(read: Callable[[Any], T], answer: Any) -> T:
    """The one object that was asked for. Raises Nonsense where it is not there."""
    try:
        return read(answer)
    except guide.UnreadableError as error:
        raise Nonsense(f"Mobius answered with {error}.") from None


def read_page(answer: Any, read: Callable[[Any], T]) -> Page[T]:
    """A page of a list; an item that cannot be read is left out and logged. Raises Nonsense."""
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise Nonsense("Mobius answered with something that is not a list.")
    items: list[T] = []
    for item in answer["items"]:
        try:
            items.append(read(item))
        except guide.UnreadableError as error:
            log.warning("left out of a list: %s", error)
    more = answer.get("has_more") is not False
    return Page(
        items=tuple(items), next_cursor=maybe_text(answer.get("next_cursor")) if more else None
    )


async def walk(page: Callable[..., Awaitable[Page[T]]], **filters: Any) -> AsyncGenerator[T, None]:
    """Every item of every page. Raises Nonsense where the pages go in a circle."""
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        here = await page(cursor=cursor, **filters)
        for item in here.items:
            yield item
        cursor = here.next_cursor
        if cursor is None:
            return
        if cursor in seen:
            raise Nonsense("Mobius answered with pages that never end.")
        seen.add(cursor)
