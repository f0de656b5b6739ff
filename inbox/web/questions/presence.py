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
    item_id: str
    faces: tuple[Face, ...] = ()
    words: str = ""


def other_viewers(viewer: Viewer, item: Interaction) -> OtherViewers | None:
    """None if presence is off or the question is not an open question of a group."""
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
    return may_show_presence(item) and item.pending


def may_show_presence(item: Interaction) -> bool:
    return bool(settings.PRESENCE) and item.target_type == "group"
