"""What a person may see of the others' answers: the one gate that every page goes through."""

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
"""Marks a response or an event whose answer was taken out."""

_adapter = choose()


def seen_by(viewer: Viewer, item: Interaction) -> Interaction:
    """The question as the viewer may see it: itself, or a copy without the others' answers.

    Who has answered and when stays. The copy is for showing, never to be saved.
    """
    if not access.hides_answers(viewer, item):
        return item
    shown = copy.copy(item)
    shown.responses = [_emptied(viewer, response) for response in item.responses]
    unread = "raw" in item.get_deferred_fields()
    shown.raw = {} if unread else _adapter.without_answers(item.raw, but=viewer.mobius_id)
    return shown


def events_seen_by(
    viewer: Viewer, events: list[Event], items: dict[str, Interaction]
) -> list[Event]:
    """The log of a run as the viewer may see it; ``items`` are its questions by id."""
    redacted = {id_ for id_, item in items.items() if access.hides_answers(viewer, item)}
    return [_told(viewer, event) if _about(event) in redacted else event for event in events]


def entries_seen_by(viewer: Viewer, upstream: Upstream) -> QuerySet[Decision]:
    """The decision log as the viewer may read it: without answers that are kept from them."""
    rows = Decision.objects.all()
    if not settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE:
        return rows
    kept_back = Q(
        verb=RESPOND,
        base_url=upstream.base_url,
        project=upstream.project,
        interaction_id__in=access.veiled(viewer, upstream).values("mobius_id"),
    )
    return rows.exclude(kept_back & ~Q(actor=viewer.mobius_id or ""))


def _about(event: Event) -> str:
    return str(event.data.get("interaction", ""))


def _told(viewer: Viewer, event: Event) -> Event:
    shown = copy.copy(event)
    if event.data.get("by") != viewer.mobius_id:
        shown.data = event.data | {"value": None, "comment": None, HIDDEN: True}
    return shown


def _emptied(viewer: Viewer, response: dict[str, Any]) -> dict[str, Any]:
    if response.get("user_id") == viewer.mobius_id:
        return response
    return response | {"value": None, "comment": None, HIDDEN: True}
