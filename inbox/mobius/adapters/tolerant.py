"""Reading what may be missing, of another type, or new: always a value, never an error."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from inbox.mobius import body

E = TypeVar("E", bound=StrEnum)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLDEST_YEAR = 1970
_LARGEST = 2**63 - 1


def text(value: Any) -> str:
    """A string as it is, nothing as "", anything else as its JSON."""
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return body.dumps(value).decode()


def maybe_text(value: Any) -> str | None:
    """As ``text``, but nothing stays None, and so does the empty string."""
    return text(value) or None


def mapping(value: Any) -> dict[str, Any]:
    """An object as it is, nothing as {}; anything else under the key ``value``."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {"value": value}


def parts(value: Any) -> dict[str, Any]:
    """An object as it is, anything else as {}: for objects whose keys we look up."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """A list as it is, anything else as []."""
    return value if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """The strings of a list."""
    return tuple(item for item in sequence(value) if isinstance(item, str))


def whole(value: Any, default: int = 0) -> int:
    """A whole number of 64 bits, also one that is spelled as a float or a string of digits."""
    match value:
        case bool():
            return default
        case int() if abs(value) <= _LARGEST:
            return value
        case float() if value.is_integer() and abs(value) <= _LARGEST:
            return int(value)
        case str() if value.isascii() and value.isdigit() and len(value) <= 18:
            return int(value)
        case _:
            return default


def stamp(value: Any) -> datetime | None:
    """An RFC 3339 time in UTC; one without an offset is taken as UTC.

    None for what is not a time, and for the year one, by which some servers say "never".
    """
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year >= _OLDEST_YEAR else None


def known(kind: type[E], value: Any, other: E) -> E:
    """The member of ``kind`` that ``value`` names, else ``other``."""
    try:
        return kind(value)
    except ValueError:
        return other
