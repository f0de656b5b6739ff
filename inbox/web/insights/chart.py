"""A chart: its numbers in words, what is drawn, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import dateformat

from inbox.web.ui.when import MINUTE, exact_span, span

NOTHING = "–"


@dataclass(frozen=True)
class Cell:
    """A figure of the table: as it is said, and as the file has it."""

    words: str
    value: str


@dataclass(frozen=True)
class Row:
    """A line of the table. ``tint`` is the colour by which the chart shows it, where it has one.

    ``extra`` are columns that only the file has.
    """

    label: str
    name: str
    cells: Sequence[Cell]
    tint: str = ""
    extra: Sequence[str] = ()


@dataclass(frozen=True)
class Headline:
    """The number before the plot."""

    value: str
    label: str


@dataclass(frozen=True)
class Series:
    """A line or a set of bars. ``tint`` names one of the palette's colours."""

    label: str
    tint: str
    values: Sequence[float | None]
    tints: Sequence[str] = ()
    dash: bool = False


@dataclass(frozen=True)
class Chart:
    """``kind`` is ``line``, ``bars`` or ``share``; ``unit`` is ``count`` or ``seconds``.

    ``open_table``: the table is part of the picture. ``href`` and ``link`` lead to what ``note``
    speaks of.
    """

    key: str
    title: str
    kind: str
    unit: str
    headlines: Sequence[Headline]
    labels: Sequence[str]
    series: Sequence[Series]
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str = ""
    href: str = ""
    link: str = ""
    nothing: str = ""
    open_table: bool = False
    csv_columns: Sequence[str] = field(default=())

    @property
    def data_id(self) -> str:
        """The id of the element that holds ``data``."""
        return f"data-{self.key}"

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "labels": list(self.labels),
            "series": [
                {
                    "label": each.label,
                    "tint": each.tint,
                    "tints": list(each.tints),
                    "dash": each.dash,
                    "values": list(each.values),
                }
                for each in self.series
            ],
        }

    @property
    def legend(self) -> Sequence[Series]:
        """What needs a key to be told apart."""
        return self.series if self.kind != "share" and len(self.series) > 1 else ()


def count(number: int) -> Cell:
    """A number of things."""
    return Cell(whole(number), str(number))


def time(seconds: float | None) -> Cell:
    """A length of time; the file has seconds."""
    if seconds is None:
        return Cell(NOTHING, "")
    # From a minute on, seconds would say more than the histogram knows.
    words = exact_span(seconds) if seconds < MINUTE else span(seconds)
    return Cell(words, f"{seconds:.1f}")


def share(part: float, of: float) -> Cell:
    """A share; the file has a fraction."""
    return Cell(percent(part, of), f"{part / of:.4f}" if of else "")


def percent(part: float, of: float) -> str:
    """``12 %``; a dash of nothing."""
    return f"{round(100 * part / of)}%" if of else NOTHING


def whole(number: int) -> str:
    """``1,234``."""
    return f"{number:,}"


def short_day(day: date) -> str:
    """``24 Nov``."""
    return dateformat.format(day, "j M")


def long_day(day: date) -> str:
    """``Tue 24 Nov 2026``."""
    return dateformat.format(day, "D j M Y")
