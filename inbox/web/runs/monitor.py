from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Decision, Interaction, Run, SavedView, Upstream
from inbox.web.questions.endings import Ending, entries_of, run_ending
from inbox.web.runs.counts import MonitorCounts, monitor_counts
from inbox.web.ui.answers import progress, progress_text
from inbox.web.ui.labels import RUN_STATUSES, UNNAMED, listed, run_status
from inbox.web.ui.lists import PAGE, Choice, Counter, chips, numbers
from inbox.web.ui.live_run import sleeps_until
from inbox.web.ui.people import Face, People
from inbox.web.ui.run_queries import (
    AGES,
    OPEN,
    SORTS,
    RunFilters,
    page_of,
    runs_of,
    statuses,
)
from inbox.web.ui.saved_views import changed_view, form_link, open_view
from inbox.web.ui.scopes import question_path
from inbox.web.ui.when import deadline, moment, span

FACES = 3
WAIT_COLUMNS = (
    "mobius_id",
    "run_id",
    "title",
    "target_type",
    "target_id",
    "group_id",
    "policy",
    "responses",
    "members",
    "claimed_by",
    "due_at",
    "soft",
    "expires_at",
)
"""Columns of a question that a run waits for."""


def monitor(
    viewer: Viewer, upstream: Upstream, filters: RunFilters, now: datetime, *, shown: Sequence[int]
) -> dict[str, Any]:
    """``shown`` rows keep their order; new ones wait until the viewer asks for them."""
    cleaned = filters.cleaned_data
    order_label, order = SORTS[cleaned["sort"]]
    fresh = list(page_of(viewer, upstream, filters, order, now))
    page = order.page(fresh, runs_of(viewer, upstream, shown))
    waits = _waits(viewer, upstream, page.rows)
    alone = [run for run in page.rows if run.status == "suspended" and run.mobius_id not in waits]
    prefetch_related_objects(alone, "steps")
    ended = entries_of(upstream, [run.mobius_id for run in page.rows if run.cancelled])
    wanted = _wanted(filters, page.rows, waits, ended)
    found = monitor_counts(viewer, upstream, now, **wanted)
    people = People(found.people, viewer.mobius_id)
    view = open_view(viewer, upstream, SavedView.Page.RUNS, cleaned["view"])
    return {
        "filters": filters,
        "filters_href": reverse("run-filters") + filters.querystring(cursor=""),
        "rows": [
            _row(
                run,
                waits.get(run.mobius_id, ()),
                people,
                found.groups,
                now,
                upstream=upstream,
                whole=access.sees_whole_run(viewer),
                ending=run_ending(viewer, run, ended.get(run.mobius_id, ()), people),
            )
            for run in page.rows
        ],
        "rows_words": _rows_words(len(page.rows), more=bool(page.cursor)),
        "new_words": _new_words(len(page.new)),
        "refresh_href": filters.href(shown=numbers(row.pk for row in page.rows)),
        "next_href": filters.href(cursor=page.cursor) if page.cursor else "",
        "counters": [_counter(status, filters, found) for status in RUN_STATUSES],
        "chips": _chips(filters, people, found),
        "statuses": [
            Choice(label, filters.href(status=key), key == cleaned["status"])
            for key, label in [("", _("All")), *statuses()]
        ],
        "order": _(order_label),
        "sorts": [
            Choice(_(label), filters.href(sort=key), key == cleaned["sort"])
            for key, (label, __) in SORTS.items()
        ],
        "view": view,
        "view_form": form_link(viewer, view, filters),
        "changed_view": changed_view(viewer, view, filters),
    }


def _new_words(count: int) -> str:
    if not count:
        return ""
    if count >= PAGE:
        return _("%(count)d or more new runs") % {"count": PAGE}
    return ngettext("%(count)d new run", "%(count)d new runs", count) % {"count": count}


def _rows_words(count: int, *, more: bool) -> str:
    if more:
        return _("%(count)d+ runs") % {"count": count}
    return ngettext("%(count)d run", "%(count)d runs", count) % {"count": count}


def _row(
    run: Run,
    items: Sequence[Interaction],
    people: People,
    groups: Mapping[str, str],
    now: datetime,
    *,
    upstream: Upstream,
    whole: bool,
    ending: Ending | None,
) -> dict[str, Any]:
    """``whole``: the viewer sees the run, not only these questions."""
    deadlines = [limit for item in items if (limit := deadline(item, now)) is not None]
    questions = [_question(item, people, groups) for item in items]
    return {
        "run": run,
        "lasted": span((now - run.status_since).total_seconds()),
        "started_by": people.face(run.started_by) if run.started_by else None,
        "waits": questions or _machine(upstream, run, now, whole=whole),
        "deadline": min(deadlines, key=lambda limit: limit.at, default=None),
        "failure": _failure(run) if whole and run.state == "failed" else "",
        "ending": ending,
    }


def _failure(run: Run) -> str:
    timed_out = run.error_type == "run_timeout"
    return _("Timed out") if timed_out else run.error_message or run_status(run.state).label


def _question(
    item: Interaction, people: People, groups: Mapping[str, str]
) -> dict[str, str | list[Face]]:
    """At most three ``faces``."""
    counts = progress(item)
    if item.target_type == "user":
        label, ids = people.name(item.target_id), [item.target_id]
    elif item.claimed_by:
        you, other = _("Claimed by you"), _("Claimed by %(name)s")
        label, ids = people.sentence(item.claimed_by, you, other), [item.claimed_by]
    else:
        label = groups.get(item.target_id, item.target_id) or _(UNNAMED)
        if item.asks_named_people:
            label = listed(people.objects(item.members or ()))
        ids = item.missing if counts else []
    return {
        "label": label,
        "href": question_path("interaction", item.mobius_id),
        "title": item.display_title,
        "faces": [people.face(id_) for id_ in ids[:FACES]],
        "progress": progress_text(counts),
        "icon": "groups",
    }


def awaited_signals(upstream: Upstream, run: Run) -> list[str]:
    """Without signals of questions: sending one of these would replace the answer."""
    if run.status != "suspended":
        return []
    signals = run.wait.get("signals") or () if isinstance(run.wait, dict) else ()
    if not signals:
        signals = [upstream.adapter.awaited_signal(step.raw) for step in run.steps.all()]
    names = map(str, filter(None, signals))
    return [name for name in names if not name.startswith("interaction:")]


def _machine(upstream: Upstream, run: Run, now: datetime, *, whole: bool) -> list[dict[str, str]]:
    """A signal, which only viewers of the ``whole`` run may know, or a time."""
    if signals := awaited_signals(upstream, run):
        signal = {"label": _("Signal %(name)s") % {"name": signals[0]}, "icon": "live"}
        return [signal] if whole else []
    if (until := sleeps_until(run)) is not None:
        words = _("Sleeping until %(time)s") if _sleeps(run) else _("Waiting until %(time)s")
        return [{"label": words % {"time": moment(until, now)}, "icon": "clock"}]
    return []


def _sleeps(run: Run) -> bool:
    """Without a plan only its steps tell, and the time may be a limit."""
    if run.plan != []:
        return True
    return any(step.kind == "sleep" and step.status == "suspended" for step in run.steps.all())


def _waits(viewer: Viewer, upstream: Upstream, page: Sequence[Run]) -> dict[str, list[Interaction]]:
    waits: dict[str, list[Interaction]] = {}
    ids = [run.mobius_id for run in page if not run.finished]
    pending = access.interactions(viewer, upstream).pending_of_runs(ids)
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
