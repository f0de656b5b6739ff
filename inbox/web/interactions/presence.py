"""Who else has a group's question open, in a sentence for the reader."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.live.presence import get_presence
from inbox.models import Interaction
from inbox.web.ui.people import Face
from inbox.web.ui.words import listed


@dataclass(frozen=True)
class Company:
    """``words`` is empty where nobody else is there; ``item_id`` is the question's."""

    item_id: str
    faces: tuple[Face, ...] = ()
    words: str = ""


def company(viewer: Viewer, item: Interaction) -> Company | None:
    """Those who may see the question and have it open, the reader left out.

    None where presence is off, or the question is not an open one of a group. Two queries where
    somebody is there.
    """
    if not can_be_met(item):
        return None
    seen = {one.user_id: one for one in get_presence().users(item.mobius_id)}
    seen.pop(viewer.user_id, None)
    if not seen:
        return Company(item.mobius_id)
    people = [one for one in access.viewers_of(seen) if access.sees(one, item)]
    people.sort(key=lambda one: one.name)
    writing = [one.name for one in people if seen[one.user_id].writing]
    looking = [one.name for one in people if not seen[one.user_id].writing]
    parts = []
    if writing:
        count = len(writing)
        words = ngettext("%(names)s is writing", "%(names)s are writing", count)
        parts.append(words % {"names": listed(writing)})
    if looking:
        count = len(looking)
        words = ngettext("%(names)s is viewing this", "%(names)s are viewing this", count)
        parts.append(words % {"names": listed(looking)})
    return Company(
        item.mobius_id,
        tuple(Face(one.mobius_id or "", one.name, one.name) for one in people),
        ", ".join(parts),
    )


def can_be_met(item: Interaction) -> bool:
    """Presence is on, and the question is an open one of a group."""
    return has_company(item) and item.pending


def has_company(item: Interaction) -> bool:
    """Presence is on, and the question is a group's."""
    return bool(settings.PRESENCE) and item.target_type == "group"
