"""The time zones that people can choose, by name."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_OTHERS = ("Etc/", "SystemV/", "US/", "posix/", "right/")
"""Prefixes of names that are no places, or that repeat other names."""


@cache
def names() -> tuple[str, ...]:
    """In alphabetical order; first ``UTC``."""
    places = (name for name in available_timezones() if "/" in name)
    return ("UTC", *sorted(name for name in places if not name.startswith(_OTHERS)))


def find(name: object) -> ZoneInfo | None:
    return ZoneInfo(name) if isinstance(name, str) and name in _known() else None


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
