"""Groups and their members."""

from inbox.mobius.types.base import Record, Stamp
from inbox.mobius.types.interaction import PolicyKind


class Group(Record):
    """``routing`` is the policy of future interactions."""

    id: str
    handle: str
    name: str
    description: str = ""
    routing: PolicyKind = PolicyKind.ANY
    member_count: int | None = None
    created_at: Stamp | None = None
    updated_at: Stamp | None = None


class GroupMember(Record):
    """A person's place in a group."""

    id: str
    group_id: str
    user_id: str
    created_at: Stamp | None = None


class Person(Record):
    """A token's owner."""

    user_id: str
    name: str = ""
