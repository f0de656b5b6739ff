"""The filters of *Runs* and their options."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from inbox import access
from inbox.access import Viewer
from inbox.models import Group, Membership, Recipient, Upstream
from inbox.people.names import names_of
from inbox.web.ui.lists import MOST, Keyset, ListForm, Number, OneOf, Search, Text, by_label
from inbox.web.ui.words import RUN_STATUSES, run_status

OPEN = "open"
"""A status of our own: all unfinished runs."""

AGES = {
    "today": (gettext_noop("since today"), gettext_noop("In this status since today")),
    "1h": (gettext_noop("over 1 h"), gettext_noop("In this status for over 1 h")),
    "4h": (gettext_noop("over 4 h"), gettext_noop("In this status for over 4 h")),
    "1d": (gettext_noop("over 1 day"), gettext_noop("In this status for over 1 day")),
    "7d": (gettext_noop("over 7 days"), gettext_noop("In this status for over 7 days")),
}
"""How long a run has been in its status, for the option and the chip; ``today``: since some time
today.
"""

SORTS = {
    "": (gettext_noop("Newest first"), Keyset("created_at")),
    "oldest": (gettext_noop("Oldest first"), Keyset("created_at", ascending=True)),
    "longest": (gettext_noop("Longest in status first"), Keyset("status_since", ascending=True)),
    "changed": (gettext_noop("Recently changed first"), Keyset("status_since")),
}


class RunFilters(ListForm):
    """``status`` is ``open`` or a ``Run.state``, ``group`` and ``person`` are Mobius ids. ``view``
    is the number of the saved view that was opened, even after its filters have changed.
    """

    url_name = "runs"
    everything = ("sort", "view", "cursor")

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
    """The filters in the query that the viewer may use."""
    if not access.sees_whole_run(viewer):
        query = {name: query.get(name, "") for name in SHOWN_TO_REVIEWERS}
    return RunFilters.read(query)


def statuses() -> list[tuple[str, str]]:
    """Each status that runs can be filtered by, with its label."""
    return [
        (OPEN, _("Not finished")),
        *((status, run_status(status).label) for status in RUN_STATUSES),
    ]


def selects(
    viewer: Viewer, upstream: Upstream, filters: RunFilters
) -> tuple[forms.BoundField, ...]:
    """The filters with their choices. At most two queries each."""
    groups = Group.objects.filter(upstream=upstream, gone=False).order_by("name")
    return (
        filters.select("status", _("Any status"), statuses()),
        filters.select("workflow", _("Any workflow"), _values_of(viewer, upstream, "workflow")),
        filters.select("queue", _("Any queue"), _values_of(viewer, upstream, "queue")),
        filters.select("age", _("Any time"), [(key, _(age)) for key, (age, _chip) in AGES.items()]),
        filters.select("group", _("Any group"), groups.values_list("mobius_id", "name")[:MOST]),
        filters.select("person", _("Anyone"), _people(upstream)),
    )


def _values_of(viewer: Viewer, upstream: Upstream, column: str) -> list[tuple[str, str]]:
    rows = access.runs(viewer, upstream).filter(gone__in=(False,)).order_by(column)
    return [
        (value, value) for value in rows.values_list(column, flat=True).distinct()[:MOST] if value
    ]


def _people(upstream: Upstream) -> list[tuple[str, str]]:
    """People who are in a group or have an open question."""
    members = Membership.objects.filter(group__upstream=upstream, group__gone=False)
    recipients = Recipient.objects.filter(upstream=upstream, open__in=(True,)).order_by()
    ids = set(members.values_list("user_id", flat=True).distinct()[:MOST])
    ids |= set(recipients.values_list("user_id", flat=True).distinct()[:MOST])
    return by_label(names_of(ids))
