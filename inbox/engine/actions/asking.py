"""Putting a question: the row, its snapshot, whose inbox it is in."""

from datetime import datetime
from typing import Any

from inbox.engine import ids, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.unit import Unit
from inbox.engine.models import Group, Interaction, Recipient, Run, Step
from inbox.engine.rules.errors import bad_request
from inbox.engine.rules.questions import Asked

STEP_SIGNAL = "interaction:"
"""What the signal of a step's interaction begins with; the interaction's id follows."""


def ask(
    unit: Unit,
    asked: Asked,
    *,
    spec: dict[str, Any] | None,
    expires_at: datetime | None,
    run: Run | None = None,
    step: Step | None = None,
    signal_name: str | None = None,
) -> Interaction:
    """Write the question ``asked`` and its event. ``spec`` is the question as it was sent.

    Raises 400 for a group that is unknown or has nobody in it.
    """
    item = Interaction(
        id=ids.new("int", unit.now),
        project_id=unit.project_id,
        run=run,
        step=step,
        type=asked.type,
        message=asked.message,
        context=asked.context,
        spec=spec,
        target_type=asked.target.type,
        target_id=asked.target.id,
        expires_at=expires_at,
        fires_at=expires_at,
        created_at=unit.now,
        updated_at=unit.now,
    )
    item.signal_name = f"{STEP_SIGNAL}{item.id}" if step is not None else signal_name
    recipients: list[str] = []
    if asked.target.type == "group":
        group = find_group(unit.project_id, asked.target.id)
        members = (
            []
            if group is None
            else group.memberships.order_by("added_at", "pk").values_list("user_id", flat=True)
        )
        recipients = list(members)
        if group is None or not recipients:
            why = "does not exist" if group is None else "has no members"
            raise bad_request(f"The group {asked.target.id} {why}.", field="target.id")
        item.target_group_id = group.id
        item.members = recipients
        item.routing_policy = group.routing_policy
        item.require_all = asked.all_required
    elif asked.target.type == "user":
        recipients = [asked.target.id]
    rows.insert(item)
    if recipients:
        rows.insert(*(Recipient(interaction=item, user_id=user_id) for user_id in recipients))
    unit.emit("interaction_created", item.run_id, payloads.interaction(item))
    if expires_at is not None:
        unit.due(expires_at)
    return item


def find_group(project_id: int, key: str) -> Group | None:
    """The project's group whose id or handle is ``key``."""
    groups = Group.objects.filter(project_id=project_id)
    return groups.filter(pk=key).first() or groups.filter(handle=key).first()
