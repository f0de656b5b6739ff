"""The filters of *Blocked*, and its questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    QuerySet,
)

from inbox import access
from inbox.access import Viewer
from inbox.access.search import having
from inbox.models import Group, Interaction, Recipient, Upstream
from inbox.web.ui.lists import ListForm, OneOf, Search, Text, union_of_slices
from inbox.web.ui.when import midnight

SHOWN = ("late", "today", "stale", "all")
"""The counters: overdue, expiring today, claimed too long, everyone must answer."""
OVER = {"1h": 1, "4h": 4, "1d": 24}
"""Options of the filter for the time waited, in hours."""


class BlockedFilters(ListForm):
    """``group`` and ``person`` are Mobius ids."""

    url_name = "blocked"

    show = OneOf(SHOWN)
    over = OneOf(OVER)
    workflow = Text()
    group = Text()
    person = Text()
    q = Search()


MOST = 200
"""How many questions are read of each kind: the oldest, overdue, expiring and claimed ones."""

_COLUMNS = (
    "mobius_id",
    "run_id",
    "type",
    "status",
    "title",
    "policy",
    "responses",
    "target_type",
    "target_id",
    "group_id",
    "members",
    "claimable",
    "claimed_by",
    "claimed_at",
    "due_at",
    "soft",
    "expires_at",
    "created_at",
    "workflow",
    "gone",
)


@dataclass(frozen=True)
class GroupMembers:
    """A group as it is now. ``members`` is None if the mirror no longer has the group."""

    name: str
    members: frozenset[str] | None


def read(
    viewer: Viewer, upstream: Upstream, filters: BlockedFilters, now: datetime
) -> tuple[list[Interaction], bool]:
    """The questions, oldest first, and whether these are all of them. One query, in which each kind
    is read along its own index and stops after ``MOST``.
    """
    rows = _narrowed(viewer, upstream, filters.cleaned_data, now)
    tonight = midnight(now) + timedelta(days=1)
    old = now - settings.CLAIM_STALE_AFTER
    due = rows.filter(due_at__isnull=False)
    parts = (
        rows.order_by("created_at", "id"),
        due.filter(due_at__lt=now).order_by("due_at"),
        due.filter(due_at__gte=now, due_at__lt=tonight).order_by("due_at"),
        rows.filter(claimed_by__isnull=False, claimed_at__lte=old).order_by("claimed_at"),
    )
    found = union_of_slices(*(part[: MOST + 1] for part in parts))
    items = list(found.only(*_COLUMNS).order_by("created_at", "id"))
    return items, len(items) <= MOST


def _narrowed(
    viewer: Viewer, upstream: Upstream, cleaned: Mapping[str, Any], now: datetime
) -> QuerySet[Interaction]:
    rows = access.interactions(viewer, upstream).filter(status="pending", gone=False)
    if cleaned["over"]:
        rows = rows.filter(created_at__lte=now - timedelta(hours=OVER[cleaned["over"]]))
    if cleaned["workflow"]:
        rows = rows.filter(workflow=cleaned["workflow"])
    if cleaned["group"]:
        rows = rows.filter(group_id=cleaned["group"])
    if cleaned["person"]:
        recipients = Recipient.objects.filter(upstream=upstream, user_id=cleaned["person"])
        # A bare column would not be looked up in the index.
        rows = rows.filter(id__in=recipients.filter(open__in=(True,)).values("interaction"))
    return rows.filter(having(viewer, upstream, cleaned["q"]))


def groups_by_id(upstream: Upstream, ids: Iterable[str]) -> dict[str, GroupMembers]:
    """The groups of these ids with their members. One query."""
    known_groups = Group.objects.filter(upstream=upstream, mobius_id__in=set(ids))
    rows = known_groups.order_by().values_list(
        "mobius_id", "name", "handle", "gone", "memberships__user_id"
    )
    found: dict[str, GroupMembers] = {}
    members: dict[str, set[str]] = {}
    for key, name, handle, gone, member in rows:
        members.setdefault(key, set()).update({member} if member else ())
        found[key] = GroupMembers(name or handle, None if gone else frozenset())
    return {
        id_: GroupMembers(group.name, None if group.members is None else frozenset(members[id_]))
        for id_, group in found.items()
    }
