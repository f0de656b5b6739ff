"""What the address of *Insights* says: which days, and whose."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

SPANS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year"}
USUAL = "30"
LONGEST = 1096
"""Days."""


@dataclass(frozen=True)
class Query:
    """``span`` is a key of ``SPANS``, or empty where ``first`` and ``last`` were chosen by hand.

    ``adjusted``: the days are not those that were asked for, which are none, are to come, too many
    or in the wrong order. The rest are empty for all: ``person`` is a Mobius user id.
    """

    span: str
    first: date
    last: date
    workflow: str = ""
    type: str = ""
    group: str = ""
    person: str = ""
    adjusted: bool = False

    @classmethod
    def read(cls, told: Mapping[str, Any], today: date, *, by_person: bool = True) -> "Query":
        """Read a query string; what it does not know is left out, what is to come is cut off."""
        names = ("workflow", "type", "group", *(["person"] if by_person else []))
        chosen = {name: str(told.get(name) or "")[:300] for name in names}
        asked = [told.get("from") or None, told.get("to") or None]
        days = [_day(one) for one in asked]
        if any(days):
            last = min(days[1] or today, today)
            first = min(days[0] or last, today)
            first, last = min(first, last), max(first, last)
            first = max(first, last - timedelta(days=LONGEST - 1))
            right = [first.isoformat(), last.isoformat()]
            adjusted = any(a and a != b for a, b in zip(asked, right, strict=True))
            return cls("", first, last, **chosen, adjusted=adjusted)
        span = str(told.get("span") or "")
        span = span if span in SPANS else USUAL
        first = today - timedelta(days=int(span) - 1)
        return cls(span, first, today, **chosen, adjusted=any(asked))

    @property
    def days(self) -> list[date]:
        """Each day of the span."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def narrowed(self) -> bool:
        """Not everything is counted."""
        return bool(self.workflow or self.type or self.group or self.person)

    def text(self) -> str:
        """The query string, without its question mark."""
        days = (
            {"span": self.span}
            if self.span
            else {"from": self.first.isoformat(), "to": self.last.isoformat()}
        )
        rest = {name: getattr(self, name) for name in ("workflow", "type", "group", "person")}
        return urlencode(days | {name: value for name, value in rest.items() if value})

    def spanning(self, span: str) -> "Query":
        """The same of other days."""
        return replace(self, span=span)

    def everything(self) -> "Query":
        """The same days, of everybody."""
        return replace(self, workflow="", type="", group="", person="")


def _day(told: object) -> date | None:
    try:
        return date.fromisoformat(str(told or ""))
    except ValueError:
        return None
