from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import FilteredRelation, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Viewer
from inbox.answering.nudge import EVERY
from inbox.models import Interaction, Notice, Reviewer, Upstream
from inbox.web.ui.when import at, clock

RECENT = timedelta(days=1)
"""Nudges older than this are not shown."""


@dataclass(frozen=True)
class LastNudge:
    item: str
    user: str
    sender: str
    sender_name: str
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Accounts:
    names: Mapping[str, str]
    active: frozenset[str]
    nudges: Mapping[tuple[str, str], LastNudge]


@dataclass(frozen=True)
class Nudge:
    """``state`` is ``free`` (a button), ``done``, ``mine`` (the viewer can answer) or
    ``unavailable``; ``words`` replace the button until ``turns_at``.
    """

    state: str
    user: str
    name: str
    href: str
    words: str = ""
    title: str = ""
    last: str = ""
    turns_at: datetime | None = None


def read_accounts(upstream: Upstream, ids: Iterable[str], now: datetime) -> Accounts:
    """With their nudges within ``RECENT``."""
    recent = FilteredRelation(
        "notices",
        condition=Q(
            notices__upstream=upstream,
            notices__kind=Notice.Kind.NUDGE,
            notices__at__gte=now - RECENT,
        ),
    )
    rows = Reviewer.objects.filter(mobius_id__in=set(ids)).annotate(nudge=recent)
    names: dict[str, str] = {}
    active: set[str] = set()
    nudges: dict[tuple[str, str], LastNudge] = {}
    found = rows.values_list(
        "mobius_id",
        "name",
        "user__is_active",
        "nudge__interaction_id",
        "nudge__sender",
        "nudge__sender_name",
        "nudge__at",
        "nudge__read_at",
    )
    for mobius_id, name, is_active, item, *nudge in found:
        id_ = mobius_id or ""
        names[id_] = name
        if is_active:
            active.add(id_)
        if item is not None:
            nudges[item, id_] = LastNudge(item, id_, *nudge)
    return Accounts(names, frozenset(active), nudges)


def nudge_href(id_: str) -> str:
    return reverse("nudge", args=[id_])


def nudged_words(sent_at: datetime) -> str:
    """``Nudged 10:45``."""
    return _("Nudged %(time)s") % {"time": clock(sent_at)}


def nudge_of(
    viewer: Viewer, item: Interaction, user_id: str, accounts: Accounts, now: datetime
) -> Nudge:
    name = accounts.names.get(user_id, user_id)
    if user_id == viewer.mobius_id:
        return Nudge("mine", user_id, name, item.get_absolute_url())
    if user_id not in accounts.active:
        return Nudge("unavailable", user_id, name, "", _("Can't be nudged"))
    href, last = nudge_href(item.mobius_id), accounts.nudges.get((item.mobius_id, user_id))
    title = item.display_title
    if last is None:
        return Nudge("free", user_id, name, href, title=title)
    if now - last.at < EVERY:
        return Nudge("done", user_id, name, href, nudged_words(last.at), turns_at=last.at + EVERY)
    nudged = _("Last nudged %(when)s") % {"when": at(last.at, now)}
    return Nudge("free", user_id, name, href, title=title, last=nudged)


def who_can_answer(item: Interaction) -> list[str]:
    """The person asked, the one who has claimed it, or all who have not answered."""
    if item.target_type == "user":
        return [item.target_id]
    if access.can_be_claimed(item) and item.claimed_by:
        return [item.claimed_by]
    return item.missing


def nudges_on(
    viewer: Viewer, upstream: Upstream, items: Iterable[Interaction], now: datetime
) -> dict[str, tuple[Nudge, ...]]:
    waiting = {item: who_can_answer(item) for item in items if item.pending} if viewer.lead else {}
    if not waiting:
        return {}
    accounts = read_accounts(upstream, {id_ for ids in waiting.values() for id_ in ids}, now)
    return {
        item.mobius_id: tuple(nudge_of(viewer, item, id_, accounts, now) for id_ in ids)
        for item, ids in waiting.items()
    }
