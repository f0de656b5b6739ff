"""Reading and writing JSON that any database can store."""

import re
from typing import Any

from inbox.lib import exact

# What JSON can contain and a database or UTF-8 cannot: NUL, and lone surrogates.
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def loads(text: str | bytes | bytearray) -> Any:
    """Parse ``text``, without NaN, infinity, NUL and lone surrogates.

    Raises ValueError for text that is not JSON, not UTF-8, or nested too deeply.
    """
    if not isinstance(text, str):
        text = text.decode()
    try:
        value = exact.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _storable(value) if _ESCAPED.search(text) else value


def dumps(value: Any) -> bytes:
    """``value`` as UTF-8 JSON. Raises ValueError for NaN, TypeError for other types."""
    text = exact.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _no_number(_: str) -> None:
    return None


def _storable(value: Any) -> Any:
    """Replaces what can't be stored, in place. Iterative, since upstream decides how deep a value
    is.
    """
    root = [value]
    unread: list[Any] = [root]
    while unread:
        part = unread.pop()
        if isinstance(part, dict):
            items = [(_storable_text(key), item) for key, item in part.items()]
            part.clear()
            part.update(items)
        for place, item in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if isinstance(item, str):
                part[place] = _storable_text(item)
            elif isinstance(item, list | dict):
                unread.append(item)
    return root[0]


def _storable_text(text: str) -> str:
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
