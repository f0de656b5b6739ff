from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Group, Interaction, Membership, Recipient, Run, Upstream
from inbox.models.distinct import distinct_values
from inbox.models.run import RunQuerySet
from inbox.people.names import names_of
from inbox.web.ui.labels import RUN_STATUSES, run_status
from inbox.web.ui.lists import (
    MOST,
    PAGE,
    Keyset,
    ListForm,
    Number,
    OneOf,
    Search,
    Text,
    by_label,
)
from inbox.web.ui.when import AGE_HOURS, midnight

OPEN = "open"
"""A status of our own: all unfinished runs."""

AGES = {
    "today": (
        gettext_noop("since earlier today"),
        gettext_noop("In this status since earlier today"),
    ),
    "1h": (gettext_noop("over 1 h"), gettext_noop("In this status for over 1 h")),
    "4h": (gettext_noop("over 4 h"), gettext_noop("In this status for over 4 h")),
    "1d": (gettext_noop("over 1 day"), gettext_noop("In this status for over 1 day")),
    "7d": (gettext_noop("over 7 days"), gettext_noop("In this status for over 7 days")),
}
"""How long a run has been in its status, for the option and the chip."""

SORTS = {
    "": (gettext_noop("Newest first"), Keyset("created_at")),
    "oldest": (gettext_noop("Oldest first"), Keyset("created_at", ascending=True)),
    "longest": (gettext_noop("Longest in status first"), Keyset("status_since", ascending=True)),
    "changed": (gettext_noop("Recently changed first"), Keyset("status_since")),
}


class RunFilters(ListForm):
    """``status`` is ``open`` or a ``Run.state``. ``view`` is the saved view that was opened."""

    url_name = "runs"
    not_filters = ("sort", "view", "cursor")

    status = Text(label=gettext_lazy("Status"), longest=40)
    workflow = Text(label=gettext_lazy("Workflow"))
    queue = Text(label=gettext_lazy("Queue"))
    age = OneOf(AGES, label=gettext_lazy("Time in status"))
    group = Text(label=gettext_lazy("Waiting for group"))
    person = Text(label=gettext_lazy("Waiting for person"))
    q = Search(longest=100)
    sort = OneOf(SORTS)
    view = Number()
    cursor = Text()


SHOWN_TO_REVIEWERS = ("status", "cursor")
"""The other filters would reveal inputs and questions that a reviewer may not see."""


def run_filters_of(viewer: Viewer, query: Mapping[str, Any]) -> RunFilters:
    if not access.sees_whole_run(viewer):
        query = {name: query.get(name, "") for name in SHOWN_TO_REVIEWERS}
    return RunFilters.read(query)


def statuses() -> list[tuple[str, str]]:
    return [
        (OPEN, _("Not finished")),
        *((status, run_status(status).label) for status in RUN_STATUSES),
    ]


def selects(
    viewer: Viewer, upstream: Upstream, filters: RunFilters
) -> tuple[forms.BoundField, ...]:
    groups = Group.objects.filter(upstream=upstream, deleted=False).order_by("name")
    return (
        filters.select("status", _("Any status"), statuses()),
        filters.select("workflow", _("Any workflow"), _values_of(viewer, upstream, "workflow")),
        filters.select("queue", _("Any queue"), _values_of(viewer, upstream, "queue")),
        filters.select(
            "age",
            pgettext("duration", "Any time"),
            [(key, _(age)) for key, (age, _chip) in AGES.items()],
        ),
        filters.select("group", _("Any group"), groups.values_list("mobius_id", "name")[:MOST]),
        filters.select("person", _("Anyone"), _people(upstream)),
    )


def _values_of(viewer: Viewer, upstream: Upstream, column: str) -> list[tuple[str, str]]:
    rows = access.runs(viewer, upstream).not_deleted_by_index()
    return [(value, value) for value in distinct_values(rows, column, MOST)]


def _people(upstream: Upstream) -> list[tuple[str, str]]:
    members = Membership.objects.filter(group__upstream=upstream, group__deleted=False)
    recipients = Recipient.objects.filter(upstream=upstream).open_by_index()
    ids = set(members.values_list("user_id", flat=True).distinct()[:MOST])
    ids |= set(distinct_values(recipients, "user_id", MOST))
    names = names_of(upstream, ids)
    return by_label({id_: names.of(id_) for id_ in ids})


MANY = 2_000
"""With this many IDs or more, the newest of these runs are found sooner by walking all runs."""

COLUMNS = (
    "mobius_id",
    "workflow",
    "status",
    "state",
    "status_since",
    "finished",
    "attempt",
    "external_id",
    "started_by",
    "wait",
    "error_type",
    "error_message",
    "created_at",
    "completed_at",
    "updated_at",
)
"""Columns that the list shows or is sorted by."""


def page_of(
    viewer: Viewer, upstream: Upstream, filters: RunFilters, order: Keyset, now: datetime
) -> QuerySet[Run]:
    """With one row more than the page."""
    cleaned = filters.cleaned_data
    limits = _waiting_on(upstream, cleaned)
    if not access.sees_whole_run(viewer):
        limits.append(access.own_run_ids(viewer, upstream))
    few = any(ids[:MANY].count() < MANY for ids in limits)
    rows = order.after(filtered(viewer, upstream, filters, now, from_ids=few), cleaned["cursor"])
    if not few:
        # Select on the narrow columns of an index, and read full rows for this page only.
        chosen = rows.values("pk")[: PAGE + 1]
        rows = order.sorted(Run.objects.filter(pk__in=chosen))
    return rows.only(*COLUMNS)[: PAGE + 1]


def runs_of(viewer: Viewer, upstream: Upstream, ids: Sequence[int]) -> list[Run]:
    """In the order of ``ids``."""
    if not ids:
        return []
    rows = access.runs(viewer, upstream).filter(pk__in=ids).only(*COLUMNS)
    place = {pk: index for index, pk in enumerate(ids)}
    return sorted(rows, key=lambda run: place[run.pk])


def filtered(
    viewer: Viewer,
    upstream: Upstream,
    filters: RunFilters,
    now: datetime,
    *,
    from_ids: bool = True,
) -> QuerySet[Run]:
    """``from_ids``: start from the few runs that can match, instead of walking an index of all."""
    cleaned = filters.cleaned_data
    rows = access.listed_runs(viewer, upstream)
    waiting = _waiting_on(upstream, cleaned)
    for ids in waiting:
        rows = rows.filter(mobius_id__in=ids)
    if from_ids and (waiting or not access.sees_whole_run(viewer)):
        rows = rows.not_deleted_without_index()
    else:
        rows = rows.not_deleted_by_index()
    if cleaned["status"] and cleaned["q"]:
        rows = _filter_status_on_search_index(rows, cleaned["status"])
    elif cleaned["status"] == OPEN:
        rows = rows.unfinished_by_index()
    elif cleaned["status"]:
        rows = rows.filter(state=cleaned["status"])
    exact = {name: cleaned[name] for name in ("workflow", "queue")}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if cleaned["age"] == "today":
        rows = rows.filter(status_since__gte=midnight(now))
    elif cleaned["age"]:
        then = now - timedelta(hours=AGE_HOURS[cleaned["age"]])
        # No newer run can match, so a walk from the newest begins there.
        rows = rows.filter(status_since__lte=then, created_at__lte=then)
    for word in cleaned["q"].lower().split():
        rows = rows.filter(search__contains=word)
    return rows


def _filter_status_on_search_index(rows: RunQuerySet, status: str) -> RunQuerySet:
    """The index with ``search`` has the status too; the status index would read every wide row."""
    if status == OPEN:
        return rows.unfinished_without_index()
    return rows.with_state_without_index(status)


def _waiting_on(upstream: Upstream, cleaned: Mapping[str, Any]) -> list[QuerySet[Any, str | None]]:
    found: list[QuerySet[Any, str | None]] = []
    if cleaned["group"]:
        of_group = Interaction.objects.filter(upstream=upstream, group_id=cleaned["group"])
        of_group = of_group.pending_by_index()
        found.append(of_group.filter(run_id__isnull=False).values_list("run_id", flat=True))
    if cleaned["person"]:
        open_to = Recipient.objects.filter(upstream=upstream, user_id=cleaned["person"])
        open_to = open_to.open_by_index()
        found.append(open_to.filter(run_id__isnull=False).values_list("run_id", flat=True))
    return found
