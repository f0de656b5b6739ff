"""What the address of the run monitor says: which runs, in which order, from where on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

OPEN = "open"
"""The status that is none of the wire's: whatever is not over."""

AGES = {
    "today": "since today",
    "1h": "over 1 h",
    "4h": "over 4 h",
    "1d": "over 1 day",
    "7d": "over 7 days",
}
"""How long in its status, in words; ``today`` came into it today."""

HOURS = {"1h": 1, "4h": 4, "1d": 24, "7d": 7 * 24}


@dataclass(frozen=True)
class Sort:
    """An order: the column, and whether the smallest comes first."""

    words: str
    column: str
    ascending: bool


SORTS = {
    "": Sort("Newest first", "created_at", ascending=False),
    "oldest": Sort("Oldest first", "created_at", ascending=True),
    "longest": Sort("Longest in status first", "status_since", ascending=True),
    "changed": Sort("Last changed first", "status_since", ascending=False),
}


@dataclass(frozen=True)
class RunQuery:
    """Filters, sort and place. All empty: every run, newest first.

    ``status`` is ``open`` or a ``Run.state``, ``age`` a key of ``AGES``, ``group`` and ``person``
    are Mobius ids, ``q`` is text. ``view`` is the number of the saved view that was opened.
    """

    status: str = ""
    workflow: str = ""
    queue: str = ""
    age: str = ""
    group: str = ""
    person: str = ""
    q: str = ""
    sort: str = ""
    view: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "RunQuery":
        """Read a query string; what it does not know is left out."""
        said = {one.name: str(query.get(one.name) or "")[:300] for one in fields(cls)}
        said["q"] = " ".join(said["q"].split())[:100]
        said["status"] = said["status"][:40]
        for name, known in (("age", AGES), ("sort", SORTS)):
            if said[name] not in known:
                said[name] = ""
        if not said["view"].isdecimal() or len(said["view"]) > 15:
            said["view"] = ""
        return cls(**said)

    @property
    def narrowed(self) -> bool:
        """Something is left out of the list."""
        return any(getattr(self, name) for name in FILTERS)

    @property
    def order(self) -> Sort:
        """The order that is asked for."""
        return SORTS[self.sort]

    def text(self, *, place: bool = False) -> str:
        """What a saved view keeps; with ``place`` the cursor and the view as well."""
        names = [*FILTERS, "sort", *(["view", "cursor"] if place else [])]
        return urlencode({name: value for name in names if (value := getattr(self, name))})

    def replace(self, **changes: str) -> "RunQuery":
        """Another choice, from its first page; it is no saved view any more."""
        return replace(self, **{"cursor": "", "view": "", **changes})

    def href(self, page: str = "runs") -> str:
        """The page that shows it."""
        text = self.text(place=True)
        return reverse(page) + (f"?{text}" if text else "")


FILTERS = tuple(
    field.name for field in fields(RunQuery) if field.name not in ("sort", "view", "cursor")
)
"""What the run monitor can be filtered by: everything that there is to choose."""
