"""What the readers of this generation share."""

from datetime import datetime
from typing import Any

from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.tolerant import is_int, moment, parts, text
from inbox.mobius.errors import Refusal
from inbox.mobius.types import NO_TIME


def identified(payload: Any) -> dict[str, Any]:
    """``payload`` with a string ``id``. Raises UnreadableError for anything but an object with an
    id.
    """
    wire = parts(payload)
    id = wire.get("id")
    if is_int(id):
        return wire | {"id": text(id)}
    if not isinstance(id, str) or not id:
        raise UnreadableError("an object without an id")
    return wire


def created_and_updated(wire: dict[str, Any]) -> tuple[datetime, datetime]:
    """``created_at`` and ``updated_at``; a missing one is taken from other times."""
    created, updated = moment(wire, "created_at"), moment(wire, "updated_at")
    updated = updated or moment(wire, "completed_at") or moment(wire, "started_at")
    return created or updated or NO_TIME, updated or created or NO_TIME


def read_refusal(body: Any) -> Refusal:
    """``{"error": {"code", "message", "details"}}``, or a text instead of the object."""
    error = parts(body).get("error")
    if isinstance(error, str):
        return Refusal(message=error)
    wire = parts(error)
    code, message, details = (wire.get(key) for key in ("code", "message", "details"))
    return Refusal(
        code=code if isinstance(code, str) else "",
        message=message if isinstance(message, str) else "",
        details=parts(details),
    )
