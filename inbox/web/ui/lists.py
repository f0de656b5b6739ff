import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import urlencode

from django import forms
from django.db.models import BooleanField, Case, F, Model, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.functional import cached_property

from inbox.lib.instants import read_instant

PAGE = 50
"""Rows per page."""
MOST = 200
"""The most rows that a page may refresh, and the most options of a select."""

Row = TypeVar("Row", bound=Model)


class SharesWidget(forms.Field):
    """Fields share their widgets: every form copies its fields, and copying widgets takes time.
    ``ListForm.select`` gives a field another widget and never changes one.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copy(self)


class Text(SharesWidget, forms.CharField):
    def __init__(self, *, longest: int = 300, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)
        self.longest = longest

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value))[: self.longest]


class Number(SharesWidget, forms.RegexField):
    """A whole number as text, so that 0 is not empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^\d{1,18}$", required=False, **kwargs)


class Search(Text):
    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


class OneOf(SharesWidget):
    """Empty or one of the ``values``. Not a ``ChoiceField``: each form would copy its choices."""

    def __init__(self, values: Iterable[str], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.values = frozenset(values)

    def to_python(self, value: Any) -> str:
        return value if value in self.values else ""


def querystring(values: Mapping[str, object]) -> str:
    text = urlencode({name: value for name, value in values.items() if value})
    return f"?{text}" if text else ""


class ListForm(forms.Form):
    """A value that can't be used counts as empty, so every address can be read."""

    url_name: ClassVar[str]
    not_filters: ClassVar[tuple[str, ...]] = ("cursor",)
    """Fields that don't narrow the list."""
    place: ClassVar[tuple[str, ...]] = ("cursor",)
    """Fields for the position in the list; another filter or order resets them."""

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
        return any(self.cleaned_data[name] for name in self.fields if name not in self.not_filters)

    def values(self, **changes: object) -> dict[str, object]:
        if changes.keys() & self.fields.keys() - set(self.place):
            changes = dict.fromkeys(self.place, "") | changes
        return {name: value for name, value in (self.cleaned_data | changes).items() if value}

    @property
    def kept(self) -> list[tuple[str, object]]:
        """For the hidden fields of a search."""
        return list(self.values(q="").items())

    def beside(self, fields: Iterable[forms.BoundField]) -> list[tuple[str, object]]:
        own = {field.name for field in fields}
        values = self.values(**dict.fromkeys(self.place, ""))
        return [(name, value) for name, value in values.items() if name not in own]

    def querystring(self, **changes: object) -> str:
        return querystring(self.values(**changes)) if changes else self._unchanged

    @cached_property
    def _unchanged(self) -> str:
        """Cached: each row of the list has it."""
        return querystring(self.values())

    def query(self, **changes: object) -> str:
        return self.querystring(**changes).removeprefix("?")

    @cached_property
    def path(self) -> str:
        return reverse(self.url_name)

    def href(self, **changes: object) -> str:
        return self.path + self.querystring(**changes)

    @property
    def first_href(self) -> str:
        """Empty on the first page."""
        return self.href(cursor="") if self.cleaned_data["cursor"] else ""

    @classmethod
    def link(cls, **values: object) -> str:
        return reverse(cls.url_name) + querystring(values)

    def replace(self, **changes: object) -> Self:
        return self.read(self.values(**changes))

    def select(
        self, name: str, nothing: str, choices: Iterable[tuple[str, str]]
    ) -> forms.BoundField:
        options, chosen = [("", nothing), *choices], self.cleaned_data[name]
        if chosen not in dict(options):
            options.append((chosen, chosen))
        self.fields[name].widget = forms.Select(choices=options)
        return self[name]


def by_label(options: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(options.items(), key=lambda option: option[1].casefold())


@dataclass(frozen=True)
class Choice:
    label: str
    href: str
    on: bool = False
    key: str = ""
    count: str = ""


@dataclass(frozen=True)
class Counter:
    """``tone`` is the class of its icon."""

    key: str
    label: str
    icon: str
    tone: str
    figure: str
    small: str
    href: str
    on: bool


def chips(filters: ListForm, labels: Mapping[str, str]) -> tuple[Choice, ...]:
    """Active filters, each with a link to the list without it."""
    return tuple(
        Choice(label, filters.href(**{name: ""}), on=True)
        for name, label in labels.items()
        if filters.cleaned_data[name]
    )


@dataclass(frozen=True)
class Page(Generic[Row]):
    """``new`` rows wait until the viewer asks for them. ``cursor`` is empty on the last page."""

    rows: list[Row]
    new: list[Row]
    cursor: str


@dataclass(frozen=True)
class Position:
    texts: tuple[str | None, ...] = ()
    at: datetime | None = None
    number: int = 0


@dataclass(frozen=True)
class Keyset:
    """By time, then by number.

    A cursor is the time and number of the row before a page; one that can't be read means the first
    page. ``texts`` are columns that come before the time; rows without one come last, as with
    ``nulls_last`` those without a time.
    """

    time: str
    number: str = "id"
    ascending: bool = False
    nulls_last: bool = False
    texts: tuple[str, ...] = ()

    def cursor(self, row: Model) -> str:
        at = getattr(row, self.time)
        place = f"{at.isoformat() if at else ''}_{getattr(row, self.number)}"
        if not self.texts:
            return place
        return json.dumps([*(getattr(row, name) for name in self.texts), place], ensure_ascii=False)

    def sorted(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        texts = [F(name).asc(nulls_last=True) for name in self.texts]
        if self.nulls_last:
            return rows.order_by(*texts, F(self.time).asc(nulls_last=True), self.number)
        sign = "" if self.ascending else "-"
        return rows.order_by(*texts, f"{sign}{self.time}", f"{sign}{self.number}")

    def after(self, rows: QuerySet[Row], cursor: str) -> QuerySet[Row]:
        return self.sorted(rows.filter(self._behind(cursor)))

    def page(self, fresh: Sequence[Row], shown: Sequence[Row] = ()) -> Page[Row]:
        """``fresh`` has one row more if others follow. Rows that are not in ``shown`` are new."""
        rows = list(shown or fresh[:PAGE])
        new = _arrivals(fresh, shown) if shown else []
        return Page(rows, new, self.cursor(rows[-1]) if len(fresh) > PAGE else "")

    def between(self, after: str, until: str) -> Case:
        """Excludes ``after``, includes ``until``; by the database's own order of texts."""
        too_far, behind = self._behind(until), self._behind(after)
        whens = [When(too_far, then=Value(False))] if too_far else []
        if behind:
            whens.append(When(behind, then=Value(True)))
        return Case(*whens, default=Value(not behind), output_field=BooleanField())

    def _behind(self, cursor: str) -> Q:
        """Empty for the first page."""
        position = self._read(cursor)
        if position is None:
            return Q()
        behind = self._later(position)
        for name, text in reversed(list(zip(self.texts, position.texts, strict=True))):
            none = Q(**{f"{name}__isnull": True})
            if text is None:
                behind = none & behind
            else:
                behind = Q(**{f"{name}__gt": text}) | none | Q(**{name: text}) & behind
        return behind

    def _later(self, position: Position) -> Q:
        further = "gt" if self.ascending else "lt"
        behind = Q(**{f"{self.number}__{further}": position.number})
        if position.at is None:
            return Q(**{f"{self.time}__isnull": True}) & behind
        later = Q(**{f"{self.time}__{further}": position.at})
        if self.nulls_last:
            same = Q(**{self.time: position.at})
            return later | same & behind | Q(**{f"{self.time}__isnull": True})
        # The bound by itself: an index walk begins there.
        return Q(**{f"{self.time}__{further}e": position.at}) & (later | behind)

    def _read(self, cursor: str) -> Position | None:
        try:
            texts, cursor = self._texts(cursor)
            text, _, number = cursor.rpartition("_")
            position = Position(texts, read_instant(text), int(number or 0))
        except (ValueError, RecursionError):
            return None
        without_time = self.nulls_last and not text and position.number
        nowhere = position.at is None and not without_time
        unusable = nowhere or abs(position.number) >= 2**63
        return None if unusable else position

    def _texts(self, cursor: str) -> tuple[tuple[str | None, ...], str]:
        """Returns the rest too. Raises ``ValueError``."""
        if not self.texts:
            return (), cursor
        parts = json.loads(cursor)
        if not isinstance(parts, list) or len(parts) != len(self.texts) + 1:
            raise ValueError("a cursor of another order")
        *texts, rest = parts
        if not isinstance(rest, str) or any(not isinstance(text, str | None) for text in texts):
            raise ValueError("not texts")
        known = "".join(text or "" for text in texts)
        if "\0" in known:
            raise ValueError("not a text of the database")
        known.encode()  # raises for half of a surrogate pair
        return tuple(texts), rest


def _arrivals(fresh: Sequence[Row], shown: Sequence[Row]) -> list[Row]:
    """A row that moves up onto a full page because another has left is not new."""
    shown_ids = {row.pk for row in shown}
    upto = [index for index, row in enumerate(fresh) if row.pk in shown_ids]
    last = fresh[: upto[-1] + 1] if upto and len(shown) >= PAGE else fresh[:PAGE]
    return [row for row in last if row.pk not in shown_ids]


def numbers(pks: Iterable[int]) -> str:
    """The numbers of the rows that a page shows: ``12.7.5``."""
    return ".".join(map(str, pks))


def numbers_together(pks: Sequence[int]) -> str:
    """For *Dismiss all*; empty where *Dismiss* is enough."""
    return numbers(pks) if len(pks) > 1 else ""


def read_numbers(text: str) -> list[int]:
    """Skips what is not a number."""
    parts = text.split(".")[:MOST]
    return [int(part) for part in parts if part.isdecimal() and len(part) < 19]


def union_of_slices(*slices: QuerySet[Any]) -> QuerySet[Any]:
    """Without duplicates, unordered. A condition that joins the slices by OR would make PostgreSQL
    read the whole table, and SQLite allows no order or limit inside a union.
    """
    rows = slices[0].model._default_manager.all()
    parts = [rows.filter(pk__in=part.values("pk")).values("pk") for part in slices]
    return rows.filter(pk__in=parts[0].union(*parts[1:], all=True))
