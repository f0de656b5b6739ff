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
    """One page and one more. One query."""
    asked = filters.cleaned_data
    rows = order.after(_filtered(viewer, upstream, asked, now), asked["cursor"])
    if access.sees_whole_run(viewer):
        # Chosen by the narrow columns that an index holds; the wide rows are read of these alone.
        chosen = rows.values("pk")[: PAGE + 1]
        rows = order.sorted(Run.objects.filter(pk__in=chosen))
    return rows.defer(*WIDE)[: PAGE + 1]


def these(viewer: Viewer, upstream: Upstream, ids: Sequence[int]) -> list[Run]:
    """The rows with these numbers, in their order, as they are now. One query, none for none."""
    if not ids:
        return []
    rows = access.runs(viewer, upstream).filter(pk__in=ids).defer(*WIDE)
    place = {pk: index for index, pk in enumerate(ids)}
    return sorted(rows, key=lambda run: place[run.pk])


def _filtered(
    viewer: Viewer, upstream: Upstream, asked: Mapping[str, Any], now: datetime
) -> QuerySet[Run]:
    rows = access.listed_runs(viewer, upstream)
    if access.sees_whole_run(viewer):
        # As lists: a bare boolean column would keep SQLite from its index.
        rows = rows.filter(gone__in=(False,))
    else:
        # Told so that no index of everybody's runs is walked for the few of a reviewer.
        rows = rows.alias(deleted=Coalesce(F("gone"), Value(True))).filter(deleted__in=(False,))
    if asked["status"] and asked["q"]:
        rows = _beside_the_search(rows, asked["status"])
    elif asked["status"] == OPEN:
        rows = rows.filter(finished__in=(False,))
    elif asked["status"]:
        rows = rows.filter(state=asked["status"])
    exact = {name: asked[name] for name in ("workflow", "queue")}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if asked["age"] == "today":
        rows = rows.filter(status_since__gte=midnight(now))
    elif asked["age"]:
        then = now - timedelta(hours=HOURS[asked["age"]])
        # No younger run can match: a walk from the newest begins there.
        rows = rows.filter(status_since__lte=then, created_at__lte=then)
    for waiting in _waiting_on(upstream, asked):
        rows = rows.filter(mobius_id__in=waiting)
    for word in asked["q"].lower().split():
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


def _waiting_on(upstream: Upstream, asked: Mapping[str, Any]) -> list[QuerySet[Any]]:
    """The run ids that wait for the group, and those that wait for the person."""
    found: list[QuerySet[Any]] = []
    if asked["group"]:
        of_group = Interaction.objects.filter(
            upstream=upstream, group_id=asked["group"], status="pending", gone__in=(False,)
        )
        found.append(of_group.filter(run_id__isnull=False).values("run_id"))
    if asked["person"]:
        open_to = Recipient.objects.filter(
            upstream=upstream, user_id=asked["person"], open__in=(True,)
        )
        found.append(
            open_to.filter(interaction__run_id__isnull=False).values("interaction__run_id")
        )
    return found
