"""Reading fields that may be missing, of another type, or new, without errors."""

import logging
import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from inbox.lib.instants import in_utc
from inbox.mobius import body
from inbox.mobius.types import NO_TIME

E = TypeVar("E", bound=StrEnum)
log = logging.getLogger(__name__)

_LAST_SECOND = 100_000_000_000
"""A larger number is milliseconds."""
_LARGEST = 2**63 - 1
_DIGITS = re.compile(r"\d{9,18}(\.\d+)?", re.ASCII)
"""Seconds since 1970 in a string; a date without hyphens has eight digits."""
MOST_NOTES = 1000
LONGEST_NAME = 100
noted: set[str] = set()
"""Messages that ``note`` has logged in this process."""


def note(message: str) -> None:
    """Log, once, something from upstream that pages do not show."""
    if message not in noted and len(noted) < MOST_NOTES:
        noted.add(message)
        log.warning(message)


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
    """None for nothing and for the empty string."""
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
    """The strings and integers of a list, as strings."""
    return tuple(text(item) for item in sequence(value) if isinstance(item, str) or is_int(item))


def is_int(value: Any) -> bool:
    """Some servers have integer ids."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer(value: Any, default: int = 0) -> int:
    """A 64-bit integer, or a float or string that is one; else ``default``."""
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


def note_unknown(kind: str, wire: dict[str, Any], known_fields: frozenset[str]) -> None:
    for name in wire.keys() - known_fields:
        note(f"a field that is not known: {name[:LONGEST_NAME]!r} of {kind}")


def moment(wire: dict[str, Any], name: str) -> datetime | None:
    """A time in UTC: RFC 3339, or seconds since 1970. One without an offset is taken as UTC.

    None for the year one, which some servers use for "never". Anything else is logged.
    """
    value = wire.get(name)
    at = _instant(value)
    if at is None and value not in (None, ""):
        note(f"left out: {name} is not a time")
    return at if at is not None and at > NO_TIME else None


def _instant(value: Any) -> datetime | None:
    try:
        match value:
            case bool():
                return None
            case str() if _DIGITS.fullmatch(value.strip()):
                return _instant(float(value))
            case int() | float() | Decimal():
                value = float(value)
                at = datetime.fromtimestamp(value / (1000 if value > _LAST_SECOND else 1), UTC)
            case str():
                at = datetime.fromisoformat(value.strip())
            case _:
                return None
        return in_utc(at.replace(tzinfo=UTC) if at.tzinfo is None else at)
    except (ValueError, OverflowError, OSError):
        return None


def enum_member(kind: type[E], value: Any, other: E) -> E:
    try:
        return kind(value)
    except ValueError:
        return other
