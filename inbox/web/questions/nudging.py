from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Viewer
from inbox.answering.nudge import EVERY
from inbox.models import Interaction, Notice, Upstream
from inbox.people.names import Names
from inbox.web.ui.when import at, clock

RECENT = timedelta(days=1)
"""Nudges older than this are not shown."""


Nudges = Mapping[tuple[str, str], "LastNudge"]
"""By question and person."""


@dataclass(frozen=True)
class LastNudge:
    item: str
    user: str
    sender: str
    sender_name: str
    at: datetime
    read_at: datetime | None


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


def last_nudges(upstream: Upstream, ids: Iterable[str], now: datetime) -> Nudges:
    """Within ``RECENT``."""
    rows = Notice.objects.filter(
        upstream=upstream,
        kind=Notice.Kind.NUDGE,
        at__gte=now - RECENT,
        reviewer__mobius_id__in=set(ids),
    )
    nudges = (
        LastNudge(
            item=row.interaction_id,
            user=row.reviewer.mobius_id or "",
            sender=row.sender,
            sender_name=row.sender_name,
            at=row.at,
            read_at=row.read_at,
        )
        for row in rows.select_related("reviewer")
    )
    return {(nudge.item, nudge.user): nudge for nudge in nudges}


def nudge_href(id_: str) -> str:
    return reverse("nudge", args=[id_])


def nudged_words(sent_at: datetime) -> str:
    """``Nudged 10:45``."""
    return _("Nudged %(time)s") % {"time": clock(sent_at)}


def nudge_of(
    viewer: Viewer,
    item: Interaction,
    user_id: str,
    *,
    names: Names,
    nudges: Nudges,
    now: datetime,
) -> Nudge:
    name = names.of(user_id)
    if user_id == viewer.mobius_id:
        return Nudge("mine", user_id, name, item.get_absolute_url())
    if not names.has_active_account(user_id):
        return Nudge("unavailable", user_id, name, "", _("Can't be nudged"))
    href, last = nudge_href(item.mobius_id), nudges.get((item.mobius_id, user_id))
    title = item.display_title
    if last is None:
        return Nudge("free", user_id, name, href, title=title)
    if now - last.at < EVERY:
        return Nudge("done", user_id, name, href, nudged_words(last.at), turns_at=last.at + EVERY)
    nudged = _("Last nudged %(when)s") % {"when": at(last.at, now)}
    return Nudge("free", user_id, name, href, title=title, last=nudged)


def waited_for(item: Interaction) -> list[str]:
    """The person asked, the one who has claimed it, or all who have not answered; in review, its
    checkers.
    """
    if item.in_review:
        return item.checkers
    if item.target_type == "user":
        return [item.target_id]
    if access.can_be_claimed(item) and item.claimed_by:
        return [item.claimed_by]
    return item.missing


def nudges_on(
    viewer: Viewer, upstream: Upstream, items: Iterable[Interaction], names: Names, now: datetime
) -> dict[str, tuple[Nudge, ...]]:
    waiting = {item: waited_for(item) for item in items if item.is_open} if viewer.lead else {}
    if not waiting:
        return {}
    nudges = last_nudges(upstream, {id_ for ids in waiting.values() for id_ in ids}, now)
    return {
        item.mobius_id: tuple(
            nudge_of(viewer, item, id_, names=names, nudges=nudges, now=now) for id_ in ids
        )
        for item, ids in waiting.items()
    }
