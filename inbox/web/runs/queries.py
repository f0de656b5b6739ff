"""What the address of the run monitor asks for, and the queries that list those runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction, Recipient, Run, Upstream
from inbox.web.ui.when import midnight

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
    "changed": Sort("Recently changed first", "status_since", ascending=False),
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


PAGE = 50
WIDE = ("raw", "plan", "inputs", "metadata", "search")


def page_of(viewer: Viewer, upstream: Upstream, query: RunQuery, now: datetime) -> QuerySet[Run]:
    """One page and one more, in the order that ``query`` asks for. One query."""
    narrow = _after(_filtered(viewer, upstream, query, now), query)
    column, sign = query.order.column, "" if query.order.ascending else "-"
    order = (f"{sign}{column}", f"{sign}id")
    # Chosen by the narrow columns that an index holds; the wide rows are read of these alone.
    chosen = narrow.order_by(*order).values("pk")[: PAGE + 1]
    return Run.objects.filter(pk__in=chosen).defer(*WIDE).order_by(*order)


def these(viewer: Viewer, upstream: Upstream, ids: Sequence[int]) -> list[Run]:
    """The rows with these numbers, in their order, as they are now. One query, none for none."""
    if not ids:
        return []
    rows = access.runs(viewer, upstream).filter(pk__in=ids).defer(*WIDE)
    place = {pk: index for index, pk in enumerate(ids)}
    return sorted(rows, key=lambda run: place[run.pk])


def cursor_after(run: Run, query: RunQuery) -> str:
    """Where the page behind ``run`` begins."""
    return f"{getattr(run, query.order.column).isoformat()}_{run.pk}"


def _filtered(viewer: Viewer, upstream: Upstream, query: RunQuery, now: datetime) -> QuerySet[Run]:
    # As lists: a bare boolean column would keep SQLite from its index.
    rows = access.runs(viewer, upstream).filter(gone__in=(False,))
    if query.status and query.q:
        rows = _beside_the_search(rows, query.status)
    elif query.status == OPEN:
        rows = rows.filter(finished__in=(False,))
    elif query.status:
        rows = rows.filter(state=query.status)
    exact = {name: getattr(query, name) for name in ("workflow", "queue")}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if query.age == "today":
        rows = rows.filter(status_since__gte=midnight(now))
    elif query.age:
        then = now - timedelta(hours=HOURS[query.age])
        # No younger run can match: a walk from the newest begins there.
        rows = rows.filter(status_since__lte=then, created_at__lte=then)
    for waiting in _waiting_on(upstream, query):
        rows = rows.filter(mobius_id__in=waiting)
    for word in query.q.lower().split():
        rows = rows.filter(search__contains=word)
    return rows


def _beside_the_search(rows: QuerySet[Run], status: str) -> QuerySet[Run]:
    """The status told so that no index is looked up by it: the walk that holds ``search`` holds
    the status too, and one along the status would read every wide row.
    """
    if status == OPEN:
        over = Coalesce(F("finished"), Value(True))
        return rows.alias(over=over).filter(over__in=(False,))
    return rows.alias(said=Coalesce(F("state"), Value(""))).filter(said=status)


def _waiting_on(upstream: Upstream, query: RunQuery) -> list[QuerySet[Any]]:
    """The run ids that wait for the group, and those that wait for the person."""
    found: list[QuerySet[Any]] = []
    if query.group:
        asked = Interaction.objects.filter(
            upstream=upstream, group_id=query.group, status="pending", gone__in=(False,)
        )
        found.append(asked.filter(run_id__isnull=False).values("run_id"))
    if query.person:
        open_to = Recipient.objects.filter(
            upstream=upstream, user_id=query.person, open__in=(True,)
        )
        found.append(
            open_to.filter(interaction__run_id__isnull=False).values("interaction__run_id")
        )
    return found


def _after(rows: QuerySet[Run], query: RunQuery) -> QuerySet[Run]:
    text, _, number = query.cursor.rpartition("_")
    try:
        at, pk = (parse_datetime(text) if text else None), int(number or 0)
    except ValueError:
        return rows
    if at is None or at.tzinfo is None or abs(pk) >= 2**63:
        return rows
    column, further = query.order.column, "gt" if query.order.ascending else "lt"
    behind = Q(**{f"{column}__{further}": at}) | Q(**{f"id__{further}": pk})
    return rows.filter(**{f"{column}__{further}e": at}).filter(behind)
