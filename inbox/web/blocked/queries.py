"""The filters of *Blocked*, and its questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import (
    Expression,
    F,
    IntegerField,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from inbox import access
from inbox.access import Viewer
from inbox.models import Group, Interaction, Recipient, SavedView, Upstream
from inbox.web.ui.lists import ListForm, Search, Text, found_by
from inbox.web.ui.when import midnight

SHOWN = ("late", "today", "stale", "all")
"""The counters: overdue, expiring today, claimed too long, everyone must answer."""
OVER = {"1h": 1, "4h": 4, "1d": 24}
"""Waiting for longer than this many hours."""


class BlockedFilters(ListForm):
    """``group`` and ``person`` are Mobius ids."""

    url_name = "blocked"

    show = forms.ChoiceField(choices=[(key, key) for key in SHOWN], required=False)
    over = forms.ChoiceField(choices=[(key, key) for key in OVER], required=False)
    workflow = Text()
    group = Text()
    person = Text()
    q = Search()


MOST = 200
"""How many are read of the oldest, the overdue, the expiring and the claimed questions."""
VIEW = 9
"""Marks a saved view, in the column where a group has ``gone``."""

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
    """A group as it is now. ``members`` is None where the mirror no longer has the group."""

    name: str
    members: frozenset[str] | None


def read(
    viewer: Viewer, upstream: Upstream, filters: BlockedFilters, now: datetime
) -> tuple[list[Interaction], bool]:
    """The questions, oldest first, and whether these are all. One query.

    Each kind is read along an index of its own, which ends after ``MOST``.
    """
    rows = _narrowed(access.interactions(viewer, upstream), upstream, filters.cleaned_data, now)
    tonight = midnight(now) + timedelta(days=1)
    old = now - settings.CLAIM_STALE_AFTER
    due = rows.filter(due_at__isnull=False)
    parts = (
        rows.order_by("created_at", "id"),
        due.filter(due_at__lt=now).order_by("due_at"),
        due.filter(due_at__gte=now, due_at__lt=tonight).order_by("due_at"),
        rows.filter(claimed_by__isnull=False, claimed_at__lte=old).order_by("claimed_at"),
    )
    found = found_by(*(part[: MOST + 1] for part in parts))
    items = list(found.only(*_COLUMNS).order_by("created_at", "id"))
    return items, len(items) <= MOST


def _narrowed(
    rows: QuerySet[Interaction], upstream: Upstream, cleaned: Mapping[str, Any], now: datetime
) -> QuerySet[Interaction]:
    rows = rows.filter(status="pending", gone=False)
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
    for word in cleaned["q"].lower().split():
        rows = rows.filter(search__contains=word)
    return rows


def groups_by_id(
    viewer: Viewer, upstream: Upstream, ids: Iterable[str]
) -> tuple[dict[str, GroupMembers], list[SavedView]]:
    """The groups of these ids with their members, and the viewer's saved views. One query."""
    known_groups = Group.objects.filter(upstream=upstream, mobius_id__in=set(ids))
    views = SavedView.objects.filter(owner_id=viewer.user_id)
    rows = known_groups.order_by().values_list(
        Cast("gone", IntegerField()),
        _text(F("mobius_id")),
        _text(F("name")),
        _text(F("handle")),
        _text(Coalesce(F("memberships__user_id"), Value(""))),
    )
    saved = views.order_by().values_list(
        Value(VIEW, IntegerField()),
        _text(F("pk")),
        _text(F("name")),
        _text(F("query")),
        _text(Value("")),
    )
    found: dict[str, GroupMembers] = {}
    members: dict[str, set[str]] = {}
    own: list[SavedView] = []
    for kind, key, name, more, member in rows.union(saved, all=True):
        if kind == VIEW:
            own.append(SavedView(pk=int(key), name=name, query=more))
            continue
        members.setdefault(key, set()).update({member} if member else ())
        found[key] = GroupMembers(name or more, None if kind else frozenset())
    whole = {
        id_: GroupMembers(group.name, None if group.members is None else frozenset(members[id_]))
        for id_, group in found.items()
    }
    return whole, sorted(own, key=lambda view: (view.name.casefold(), view.pk))


def _text(expression: Expression | F) -> Cast:
    return Cast(expression, TextField())
