"""People and machines on the wire."""

from typing import Any

from inbox.mobius.adapters.base import identified
from inbox.mobius.adapters.tolerant import maybe_text, parts, sequence, text
from inbox.mobius.types import Person


def read_owner(payload: Any) -> Person | None:
    """Whose credentials these are; None unless they all say the same."""
    entries = sequence(parts(payload).get("items"))
    owners = {maybe_text(parts(entry).get("user_id")) for entry in entries}
    owner = owners.pop() if len(owners) == 1 else None
    return Person(user_id=owner) if owner else None


def read_machine(payload: Any) -> Person:
    """Raises UnreadableError."""
    wire = identified(payload)
    return Person(user_id=wire["id"], name=text(wire.get("name")))
