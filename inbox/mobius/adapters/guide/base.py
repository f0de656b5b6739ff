"""What the readers of this generation share."""

from datetime import datetime
from typing import Any

from inbox.mobius.adapters.tolerant import EPOCH, parts, stamp


class UnreadableError(ValueError):
    """A payload that is no object, or has no id."""


def identified(payload: Any) -> dict[str, Any]:
    """``payload``, if it is an object with an id. Raises UnreadableError."""
    wire = parts(payload)
    if not isinstance(wire.get("id"), str) or not wire["id"]:
        raise UnreadableError("an object without an id")
    return wire


def born_and_changed(wire: dict[str, Any]) -> tuple[datetime, datetime]:
    """``created_at`` and ``updated_at``; a missing one is taken from the other."""
    created, updated = stamp(wire.get("created_at")), stamp(wire.get("updated_at"))
    return created or updated or EPOCH, updated or created or EPOCH
