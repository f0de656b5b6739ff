"""What all calls are made of: paths, queries, pages."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from inbox.mobius import paging
from inbox.mobius.errors import NotFound
from inbox.mobius.transport import Query, Transport
from inbox.mobius.types import Page

T = TypeVar("T")


class Calls:
    """Calls of one project, made through ``_transport``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _page(self, path: str, query: Query, read: Callable[[Any], T]) -> Page[T]:
        return paging.read_page(await self._transport.get(path, query), read)

    async def _all(self, path: str, read: Callable[[Any], T], **filters: Any) -> tuple[T, ...]:
        async def page(**query: Any) -> Page[T]:
            return await self._page(path, given(**query), read)

        return tuple([item async for item in paging.walk(page, **filters)])


def path_of(collection: str, id: str) -> str:
    """The path of one thing. Raises NotFound for an id that cannot be one."""
    # A path step that a server resolves would make it another call.
    if id in ("", ".", ".."):
        raise NotFound("There is no such thing.")
    return f"{collection}/{quote(id, safe='')}"


def given(**fields: Any) -> dict[str, Any]:
    """What was given, without what is None."""
    return {key: value for key, value in fields.items() if value is not None}
