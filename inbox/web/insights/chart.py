from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from inbox.mirror.durations import SHORTEST
from inbox.models import Interaction
from inbox.web.ui.labels import whole
from inbox.web.ui.when import MINUTE, exact_span, span

DASH = "–"


@dataclass(frozen=True)
class Cell:
    words: str
    value: str


@dataclass(frozen=True)
class Row:
    """``extra`` are columns that only the CSV file has."""

    label: str
    name: str
    cells: Sequence[Cell]
    tint: str = ""
    extra: Sequence[str] = ()


@dataclass(frozen=True)
class Series:
    label: str
    tint: str
    values: Sequence[float | None]
    tints: Sequence[str] = ()
    dash: bool = False


@dataclass(frozen=True)
class Chart:
    """``kind`` is ``line``, ``bars`` or ``share``; ``unit`` is ``count`` or ``seconds``.
    ``empty_text`` takes the place of a plot without data.
    """

    key: str
    title: str
    kind: str
    unit: str
    headlines: Sequence[tuple[str, str]]
    labels: Sequence[str]
    series: Sequence[Series]
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str = ""
    question: Interaction | None = None
    empty_text: str = ""
    open_table: bool = False
    csv_columns: Sequence[str] = ()

    @property
    def data(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "unit": self.unit,
            "labels": self.labels,
            "series": [asdict(series) for series in self.series],
        }

    @property
    def legend(self) -> Sequence[Series]:
        return self.series if self.kind != "share" and len(self.series) > 1 else ()


def count(number: int) -> Cell:
    return Cell(whole(number), str(number))


def time(seconds: float | None) -> Cell:
    """In the CSV file, seconds."""
    if seconds is None:
        return Cell(DASH, "")
    # The histogram is too coarse for parts of a second below one, and for seconds beyond a minute.
    words = exact_span(seconds) if SHORTEST <= seconds < MINUTE else span(seconds)
    return Cell(words, f"{seconds:.1f}")


def share(part: float, of: float) -> Cell:
    """In the CSV file, a fraction."""
    return Cell(percent(part, of), f"{part / of:.4f}" if of else "")


def percent(part: float, of: float) -> str:
    """``12%``; a dash if ``of`` is zero."""
    return _("%(percent)d%%") % {"percent": round(100 * part / of)} if of else DASH


def short_day(day: date) -> str:
    """``24 Nov``."""
    return dateformat.format(day, pgettext("date format", "j M"))


def long_day(day: date) -> str:
    """``Tue 24 Nov 2026``."""
    return dateformat.format(day, pgettext("date format", "D j M Y"))
