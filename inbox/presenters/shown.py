"""The rows that an open page shows, and those that have come since and wait to be asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model

MOST = 200
"""Rows that a page may ask to see again."""

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Shown:
    """The numbers of the rows that a page shows, in its order; empty for a page that opens."""

    ids: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Shown":
        """Of ``12.7.5``; what is no number is left out."""
        parts = text.split(".")[:MOST]
        return cls(tuple(int(one) for one in parts if one.isdecimal() and len(one) < 19))


def numbers(rows: Iterable[Model]) -> str:
    """What ``Shown.read`` reads."""
    return ".".join(str(row.pk) for row in rows)


def arrivals(fresh: Sequence[Row], shown: Sequence[Row], *, page: int) -> list[Row]:
    """Those of ``fresh`` that are new to a page of so many rows that shows ``shown``.

    What slides in behind the last row of a full page, because one above it has left, is not new.
    """
    known = {row.pk for row in shown}
    upto = [index for index, row in enumerate(fresh) if row.pk in known]
    last = fresh[: upto[-1] + 1] if upto and len(shown) >= page else fresh[:page]
    return [row for row in last if row.pk not in known]
