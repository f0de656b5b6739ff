"""The run monitor of a team lead: counters, filters, the table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from inbox.access import Viewer
from inbox.models import Decision, Interaction, Run, SavedView, Upstream
from inbox.web.runs.counts import MonitorCounts, monitor_counts
from inbox.web.runs.queries import (
    AGES,
    FILTERS,
    OPEN,
    PAGE,
    SORTS,
    RunQuery,
    cursor_after,
    page_of,
    these,
)
from inbox.web.ui.answers import progress
from inbox.web.ui.endings import Ending, entries_of, run_ending
from inbox.web.ui.lists import Chip, Shown, arrivals, numbers
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import Deadline, deadline, moment, span
from inbox.web.ui.words import RUN_STATUSES, UNNAMED, run_status, short_id

FACES = 3


@dataclass(frozen=True)
class WaitsOn:
    """Whom or what a run waits for. ``faces`` are those who could move it on, at most three.

    ``href`` leads to the question and is empty where it waits for no person. ``progress`` is
    ``2 of 5`` where several must answer.
    """

    whom: str
    href: str = ""
    title: str = ""
    faces: tuple[Face, ...] = ()
    progress: str = ""
    icon: str = ""
    deadline: Deadline | None = None


@dataclass(frozen=True)
class MonitorRow:
    """A row. Where nobody is waited for, ``said`` is why a run failed, ``ending`` who cancelled
    it.
    """

    pk: int
    id: str
    href: str
    workflow: str
    number: str
    outside: str
    status: str
    state: str
    since: datetime
    since_words: str
    started_by: Face | None
    attempt: int
    waits: tuple[WaitsOn, ...]
    said: str
    ending: Ending | None

    @property
    def deadline(self) -> Deadline | None:
        """The soonest of what the run waits for."""
        limits = [one.deadline for one in self.waits if one.deadline is not None]
        return min(limits, key=lambda limit: limit.at, default=None)


def monitor_row(
    run: Run,
    items: Sequence[Interaction],
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    ending: Ending | None,
) -> MonitorRow:
    """The row of a run and the questions that are open in it. No query."""
    asked = tuple(_asked(item, people, groups, now) for item in items)
    return MonitorRow(
        pk=run.pk,
        id=run.mobius_id,
        href=run.get_absolute_url(),
        workflow=run.workflow,
        number=short_id(run.mobius_id),
        outside=run.external_id or "",
        status=run.status,
        state=run.state,
        since=run.status_since,
        since_words=span((now - run.status_since).total_seconds()),
        started_by=people.face(run.started_by) if run.started_by else None,
        attempt=run.attempt,
        waits=asked or _machine(run, now),
        said=failure_words(run) if run.state == "failed" else "",
        ending=ending,
    )


def failure_words(run: Run) -> str:
    """Why a run failed, in a few words."""
    match run.error_type:
        case "run_timeout":
            return "Timed out"
        case _:
            return run.error_message or "Failed"


def _asked(item: Interaction, people: People, groups: Mapping[str, str], now: datetime) -> WaitsOn:
    counts = progress(item)
    if item.target_type == "user":
        whom, asked = people.name(item.target_id), [item.target_id]
    elif item.claimed_by:
        whom, asked = f"{people.name(item.claimed_by)} has claimed it", [item.claimed_by]
    else:
        whom = groups.get(item.target_id, item.target_id) or UNNAMED
        asked = item.missing if counts else []
    return WaitsOn(
        whom=whom,
        href=item.get_absolute_url(),
        title=item.display_title,
        faces=tuple(people.face(id_) for id_ in asked[:FACES]),
        progress=f"{counts[0]} of {counts[1]}" if counts else "",
        icon="" if asked else "groups",
        deadline=deadline(item.due_at, item.expires_at, now, soft=item.soft),
    )


def _machine(run: Run, now: datetime) -> tuple[WaitsOn, ...]:
    """A suspended run that waits for no person: for a signal, or for its time."""
    if run.status != "suspended" or not isinstance(run.wait, dict):
        return ()
    signals = [str(name) for name in run.wait.get("signals") or ()]
    outside = [name for name in signals if not name.startswith("interaction:")]
    if outside:
        return (WaitsOn(f"Signal {outside[0]}", icon="live"),)
    wakes = run.wait.get("wakes_at")
    at = parse_datetime(wakes) if isinstance(wakes, str) else None
    if at is not None and at.tzinfo is not None:
        return (WaitsOn(f"Sleeping until {moment(at, now)}", icon="clock"),)
    return ()


@dataclass(frozen=True)
class Counter:
    """One status of the board."""

    status: str
    label: str
    figure: int
    small: str
    href: str
    on: bool


@dataclass(frozen=True)
class SortChoice:
    """An order to choose."""

    words: str
    href: str
    on: bool


@dataclass(frozen=True)
class Monitor:
    """What ``runs/monitor.html`` shows. ``new`` rows wait to be asked for; ``more`` than can be
    counted in one page.
    """

    query: RunQuery
    rows: tuple[MonitorRow, ...]
    counters: tuple[Counter, ...]
    chips: tuple[Chip, ...]
    sorts: tuple[SortChoice, ...]
    views: tuple[SavedView, ...]
    view: SavedView | None
    rail: Mapping[str, str]
    new: int
    again: str
    next_href: str
    first_href: str

    @property
    def new_words(self) -> str:
        """``1 new run``, ``12 new runs``, ``50 or more new runs``."""
        if self.new >= PAGE:
            return f"{PAGE} or more new runs"
        return "1 new run" if self.new == 1 else f"{self.new} new runs"

    @property
    def shown_words(self) -> str:
        """``1 run``, ``50+ runs``."""
        count = len(self.rows)
        if self.next_href:
            return f"{count}+ runs"
        return "1 run" if count == 1 else f"{count} runs"

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What goes along with a new search."""
        names = (*FILTERS, "sort")
        said = ((name, getattr(self.query, name)) for name in names if name != "q")
        return tuple((name, value) for name, value in said if value)

    @property
    def filters_href(self) -> str:
        """The form of all filters."""
        return self.query.replace().href("run-filters")

    @property
    def query_text(self) -> str:
        """The filters as a query string."""
        return self.query.text(place=True)

    @property
    def here(self) -> str:
        """The list as it is filtered, from its place on."""
        return self.query.href()


def monitor(
    viewer: Viewer, upstream: Upstream, query: RunQuery, now: datetime, *, shown: Shown
) -> Monitor:
    """One page. With ``shown`` those rows stay as they stand, brought up to date.

    Three queries, with ``shown`` four: the rows, what they wait for, all else; and one more where
    cancelled runs are among the rows.
    """
    fresh = list(page_of(viewer, upstream, query, now))
    page = these(viewer, upstream, shown.ids) if shown.ids else fresh[:PAGE]
    waits = _waits(upstream, page)
    ended = entries_of(upstream, [run.mobius_id for run in page if run.cancelled])
    page_context = monitor_counts(viewer, upstream, now, **_wanted(query, page, waits, ended))
    people = People(page_context.people, viewer.mobius_id)
    follows = len(fresh) > PAGE and page
    return Monitor(
        query=query,
        rows=tuple(
            monitor_row(
                run,
                waits.get(run.mobius_id, ()),
                people,
                page_context.groups,
                now,
                ending=run_ending(viewer, run, ended.get(run.mobius_id, ()), people),
            )
            for run in page
        ),
        counters=_counters(query, page_context),
        chips=_chips(query, people, page_context),
        sorts=tuple(
            SortChoice(sort.words, query.replace(sort=key).href(), key == query.sort)
            for key, sort in SORTS.items()
        ),
        views=page_context.views,
        view=next((view for view in page_context.views if str(view.pk) == query.view), None),
        rail=page_context.rail,
        new=len(arrivals(fresh, page, page=PAGE)) if shown.ids else 0,
        again=f"{query.href()}{'&' if query.text(place=True) else '?'}shown={numbers(page)}",
        next_href=_next(query, page[-1]) if follows else "",
        first_href=RunQuery(**{**vars(query), "cursor": ""}).href() if query.cursor else "",
    )


def _next(query: RunQuery, last: Run) -> str:
    return RunQuery(**{**vars(query), "cursor": cursor_after(last, query)}).href()


def _waits(upstream: Upstream, page: Sequence[Run]) -> dict[str, list[Interaction]]:
    waits: dict[str, list[Interaction]] = {}
    ids = [run.mobius_id for run in page if not run.finished]
    asked = Interaction.objects.filter(upstream=upstream, run_id__in=ids, gone__in=(False,))
    # The status told so that few runs are looked up, not all that waits.
    pending = asked.alias(said=Coalesce(F("status"), Value(""))).filter(said="pending")
    for item in pending.defer("raw", "context", "message", "search", "questions").order_by("id"):
        waits.setdefault(str(item.run_id), []).append(item)
    return waits


def _wanted(
    query: RunQuery,
    page: Iterable[Run],
    waits: Mapping[str, list[Interaction]],
    ended: Mapping[str, list[Decision]],
) -> dict[str, set[str]]:
    people = {run.started_by for run in page} | {query.person}
    people |= {entry.actor for entries in ended.values() for entry in entries}
    groups = {query.group}
    for items in waits.values():
        for item in items:
            people |= {item.claimed_by or "", *(item.members or ())}
            (people if item.target_type == "user" else groups).add(item.target_id)
    return {"people": people - {""}, "groups": groups - {""}}


def _counters(query: RunQuery, page_context: MonitorCounts) -> tuple[Counter, ...]:
    long = page_context.count("so", "suspended")
    failed, lately = page_context.count("so", "failed"), page_context.count("so", "cancelled")
    figures = {status: page_context.count("status", status) for status in RUN_STATUSES}
    figures |= {"running": page_context.running, "completed": page_context.count("so", "completed")}
    small = {
        "suspended": f"{long} over 4 h" if long else "",
        "failed": f"{failed} today" if failed else "",
        "cancelled": f"{lately} today" if lately else "",
    }
    return tuple(
        Counter(
            status=status,
            label=label,
            figure=figures[status],
            small=small.get(status, ""),
            href=target.href(),
            on=_same(query, target),
        )
        for status in RUN_STATUSES
        if status != "cancelled" or figures[status] or query.status == status
        for label, target in (_counted(status),)
    )


def _counted(status: str) -> tuple[str, RunQuery]:
    """What the figure of a status is called, and which runs it counts."""
    label = run_status(status).label
    if status == "completed":
        return _("%(status)s today") % {"status": label}, RunQuery(status=status, age="today")
    return label, RunQuery(status=status)


def _same(query: RunQuery, other: RunQuery) -> bool:
    return (query.status, query.age) == (other.status, other.age)


def _chips(query: RunQuery, people: People, page_context: MonitorCounts) -> tuple[Chip, ...]:
    said: dict[str, Any] = {
        "status": "Not finished" if query.status == OPEN else run_status(query.status).label,
        "workflow": query.workflow,
        "queue": f"Queue {query.queue}",
        "age": f"In this status {AGES.get(query.age, '')}",
        "group": f"Waiting on {page_context.groups.get(query.group, query.group)}",
        "person": f"Waiting on {people.object(query.person)}",
        "q": f"“{query.q}”",
    }
    return tuple(
        Chip(words, query.replace(**{name: ""}).href())
        for name, words in said.items()
        if getattr(query, name)
    )
