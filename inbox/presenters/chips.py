"""Filters that are on, above a list."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """A filter that is on: its words, and the list without it."""

    words: str
    href: str
