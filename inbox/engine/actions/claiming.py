"""Holding a group's question, and letting it go."""

from datetime import datetime
from typing import Any

from inbox.engine import ids, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.progress import save_item
from inbox.engine.actions.unit import writing
from inbox.engine.models import Interaction
from inbox.engine.rules import errors, policies


def claim(*, caller: Caller, interaction_id: str, at: datetime | None = None) -> dict[str, Any]:
    """The caller holds the interaction; again by the holder changes nothing.

    Raises 404, 403 (not asked, or a service key), 409 (closed, or ``already_claimed``), 400
    ``not_claimable``.
    """
    with writing(caller.project_id, at) as unit:
        item = find(caller.project_id, interaction_id)
        policies.check_claim(item, caller.user_id)
        if item.claimed_by is None:
            item.claimed_by, item.claimed_at = caller.user_id, unit.now
            save_item(unit, item, "interaction_group_claimed", "claimed_by", "claimed_at")
        return payloads.interaction(item)


def release(*, caller: Caller, interaction_id: str, at: datetime | None = None) -> dict[str, Any]:
    """Nobody holds the interaction; one that nobody held is left as it is.

    Raises 404, 403 (not asked, held by another, or a service key), 409 for a closed one.
    """
    with writing(caller.project_id, at) as unit:
        item = find(caller.project_id, interaction_id)
        policies.check_release(item, caller.user_id)
        if item.claimed_by is not None:
            item.claimed_by = item.claimed_at = None
            save_item(unit, item, "interaction_group_released", "claimed_by", "claimed_at")
        return payloads.interaction(item)


def find(project_id: int, interaction_id: str) -> Interaction:
    """The project's interaction with its run and step. Raises 404."""
    row = None
    if ids.is_shaped(interaction_id, "int"):
        row = rows.find(
            Interaction, joins=("run", "step"), id=interaction_id, project_id=project_id
        )
    if row is None:
        raise errors.not_found("The interaction")
    return row
