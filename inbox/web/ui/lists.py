"""What lists share: their addresses as forms, keyset pages, links to choose from, index walks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import urlencode

from django import forms
from django.db.models import F, Model, Q, QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property

PAGE = 50
"""How many rows a page has."""
MOST = 200
"""Rows that a page may ask to see again, and options of a select."""

Row = TypeVar("Row", bound=Model)


class Text(forms.CharField):
    """A text that is cut if it is too long."""

    def __init__(self, *, longest: int = 300, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)
        self.longest = longest

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value))[: self.longest]


class Number(forms.RegexField):
    """A whole number as text, since 0 is not an empty field."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^\d{1,18}$", required=False, **kwargs)


class Search(Text):
    """The words to search for."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


def querystring(values: Mapping[str, object]) -> str:
    """``?…`` of the values that are not empty; nothing where all are."""
    text = urlencode({name: value for name, value in values.items() if value})
    return f"?{text}" if text else ""


class ListForm(forms.Form):
    """What the address of a list asks for. Each field is empty by default.

    A value that can't be used counts as none, so every address can be read: see ``read``.
    """

    url_name: ClassVar[str]
    everything: ClassVar[tuple[str, ...]] = ("cursor",)
    """Fields that don't narrow the list."""
    place: ClassVar[tuple[str, ...]] = ("cursor",)
    """Fields for the place in the list; they are reset by another filter or order."""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> Self:
        """A form whose ``cleaned_data`` has every field."""
        form = cls(query)
        form.full_clean()
        return form

    def clean(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}

    @property
    def narrowed(self) -> bool:
        """Whether a filter narrows the list."""
        return any(self.cleaned_data[name] for name in self.fields if name not in self.everything)

    def values(self, **changes: object) -> dict[str, object]:
        """The values of the fields with ``changes``, which may add other parameters."""
        if changes.keys() & self.fields.keys() - set(self.place):
            changes = dict.fromkeys(self.place, "") | changes
        return {name: value for name, value in (self.cleaned_data | changes).items() if value}

    @property
    def kept(self) -> list[tuple[str, object]]:
        """The values that a new search keeps, as hidden fields."""
        return list(self.values(q="").items())

    def querystring(self, **changes: object) -> str:
        """``values`` as a query string, with its question mark, or nothing."""
        return querystring(self.values(**changes))

    @cached_property
    def path(self) -> str:
        """The address of the list without a query."""
        return reverse(self.url_name)

    def href(self, **changes: object) -> str:
        """The list that ``values`` ask for."""
        return self.path + self.querystring(**changes)

    @classmethod
    def link(cls, **values: object) -> str:
        """The list that these values alone ask for."""
        return reverse(cls.url_name) + querystring(values)

    def replace(self, **changes: object) -> Self:
        """The form that ``values`` would fill."""
        return self.read(self.values(**changes))

    def select(
        self, name: str, nothing: str, choices: Iterable[tuple[str, str]]
    ) -> forms.BoundField:
        """A field as a select that offers ``nothing``, the ``choices`` and the chosen value."""
        options, chosen = [("", nothing), *choices], self.cleaned_data[name]
        if chosen not in dict(options):
            options.append((chosen, chosen))
        self.fields[name].widget = forms.Select(choices=options)
        return self[name]


@dataclass(frozen=True)
class Choice:
    """A link to a list; ``on`` if it is the current one. ``key`` identifies it."""

    label: str
    href: str
    on: bool = False
    key: str = ""
    count: str = ""


def chips(filters: ListForm, labels: Mapping[str, str]) -> tuple[Choice, ...]:
    """The active filters, each with its label and a link to the list without it."""
    return tuple(
        Choice(label, filters.href(**{name: ""}), on=True)
        for name, label in labels.items()
        if filters.cleaned_data[name]
    )


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of a list. ``new`` ones have come and wait to be asked for. ``cursor`` is that of the
    next page, empty for none.
    """

    rows: list[Row]
    new: list[Row]
    cursor: str


FIRST: tuple[datetime | None, int] = (None, 0)


@dataclass(frozen=True)
class Keyset:
    """An order by time, then by number, and its pages.

    A cursor is the time and the number of the row that a page follows. One that can't be read is
    that of the first page. ``nulls_last``: rows without a time follow all others.
    """

    time: str
    number: str = "id"
    ascending: bool = False
    nulls_last: bool = False

    def cursor(self, row: Model) -> str:
        """The cursor of the page after ``row``."""
        at = getattr(row, self.time)
        return f"{at.isoformat() if at else ''}_{getattr(row, self.number)}"

    def sorted(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """``rows`` in this order."""
        if self.nulls_last:
            return rows.order_by(F(self.time).asc(nulls_last=True), self.number)
        sign = "" if self.ascending else "-"
        return rows.order_by(f"{sign}{self.time}", f"{sign}{self.number}")

    def after(self, rows: QuerySet[Row], cursor: str) -> QuerySet[Row]:
        """The ``rows`` after the cursor, in this order."""
        at, number = _read(cursor)
        further = "gt" if self.ascending else "lt"
        behind = Q(**{f"{self.number}__{further}": number})
        if at is not None and self.nulls_last:
            same, later = Q(**{self.time: at}), Q(**{f"{self.time}__{further}": at})
            rows = rows.filter(later | same & behind | Q(**{f"{self.time}__isnull": True}))
        elif at is not None:
            # The bound by itself: an index walk begins there.
            rows = rows.filter(**{f"{self.time}__{further}e": at})
            rows = rows.filter(Q(**{f"{self.time}__{further}": at}) | behind)
        elif self.nulls_last and number:
            rows = rows.filter(behind, **{f"{self.time}__isnull": True})
        return self.sorted(rows)

    def page(self, fresh: Sequence[Row], shown: Sequence[Row] = ()) -> Page[Row]:
        """Of the rows from a page's first one on, one more than it holds where others follow.

        Rows that are ``shown`` already stay as they are, and others are new.
        """
        rows = list(shown or fresh[:PAGE])
        new = _arrivals(fresh, shown) if shown else []
        return Page(rows, new, self.cursor(rows[-1]) if len(fresh) > PAGE else "")

    def holds(self, row: Model, after: str, until: str) -> bool:
        """Whether the row is after the cursor ``after`` and not after ``until``."""
        here = self._place(*_read(self.cursor(row)))
        first, last = _read(after), _read(until)
        behind = first == FIRST or self._place(*first) < here
        return behind and (last == FIRST or here <= self._place(*last))

    def _place(self, at: datetime | None, number: int) -> tuple[bool, float, int]:
        sign = 1 if self.ascending else -1
        return at is None, sign * (at.timestamp() if at else 0), sign * number


def _read(cursor: str) -> tuple[datetime | None, int]:
    text, _, number = cursor.rpartition("_")
    try:
        at = parse_datetime(text) if text else None
        place = at and at.astimezone(UTC), int(number or 0)
    except (ValueError, OverflowError):
        return FIRST
    naive = at is not None and at.tzinfo is None
    return FIRST if naive or abs(place[1]) >= 2**63 else place


def _arrivals(fresh: Sequence[Row], shown: Sequence[Row]) -> list[Row]:
    """Those of ``fresh`` that are new to a page that shows ``shown``.

    A row that moves up onto a full page because one above it has left is not new.
    """
    shown_ids = {row.pk for row in shown}
    upto = [index for index, row in enumerate(fresh) if row.pk in shown_ids]
    last = fresh[: upto[-1] + 1] if upto and len(shown) >= PAGE else fresh[:PAGE]
    return [row for row in last if row.pk not in shown_ids]


@dataclass(frozen=True)
class Shown:
    """The numbers of the rows that a page shows, in its order; empty when a page opens."""

    ids: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Shown":
        """Parse ``12.7.5``, without what is not a number."""
        parts = text.split(".")[:MOST]
        return cls(tuple(int(part) for part in parts if part.isdecimal() and len(part) < 19))


def numbers(rows: Iterable[Model]) -> str:
    """The numbers of the rows, as ``Shown.read`` parses them."""
    return ".".join(str(row.pk) for row in rows)


def found_by(*walks: QuerySet[Any]) -> QuerySet[Any]:
    """The rows of all ``walks``, each ordered and cut: in no order, each once.

    A condition that joins the walks by OR would make PostgreSQL read the whole table, and a union
    of them as they are is not SQLite's: it orders and cuts inside no union.
    """
    rows = walks[0].model._default_manager.all()
    parts = [rows.filter(pk__in=walk.values("pk")).values("pk") for walk in walks]
    return rows.filter(pk__in=parts[0].union(*parts[1:], all=True))
