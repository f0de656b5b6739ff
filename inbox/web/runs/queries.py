"""The queries that list runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction, Recipient, Run, Upstream
from inbox.web.runs.filters import OPEN, RunFilters
from inbox.web.ui.lists import PAGE, Keyset
from inbox.web.ui.when import midnight

HOURS = {"1h": 1, "4h": 4, "1d": 24, "7d": 7 * 24}
WIDE = ("raw", "plan", "inputs", "metadata", "search")


def page_of(
    viewer: Viewer, upstream: Upstream, filters: RunFilters, order: Keyset, now: datetime
) -> QuerySet[Run]:
    """The rows of a page, and one more. One query."""
    cleaned = filters.cleaned_data
    rows = order.after(filtered(viewer, upstream, filters, now), cleaned["cursor"])
    if access.sees_whole_run(viewer):
        # Select on the narrow columns of an index, and read full rows for this page only.
        chosen = rows.values("pk")[: PAGE + 1]
        rows = order.sorted(Run.objects.filter(pk__in=chosen))
    return rows.defer(*WIDE)[: PAGE + 1]


def runs_of(viewer: Viewer, upstream: Upstream, ids: Sequence[int]) -> list[Run]:
    """The runs with these IDs, in the same order. One query, none without IDs."""
    if not ids:
        return []
    rows = access.runs(viewer, upstream).filter(pk__in=ids).defer(*WIDE)
    place = {pk: index for index, pk in enumerate(ids)}
    return sorted(rows, key=lambda run: place[run.pk])


def filtered(
    viewer: Viewer, upstream: Upstream, filters: RunFilters, now: datetime
) -> QuerySet[Run]:
    """The runs that match the filters, unordered. No query."""
    cleaned = filters.cleaned_data
    rows = access.listed_runs(viewer, upstream)
    if access.sees_whole_run(viewer):
        # As lists: a bare boolean column would keep SQLite from its index.
        rows = rows.filter(gone__in=(False,))
    else:
        # Coalesce keeps the database from walking an index of all runs to find a reviewer's few.
        rows = rows.alias(deleted=Coalesce(F("gone"), Value(True))).filter(deleted__in=(False,))
    if cleaned["status"] and cleaned["q"]:
        rows = _beside_the_search(rows, cleaned["status"])
    elif cleaned["status"] == OPEN:
        rows = rows.filter(finished__in=(False,))
    elif cleaned["status"]:
        rows = rows.filter(state=cleaned["status"])
    exact = {name: cleaned[name] for name in ("workflow", "queue")}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if cleaned["age"] == "today":
        rows = rows.filter(status_since__gte=midnight(now))
    elif cleaned["age"]:
        then = now - timedelta(hours=HOURS[cleaned["age"]])
        # No newer run can match, so a walk from the newest begins there.
        rows = rows.filter(status_since__lte=then, created_at__lte=then)
    for waiting in _waiting_on(upstream, cleaned):
        rows = rows.filter(mobius_id__in=waiting)
    for word in cleaned["q"].lower().split():
        rows = rows.filter(search__contains=word)
    return rows


def _beside_the_search(rows: QuerySet[Run], status: str) -> QuerySet[Run]:
    """Filter by status without the status index: the index with ``search`` has the status too,
    while the status index would read every wide row.
    """
    if status == OPEN:
        over = Coalesce(F("finished"), Value(True))
        return rows.alias(over=over).filter(over__in=(False,))
    return rows.alias(plain_status=Coalesce(F("state"), Value(""))).filter(plain_status=status)


def _waiting_on(upstream: Upstream, cleaned: Mapping[str, Any]) -> list[QuerySet[Any]]:
    """The IDs of the runs that wait for the group, and of those that wait for the person."""
    found: list[QuerySet[Any]] = []
    if cleaned["group"]:
        of_group = Interaction.objects.filter(
            upstream=upstream, group_id=cleaned["group"], status="pending", gone__in=(False,)
        )
        found.append(of_group.filter(run_id__isnull=False).values("run_id"))
    if cleaned["person"]:
        open_to = Recipient.objects.filter(
            upstream=upstream, user_id=cleaned["person"], open__in=(True,)
        )
        found.append(
            open_to.filter(interaction__run_id__isnull=False).values("interaction__run_id")
        )
    return found
