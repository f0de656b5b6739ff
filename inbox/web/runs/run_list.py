"""A reviewer's list of runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction, Run, Upstream
from inbox.people.names import names_of
from inbox.web.ui.groups import group_names
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import Deadline, deadline, span
from inbox.web.ui.words import RUN_STATUSES, UNNAMED, run_status, short_id

PAGE = 50


@dataclass(frozen=True)
class RunFilters:
    """What the query string asks for. ``status`` is empty, ``open`` or a ``Run.state``."""

    status: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "RunFilters":
        """Read a query string."""
        return cls(str(query.get("status") or "")[:40], str(query.get("cursor") or "")[:100])

    def href(self, **changes: str) -> str:
        """The list with some of it changed, from its first page."""
        said = {"status": self.status, **changes}
        text = urlencode({key: value for key, value in said.items() if value})
        return reverse("runs") + (f"?{text}" if text else "")


@dataclass(frozen=True)
class Asks:
    """A question that a run waits for, as far as the viewer may see it."""

    href: str
    title: str
    whom: str
    face: Face | None
    deadline: Deadline | None


@dataclass(frozen=True)
class RunRow:
    """One run of the table."""

    id: str
    href: str
    workflow: str
    number: str
    outside: str
    status: str
    state: str
    since: str
    age: str
    started_by: Face | None
    asks: tuple[Asks, ...]

    @property
    def deadline(self) -> Deadline | None:
        """The soonest of what the run waits for."""
        limits = [ask.deadline for ask in self.asks if ask.deadline is not None]
        return min(limits, key=lambda limit: limit.at, default=None)


@dataclass(frozen=True)
class RunChoice:
    """A status to filter by."""

    label: str
    href: str
    on: bool


@dataclass(frozen=True)
class RunList:
    """The table as ``runs/_list.html`` shows it."""

    filters: RunFilters
    rows: tuple[RunRow, ...]
    choices: tuple[RunChoice, ...]
    here: str
    next_href: str
    first_href: str


def run_list(viewer: Viewer, upstream: Upstream, filters: RunFilters, now: datetime) -> RunList:
    """Read one page of the runs that the viewer may open, newest first. Four queries."""
    rows = access.listed_runs(viewer, upstream)
    if filters.status == "open":
        rows = rows.filter(finished__in=(False,))
    elif filters.status:
        rows = rows.filter(state=filters.status)
    at, before = _read(filters.cursor)
    if at is not None:
        rows = rows.filter(created_at__lte=at).filter(Q(created_at__lt=at) | Q(id__lt=before))
    found = list(rows.defer("raw", "plan", "inputs").order_by("-created_at", "-id")[: PAGE + 1])
    page = found[:PAGE]
    waits = _waits(viewer, upstream, [run.mobius_id for run in page])
    ids = {run.started_by for run in page} | {
        id_ for items in waits.values() for item in items for id_ in (item.target_id,)
    }
    people = People(names_of(ids), viewer.mobius_id)
    groups = _groups(upstream, waits)
    cursor = f"{page[-1].created_at.isoformat()}_{page[-1].pk}" if len(found) > PAGE else ""
    return RunList(
        filters=filters,
        rows=tuple(_row(run, waits.get(run.mobius_id, []), people, groups, now) for run in page),
        choices=_choices(filters),
        here=filters.href(cursor=filters.cursor),
        next_href=filters.href(cursor=cursor) if cursor else "",
        first_href=filters.href() if filters.cursor else "",
    )


def _read(cursor: str) -> tuple[datetime | None, int]:
    text, _, number = cursor.rpartition("_")
    try:
        at, before = (parse_datetime(text) if text else None), int(number or 0)
    except ValueError:
        return None, 0
    return (None, 0) if at is not None and at.tzinfo is None else (at, before)


def _waits(viewer: Viewer, upstream: Upstream, run_ids: list[str]) -> dict[str, list[Interaction]]:
    waits: dict[str, list[Interaction]] = {}
    pending = access.interactions(viewer, upstream).filter(run_id__in=run_ids, status="pending")
    for item in pending.defer("raw", "context", "message", "search").order_by("id"):
        if item.run_id is not None:
            waits.setdefault(item.run_id, []).append(item)
    return waits


def _groups(upstream: Upstream, waits: Mapping[str, list[Interaction]]) -> dict[str, str]:
    wanted = {i.target_id for items in waits.values() for i in items if i.target_type == "group"}
    return group_names(upstream, wanted)


def _row(
    run: Run, items: list[Interaction], people: People, groups: Mapping[str, str], now: datetime
) -> RunRow:
    return RunRow(
        id=run.mobius_id,
        href=run.get_absolute_url(),
        workflow=run.workflow,
        number=short_id(run.mobius_id),
        outside=run.external_id or "",
        status=run.status,
        state=run.state,
        since=span((now - run.status_since).total_seconds()),
        age=span(((run.ended_at or now) - run.created_at).total_seconds()),
        started_by=people.face(run.started_by) if run.started_by else None,
        asks=tuple(_asks(item, people, groups, now) for item in items),
    )


def _asks(item: Interaction, people: People, groups: Mapping[str, str], now: datetime) -> Asks:
    direct = item.target_type == "user"
    group = groups.get(item.target_id, item.target_id) or UNNAMED
    return Asks(
        href=item.get_absolute_url(),
        title=item.display_title,
        whom=people.name(item.target_id) if direct else group,
        face=people.face(item.target_id) if direct else None,
        deadline=deadline(item.due_at, item.expires_at, now, soft=item.soft),
    )


def _choices(filters: RunFilters) -> tuple[RunChoice, ...]:
    shown = [("All", ""), ("Not finished", "open")]
    shown += [(run_status(state).label, state) for state in RUN_STATUSES]
    return tuple(
        RunChoice(words, RunFilters(key).href(), filters.status == key) for words, key in shown
    )
