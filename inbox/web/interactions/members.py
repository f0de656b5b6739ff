"""The people who were asked together, and which of them have answered."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction
from inbox.web.ui.answers import Member, members, progress
from inbox.web.ui.people import People

_PARTS = {"answered": "on", "received": "on", "turn": "you"}
"""The part of the progress bar for a member's state."""


@dataclass(frozen=True)
class MembersCard:
    """``have`` of ``of`` answers have been given. ``group`` is empty if no group was asked.
    ``hidden``: the others' answers are hidden until the viewer has answered.
    """

    group: str
    members: tuple[Member, ...]
    have: int
    of: int
    hidden: bool

    @property
    def parts(self) -> list[str]:
        """The parts of the progress bar."""
        return [_PARTS.get(member.state, "") for member in self.members]

    @property
    def progress_label(self) -> str:
        counts = {"count": self.have, "total": self.of}
        if any(member.state == "turn" for member in self.members):
            return _("%(count)d of %(total)d answered, yours is next") % counts
        return _("%(count)d of %(total)d answered") % counts


def members_card(
    viewer: Viewer,
    item: Interaction,
    people: People,
    *,
    group: str,
    left: Collection[str],
    off: Collection[str],
    received: Collection[str],
) -> MembersCard | None:
    """None unless several people have to answer and it is known who they are. ``left``, ``off`` and
    ``received`` are as in ``members``.
    """
    line = members(item, people, left=left, off=off, received=received, lead=viewer.lead)
    if not line:
        return None
    have, of = progress(item, received=received) or (0, 0)
    hidden = access.hides_answers(viewer, item) and bool(item.responses)
    return MembersCard(group, line, have, of, hidden)
