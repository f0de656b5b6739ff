"""What a person may see of others' answers. Every page that shows answers uses it."""

import copy
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from inbox import access
from inbox.access import Viewer
from inbox.mobius.adapters import choose
from inbox.models import Decision, Event, Interaction, Upstream
from inbox.models.decision import RESPOND

HIDDEN = "hidden"
"""Key that marks a response or an event whose answer was removed."""

_adapter = choose()


def seen_by(viewer: Viewer, item: Interaction) -> Interaction:
    """The question as the viewer may see it: itself, or a copy without others' answers.

    Who has answered and when stays. The copy must not be saved.
    """
    if not access.hides_answers(viewer, item):
        return item
    redacted = copy.copy(item)
    redacted.responses = [_redacted_response(viewer, response) for response in item.responses]
    unread = "raw" in item.get_deferred_fields()
    redacted.raw = {} if unread else _adapter.without_answers(item.raw, but=viewer.mobius_id)
    return redacted


def events_seen_by(
    viewer: Viewer, events: list[Event], items: dict[str, Interaction]
) -> list[Event]:
    """A run's events as the viewer may see them; ``items`` are its questions by id."""
    redacted = {id_ for id_, item in items.items() if access.hides_answers(viewer, item)}
    return [
        _redacted_event(viewer, event) if _about(event) in redacted else event for event in events
    ]


def entries_seen_by(viewer: Viewer, upstream: Upstream) -> QuerySet[Decision]:
    """The decision log as the viewer may read it: without answers hidden from them."""
    rows = Decision.objects.all()
    if not settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE:
        return rows
    hidden = Q(
        verb=RESPOND,
        base_url=upstream.base_url,
        project=upstream.project,
        interaction_id__in=access.with_hidden_answers(viewer, upstream).values("mobius_id"),
    )
    return rows.exclude(hidden & ~Q(actor=viewer.mobius_id or ""))


def _about(event: Event) -> str:
    return str(event.data.get("interaction", ""))


def _redacted_event(viewer: Viewer, event: Event) -> Event:
    redacted = copy.copy(event)
    if event.data.get("by") != viewer.mobius_id:
        redacted.data = event.data | {"value": None, "comment": None, HIDDEN: True}
    return redacted


def _redacted_response(viewer: Viewer, response: dict[str, Any]) -> dict[str, Any]:
    if response.get("user_id") == viewer.mobius_id:
        return response
    return response | {"value": None, "comment": None, HIDDEN: True}
