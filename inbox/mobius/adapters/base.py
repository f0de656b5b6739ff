"""What all adapters share: paths, and readers of what is the same in each generation."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.tolerant import is_int, moment, parts, text
from inbox.mobius.errors import NotFound, Refusal
from inbox.mobius.types import NO_TIME


def path_of(collection: str, id: str) -> str:
    """The path of a resource. Raises NotFound for an id that is not possible."""
    # Servers resolve these path segments, which would make it another call.
    if id in ("", ".", ".."):
        raise NotFound("There is no such thing.")
    return f"{collection}/{quote(id, safe='')}"


def missing(what: str) -> NotFound:
    """The error of a call that the generation does not have, as if a server had no such path."""
    return NotFound(f"This Mobius has no {what}.", status=HTTPStatus.NOT_FOUND)


def without_none(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def identified(payload: Any) -> dict[str, Any]:
    """Raises UnreadableError for anything but an object with an id."""
    wire = parts(payload)
    id = wire.get("id")
    if is_int(id):
        return wire | {"id": text(id)}
    if not isinstance(id, str) or not id:
        raise UnreadableError("an object without an id")
    return wire


def created_and_updated(wire: dict[str, Any]) -> tuple[datetime, datetime]:
    """A missing one is taken from other times."""
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
