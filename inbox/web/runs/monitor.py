"""The list of runs: a team lead's monitor with counters and filters, a reviewer's own runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Decision, Interaction, Run, SavedView, Upstream
from inbox.web.runs.counts import MonitorCounts, monitor_counts
from inbox.web.runs.queries import (
    AGES,
    OPEN,
    SORTS,
    RunFilters,
    page_of,
    runs_of,
    statuses,
)
from inbox.web.ui.answers import progress, progress_text
from inbox.web.ui.endings import Ending, entries_of, run_ending
from inbox.web.ui.labels import RUN_STATUSES, UNNAMED, run_status
from inbox.web.ui.lists import PAGE, Choice, Counter, chips, numbers
from inbox.web.ui.live_run import sleeps_until
from inbox.web.ui.people import Face, People
from inbox.web.ui.saved_views import ChangedView, FormLink, changed_view, form_link, open_view
from inbox.web.ui.scopes import question_path
from inbox.web.ui.when import Deadline, deadline, moment, span

FACES = 3
WAIT_COLUMNS = (
    "mobius_id",
    "run_id",
    "title",
    "target_type",
    "target_id",
    "policy",
    "responses",
    "members",
    "claimed_by",
    "due_at",
    "soft",
    "expires_at",
)
"""What the list shows of a question that a run waits for."""


@dataclass(frozen=True)
class WaitsOn:
    """A person, group, signal or time that a run waits for.

    ``faces`` are those who can answer, at most three. ``href`` is the question's address, empty if
    the run doesn't wait for a person. ``progress`` is ``2 of 5`` if several people must answer.
    """

    label: str
    href: str = ""
    title: str = ""
    faces: tuple[Face, ...] = ()
    progress: str = ""
    icon: str = ""
    deadline: Deadline | None = None


@dataclass(frozen=True)
class MonitorRow:
    """``lasted``: how long the run is in its status. ``failure`` is why it failed, ``ending`` who
    cancelled it.
    """

    run: Run
    lasted: str
    started_by: Face | None
    waits: tuple[WaitsOn, ...]
    failure: str
    ending: Ending | None

    @property
    def deadline(self) -> Deadline | None:
        """The earliest deadline of its questions."""
        limits = [wait.deadline for wait in self.waits if wait.deadline is not None]
        return min(limits, key=lambda limit: limit.at, default=None)


def monitor_row(
    run: Run,
    items: Sequence[Interaction],
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    whole: bool,
    ending: Ending | None,
) -> MonitorRow:
    """The row of a run and its open questions, for a viewer who sees the ``whole`` run or only
    these questions. No query.
    """
    questions = tuple(_waits_on(item, people, groups, now) for item in items)
    return MonitorRow(
        run=run,
        lasted=span((now - run.status_since).total_seconds()),
        started_by=people.face(run.started_by) if run.started_by else None,
        waits=questions or _machine(run, now, whole=whole),
        failure=_failure(run) if whole and run.state == "failed" else "",
        ending=ending,
    )


def _failure(run: Run) -> str:
    """Why a run failed, in a few words."""
    timed_out = run.error_type == "run_timeout"
    return _("Timed out") if timed_out else run.error_message or run_status(run.state).label


def _waits_on(
    item: Interaction, people: People, groups: Mapping[str, str], now: datetime
) -> WaitsOn:
    counts = progress(item)
    if item.target_type == "user":
        label, ids = people.name(item.target_id), [item.target_id]
    elif item.claimed_by:
        you, other = _("Claimed by you"), _("Claimed by %(name)s")
        label, ids = people.sentence(item.claimed_by, you, other), [item.claimed_by]
    else:
        label = groups.get(item.target_id, item.target_id) or _(UNNAMED)
        ids = item.missing if counts else []
    return WaitsOn(
        label=label,
        href=question_path("interaction", item.mobius_id),
        title=item.display_title,
        faces=tuple(people.face(id_) for id_ in ids[:FACES]),
        progress=progress_text(counts),
        icon="" if ids else "groups",
        deadline=deadline(item, now),
    )


def awaited_signals(run: Run) -> list[str]:
    """The signals that a run waits for, without those of its questions: sending one of these would
    replace the answer.
    """
    signals = run.wait.get("signals") or () if isinstance(run.wait, dict) else ()
    return [str(name) for name in signals if not str(name).startswith("interaction:")]


def _machine(run: Run, now: datetime, *, whole: bool) -> tuple[WaitsOn, ...]:
    """What a suspended run waits for if not for people: a signal, which only those who see the
    ``whole`` run may know, or a time.
    """
    if whole and run.status == "suspended" and (signals := awaited_signals(run)):
        return (WaitsOn(_("Signal %(name)s") % {"name": signals[0]}, icon="live"),)
    if (until := sleeps_until(run)) is not None:
        sleeping = _("Sleeping until %(time)s") % {"time": moment(until, now)}
        return (WaitsOn(sleeping, icon="clock"),)
    return ()


@dataclass(frozen=True)
class Monitor:
    """What ``runs/monitor.html`` shows.

    ``new`` rows wait until the viewer asks for them. ``statuses`` are the reviewer's filters;
    ``counters``, ``chips`` and ``sorts`` are for leads, as are the saved ``view`` that is open, and
    ``view_form``, the form to save one or to change it.
    """

    filters: RunFilters
    rows: tuple[MonitorRow, ...]
    counters: tuple[Counter, ...]
    chips: tuple[Choice, ...]
    statuses: tuple[Choice, ...]
    order: str
    sorts: tuple[Choice, ...]
    view: SavedView | None
    view_form: FormLink
    changed_view: ChangedView | None
    new: int
    refresh_href: str
    next_href: str

    @property
    def new_words(self) -> str:
        """``1 new run``, ``12 new runs``, ``50 or more new runs``."""
        if self.new >= PAGE:
            return _("%(count)d or more new runs") % {"count": PAGE}
        runs = ngettext("%(count)d new run", "%(count)d new runs", self.new)
        return runs % {"count": self.new}

    @property
    def shown_words(self) -> str:
        """``1 run``, ``50+ runs``."""
        count = len(self.rows)
        if self.next_href:
            return _("%(count)d+ runs") % {"count": count}
        return ngettext("%(count)d run", "%(count)d runs", count) % {"count": count}

    @property
    def filters_href(self) -> str:
        return reverse("run-filters") + self.filters.querystring(cursor="")


def monitor(
    viewer: Viewer, upstream: Upstream, filters: RunFilters, now: datetime, *, shown: Sequence[int]
) -> Monitor:
    """One page of the runs that the viewer may open. With ``shown``, those rows keep their order
    and are updated.

    Five queries at most, six with ``shown``: the rows, what they wait for, the counts, the names of
    people and those of groups; and one more if cancelled runs are among the rows.
    """
    order_label, order = SORTS[filters.cleaned_data["sort"]]
    fresh = list(page_of(viewer, upstream, filters, order, now))
    page = order.page(fresh, runs_of(viewer, upstream, shown))
    waits = _waits(viewer, upstream, page.rows)
    ended = entries_of(upstream, [run.mobius_id for run in page.rows if run.cancelled])
    wanted = _wanted(filters, page.rows, waits, ended)
    found = monitor_counts(viewer, upstream, now, **wanted)
    people = People(found.people, viewer.mobius_id)
    view = open_view(viewer, upstream, SavedView.Page.RUNS, filters.cleaned_data["view"])
    return Monitor(
        filters=filters,
        rows=tuple(
            monitor_row(
                run,
                waits.get(run.mobius_id, ()),
                people,
                found.groups,
                now,
                whole=access.sees_whole_run(viewer),
                ending=run_ending(viewer, run, ended.get(run.mobius_id, ()), people),
            )
            for run in page.rows
        ),
        counters=tuple(_counter(status, filters, found) for status in RUN_STATUSES),
        chips=_chips(filters, people, found),
        statuses=tuple(
            Choice(label, filters.href(status=key), key == filters.cleaned_data["status"])
            for key, label in [("", _("All")), *statuses()]
        ),
        order=_(order_label),
        sorts=tuple(
            Choice(_(label), filters.href(sort=key), key == filters.cleaned_data["sort"])
            for key, (label, __) in SORTS.items()
        ),
        view=view,
        view_form=form_link(viewer, view, filters),
        changed_view=changed_view(viewer, view, filters),
        new=len(page.new),
        refresh_href=filters.href(shown=numbers(row.pk for row in page.rows)),
        next_href=filters.href(cursor=page.cursor) if page.cursor else "",
    )


def _waits(viewer: Viewer, upstream: Upstream, page: Sequence[Run]) -> dict[str, list[Interaction]]:
    waits: dict[str, list[Interaction]] = {}
    ids = [run.mobius_id for run in page if not run.finished]
    items = access.interactions(viewer, upstream).filter(run_id__in=ids, deleted__in=(False,))
    # Coalesce keeps the database from the index of all pending questions.
    pending = items.alias(plain_status=Coalesce(F("status"), Value(""))).filter(
        plain_status="pending"
    )
    for item in pending.only(*WAIT_COLUMNS).order_by("id"):
        waits.setdefault(str(item.run_id), []).append(item)
    return waits


def _wanted(
    filters: RunFilters,
    page: Iterable[Run],
    waits: Mapping[str, list[Interaction]],
    ended: Mapping[str, list[Decision]],
) -> dict[str, set[str]]:
    people = {run.started_by for run in page} | {filters.cleaned_data["person"]}
    people |= {entry.actor for entries in ended.values() for entry in entries}
    groups = {filters.cleaned_data["group"]}
    for items in waits.values():
        for item in items:
            people |= {item.claimed_by or "", *(item.members or ())}
            (people if item.target_type == "user" else groups).add(item.target_id)
    return {"people": people - {""}, "groups": groups - {""}}


def _counter(status: str, filters: RunFilters, found: MonitorCounts) -> Counter:
    shown, notable = run_status(status), found.notable(status)
    label, figure, small, age = shown.label, found.runs(status), "", ""
    match status:
        case "running":
            figure = found.runs("running", "active")
        case "completed":
            label, age = _("%(status)s today") % {"status": label}, "today"
        case "suspended" if notable:
            small = _("%(count)s over 4 h") % {"count": notable}
        case "failed" | "cancelled" if notable:
            small = _("%(count)s today") % {"count": notable}
    return Counter(
        key=status,
        label=label,
        icon=shown.icon,
        tone="tone tone--" + status,
        figure=figure,
        small=small,
        href=RunFilters.link(status=status, age=age),
        on=(status, age) == (filters.cleaned_data["status"], filters.cleaned_data["age"]),
    )


def _chips(filters: RunFilters, people: People, found: MonitorCounts) -> tuple[Choice, ...]:
    cleaned = filters.cleaned_data
    status = cleaned["status"]
    _option, age = AGES.get(cleaned["age"], ("", ""))
    group = found.groups.get(cleaned["group"], cleaned["group"])
    waiting_on = _("Waiting for %(name)s")
    labels = {
        "status": _("Not finished") if status == OPEN else run_status(status).label,
        "workflow": cleaned["workflow"],
        "queue": _("Queue %(name)s") % {"name": cleaned["queue"]},
        "age": _(age) if age else "",
        "group": waiting_on % {"name": group},
        "person": waiting_on % {"name": people.object(cleaned["person"])},
        "q": _("“%(text)s”") % {"text": cleaned["q"]},
    }
    return chips(filters, labels)
