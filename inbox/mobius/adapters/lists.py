"""Pages of lists on the wire."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from inbox.mobius import body
from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.tolerant import maybe_text, note
from inbox.mobius.errors import TooLarge
from inbox.mobius.types import Page

T = TypeVar("T")

_ID = re.compile(rb'"id"\s*:\s*"([\w.~:-]{1,200})"')
# What follows the items in a page: members that aren't lists or objects.
_AFTER_ITEMS = re.compile(
    rb'\]\s*,\s*((?:"\w+"\s*:\s*(?:"(?:[^"\\]|\\.)*"|true|false|null|-?\d+)\s*(?:,\s*|(?=\})))+)\}\s*\Z'
)
_CURSOR_FIRST = re.compile(rb'\A\s*\{[^\[{]*?"next_cursor"\s*:\s*"((?:[^"\\]|\\.)*)"')


def page_of(read: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    return lambda answer: read_page(answer, read)


def read_page(answer: Any, read: Callable[[Any], T]) -> Page[T]:
    """Unreadable items are left out and logged. Raises UnreadableError for anything but a list."""
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise UnreadableError("something that is not a list")
    items: list[T] = []
    for item in answer["items"]:
        try:
            items.append(read(item))
        except UnreadableError as error:
            note(f"left out of a list: {error}")
    cursor = maybe_text(answer.get("next_cursor"))
    # Some servers send a cursor after the last page too.
    ends = not answer["items"] and answer.get("has_more") is False
    return Page(items=tuple(items), next_cursor=None if ends else cursor)


def page_without(record: TooLarge, kind: str) -> Page[Any]:
    match = _ID.search(record.head)
    name = match[1].decode() if match else f"one of {kind}"
    cursor = _cursor_after(record)
    beyond = "" if cursor else "; what follows it in the list may be missing too"
    note(f"{name} is too large to be read and was left out{beyond}")
    return Page(items=(), next_cursor=cursor, skipped=(name,))


def _cursor_after(record: TooLarge) -> str | None:
    last = _AFTER_ITEMS.search(record.tail)
    first = _CURSOR_FIRST.search(record.head)
    try:
        if last:
            fields = body.loads(b"{" + last[1].rstrip().rstrip(b",") + b"}")
            if "next_cursor" in fields:
                return maybe_text(fields["next_cursor"])
        return maybe_text(body.loads(b'"' + first[1] + b'"')) if first else None
    except ValueError:
        return None
