"""What lists share: filter chips, rows that have arrived since, and short index walks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet


@dataclass(frozen=True)
class Chip:
    """A filter that is on: its words, and the list without it."""

    words: str
    href: str


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


def found_by(*walks: QuerySet[Any]) -> QuerySet[Any]:
    """The rows of all ``walks``, each ordered and cut: in no order, each once.

    A condition that joins the walks by OR would make PostgreSQL read the whole table, and a union
    of them as they are is not SQLite's: it orders and cuts inside no union.
    """
    rows = walks[0].model._default_manager.all()
    parts = [rows.filter(pk__in=walk.values("pk")).values("pk") for walk in walks]
    return rows.filter(pk__in=parts[0].union(*parts[1:], all=True))
