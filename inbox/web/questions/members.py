from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction
from inbox.web.ui.answers import members, progress
from inbox.web.ui.people import People

_PARTS = {"answered": "on", "received": "on", "turn": "you"}
"""The part of the progress bar for a member's state."""


def members_card(
    viewer: Viewer,
    item: Interaction,
    people: People,
    *,
    group: str,
    left: Collection[str],
    received: Collection[str],
) -> dict[str, Any] | None:
    """None unless several people have to answer and it is known who they are."""
    asked = members(item, people, left=left, received=received, lead=viewer.lead)
    if not asked:
        return None
    have, of = progress(item, received=received) or (0, 0)
    label = _("%(count)d of %(total)d answered")
    if any(member.state == "turn" for member in asked):
        label = _("%(count)d of %(total)d answered, yours is next")
    return {
        "group": group,
        "members": asked,
        "have": have,
        "of": of,
        "parts": [_PARTS.get(member.state, "") for member in asked],
        "progress_label": label % {"count": have, "total": of},
        # The others' answers, until the viewer has answered
        "hidden": access.hides_answers(viewer, item) and bool(item.responses),
    }
