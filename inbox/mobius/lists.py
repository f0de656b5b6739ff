"""Upstream's lists: reading all pages, and which parameters they were found to accept."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar

from inbox.mobius.errors import InvalidResponse, MobiusError, Rejected, TooLarge
from inbox.mobius.types import Page

T = TypeVar("T")

SMALLER = (100, 50)
"""Page sizes to try if a larger one is refused; after them, no ``limit``."""


class Lists:
    """Findings for one token; those of the service key are reset at each probe."""

    def __init__(self) -> None:
        self.on_smaller: Callable[[], None] = lambda: None
        self._sizes: dict[str, int | None] = {}
        self._refused: dict[tuple[str, str], Rejected] = {}
        self._taken: set[tuple[str, str]] = set()

    def forget(self) -> None:
        self._sizes.clear()
        self._refused.clear()
        self._taken.clear()

    def sizes(self, name: str, limit: int) -> Iterator[int | None]:
        """A limit that was accepted may be refused later."""
        accepted = self._sizes.get(name, limit)
        if accepted is not None:
            largest = min(limit, accepted)
            yield largest
            yield from (size for size in SMALLER if size < largest)
        yield None

    def accepted(self, name: str, size: int | None, *, requested: int) -> None:
        """``requested`` was the preferred size."""
        smaller = name in self._sizes and size != next(self.sizes(name, requested))
        if size != requested or requested > max(SMALLER):
            self._sizes[name] = size
        if smaller:
            self.on_smaller()

    def size(self, name: str) -> int | None:
        """0 if no limit is accepted, None if unknown."""
        return (self._sizes[name] or 0) if name in self._sizes else None

    def check(self, name: str, status: str | None) -> None:
        """Raises Rejected if the list has refused this status before."""
        if status is not None and (name, status) in self._refused:
            raise self._refused[name, status]

    def took(self, name: str, status: str | None) -> None:
        """A later refusal of the status has another reason."""
        if status is not None:
            self._taken.add((name, status))
            self._refused.pop((name, status), None)

    def refuse(self, name: str, status: str | None, error: Rejected) -> None:
        if status is not None and (name, status) not in self._taken:
            self._refused[name, status] = error

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(sorted(f"{name}: {status}" for name, status in self._refused))


def is_about_parameters(error: MobiusError) -> bool:
    return error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


async def walk(
    page: Callable[..., Awaitable[Page[T]]], *, complete: bool = False, **filters: Any
) -> AsyncGenerator[T, None]:
    """Raises InvalidResponse if a cursor repeats; ``complete``: TooLarge for a skipped record."""
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
            raise InvalidResponse("Mobius returned pages that never end.")
        seen.add(cursor)
