from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Action, Viewer
from inbox.models import Interaction
from inbox.people.names import names_of
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import moment, span

JUST_NOW = timedelta(minutes=2)
"""How long a claim counts as new."""


@dataclass(frozen=True)
class Claim:
    """``claimed_at`` is set if someone else has just claimed it. ``too_long_at`` is when the claim
    will be older than ``CLAIM_STALE_AFTER``.
    """

    title: str
    text: str
    claimed_by: Face | None = None
    claimed_at: datetime | None = None
    too_long: bool = False
    too_long_at: datetime | None = None
    action: str = ""


def claim_of(viewer: Viewer, item: Interaction, people: People, now: datetime) -> Claim | None:
    """None if the question can't be claimed, or is unclaimed and the viewer can't claim it."""
    if not access.can_be_claimed(item):
        return None
    can = access.actions(viewer, item)
    if item.claimed_by:
        return _claimed(
            item, people, now, mine=Action.RELEASE in can, lead=not access.is_asked(viewer, item)
        )
    if Action.CLAIM not in can:
        return None
    return Claim(
        _("No one has claimed this yet"),
        _(
            "You can answer without claiming it. Claiming it lets the others know that they don't "
            "need to answer."
        ),
        action=Action.CLAIM,
    )


def claimed_by_another_words(item: Interaction) -> tuple[str, str]:
    """Title and text for someone whose answer or claim failed because of this claim."""
    people = People(names_of(item.upstream, [item.claimed_by]))
    now, since = timezone.now(), item.claimed_at
    if since is not None and now - since < JUST_NOW:
        ago = span(max(1.0, (now - since).total_seconds()))
        facts = {"name": people.full(item.claimed_by), "duration": ago}
        title = _("%(name)s claimed this %(duration)s ago") % facts
    else:
        title = _title(item, people, now)
    old = claimed_too_long(item, now)
    return title, _other_text(item, people, now, old=old, lead=False)


def claimed_too_long(item: Interaction, now: datetime) -> bool:
    too_long_at = _too_long_at(item)
    return too_long_at is not None and now >= too_long_at


def since_label(item: Interaction, now: datetime) -> str:
    """``since 10:02``; ``since 08:51 (too long)``. For text that is not refreshed over time."""
    if item.claimed_at is None:
        return ""
    since = {"time": moment(item.claimed_at, now)}
    if claimed_too_long(item, now):
        return _("since %(time)s (too long)") % since
    return _("since %(time)s") % since


def since_words(item: Interaction, now: datetime) -> str:
    """``since 10:02, 12 min``; ``since 08:51, 1 h 12 min (too long)``."""
    if item.claimed_at is None:
        return ""
    lasted = span((now - item.claimed_at).total_seconds())
    since = {"time": moment(item.claimed_at, now), "duration": lasted}
    if claimed_too_long(item, now):
        return _("since %(time)s, %(duration)s (too long)") % since
    return _("since %(time)s, %(duration)s") % since


def _claimed(item: Interaction, people: People, now: datetime, *, mine: bool, lead: bool) -> Claim:
    old, at = claimed_too_long(item, now), item.claimed_at
    just_claimed = not mine and at is not None and now - at < JUST_NOW
    return Claim(
        _title(item, people, now),
        _mine_text(old=old) if mine else _other_text(item, people, now, old=old, lead=lead),
        claimed_by=people.face(item.claimed_by),
        claimed_at=at if just_claimed else None,
        too_long=old,
        too_long_at=None if old else _too_long_at(item),
        action=Action.RELEASE if mine else "",
    )


def _title(item: Interaction, people: People, now: datetime) -> str:
    if item.claimed_at is None:
        return people.sentence(item.claimed_by, _("Claimed by you"), _("Claimed by %(name)s"))
    return people.sentence(
        item.claimed_by,
        _("Claimed by you since %(time)s"),
        _("Claimed by %(name)s since %(time)s"),
        time=moment(item.claimed_at, now),
    )


def _mine_text(*, old: bool) -> str:
    if old:
        return _(
            "You claimed this a while ago, and your group can see that. Answer it or release it."
        )
    return _("Others can view it, but only you can answer until you release it.")


def _other_text(item: Interaction, people: People, now: datetime, *, old: bool, lead: bool) -> str:
    name = {"name": people.full(item.claimed_by)}
    if old and item.claimed_at is not None:
        lasted = span((now - item.claimed_at).total_seconds())
        claimed = _("It was claimed %(duration)s ago. Only %(name)s can release it.")
        return claimed % {**name, "duration": lasted}
    if lead:
        words = _("The group can view it, but only %(name)s can answer until it's released.")
        return words % name
    return _("You can answer if %(name)s releases it.") % name


def _too_long_at(item: Interaction) -> datetime | None:
    if not item.claimed_by or item.claimed_at is None:
        return None
    return item.claimed_at + settings.CLAIM_STALE_AFTER
