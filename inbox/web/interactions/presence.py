"""Who else has a group's question open."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.live.presence import get_presence
from inbox.models import Interaction
from inbox.web.ui.labels import listed
from inbox.web.ui.people import Face


@dataclass(frozen=True)
class OtherViewers:
    """``words`` is empty if there is no one; ``item_id`` is the question's ID."""

    item_id: str
    faces: tuple[Face, ...] = ()
    words: str = ""


def other_viewers(viewer: Viewer, item: Interaction) -> OtherViewers | None:
    """The other people who have the question open and may see it.

    None if presence is off or the question is not an open question of a group. Two queries if there
    is anyone.
    """
    if not shows_presence(item):
        return None
    seen = {presence.user_id: presence for presence in get_presence().users(item.mobius_id)}
    seen.pop(viewer.user_id, None)
    if not seen:
        return OtherViewers(item.mobius_id)
    people = [other for other in access.viewers_of(seen) if access.sees(other, item)]
    people.sort(key=lambda other: other.name)
    writing = [other.name for other in people if seen[other.user_id].writing]
    looking = [other.name for other in people if not seen[other.user_id].writing]
    parts = []
    if writing:
        count = len(writing)
        words = ngettext("%(names)s is writing", "%(names)s are writing", count)
        parts.append(words % {"names": listed(writing)})
    if looking:
        count = len(looking)
        words = ngettext("%(names)s is viewing this", "%(names)s are viewing this", count)
        parts.append(words % {"names": listed(looking)})
    return OtherViewers(
        item.mobius_id,
        tuple(Face(other.mobius_id or "", other.name, other.name) for other in people),
        ", ".join(parts),
    )


def shows_presence(item: Interaction) -> bool:
    """Whether presence is on and the question is an open question of a group."""
    return may_show_presence(item) and item.pending


def may_show_presence(item: Interaction) -> bool:
    """Whether presence is on and the question is a group's."""
    return bool(settings.PRESENCE) and item.target_type == "group"
