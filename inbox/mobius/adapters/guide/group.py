"""Groups, members and people on the wire."""

from typing import Any

from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.base import identified
from inbox.mobius.adapters.tolerant import parts, text
from inbox.mobius.types import Group, GroupMember, Person, PolicyKind

_ROUTING = {PolicyKind.ANY: "first_responder", PolicyKind.ALL: "all_members"}


def read_group(payload: Any) -> Group:
    """Raises UnreadableError."""
    wire = identified(payload)
    return Group(
        id=wire["id"],
        handle=text(wire.get("handle")),
        name=text(wire.get("name")) or text(wire.get("handle")),
        description=text(wire.get("description")),
        routing=_routing(wire.get("routing_policy")),
    )


def read_member(payload: Any) -> GroupMember:
    """Raises UnreadableError."""
    wire = parts(payload)
    if not (user_id := text(wire.get("user_id"))):
        raise UnreadableError("a member without a user_id")
    return GroupMember(user_id=user_id)


def read_person(payload: Any) -> Person:
    """Raises UnreadableError."""
    wire = parts(payload)
    if not (user_id := text(wire.get("user_id"))):
        raise UnreadableError("a person without a user_id")
    return Person(user_id=user_id, name=text(wire.get("name")))


def write_routing(kind: PolicyKind) -> str:
    """Raises ValueError for a policy that this generation does not have."""
    if kind not in _ROUTING:
        raise ValueError(f"this Mobius has no {kind} groups")
    return _ROUTING[kind]


def _routing(word: Any) -> PolicyKind:
    return PolicyKind.ALL if word == "all_members" else PolicyKind.ANY
