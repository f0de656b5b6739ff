import re
from typing import Annotated, Any, Literal

from django.db.models import Count
from pydantic import Field, StringConstraints

from inbox.engine import clock, ids, payloads
from inbox.engine.actions import paging
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.unit import writing
from inbox.engine.models import Group, Membership, Person
from inbox.engine.rules import bodies, errors

Title = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Routing = Literal["first_responder", "all_members"]
_NOT_IN_HANDLES = re.compile(r"[^a-z0-9]+")


class NewGroup(bodies.Body):
    handle: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    name: Title
    description: str | None = None
    routing_policy: Routing = "first_responder"


class ChangedGroup(bodies.Body):
    name: Title | None = None
    description: str | None = None
    routing_policy: Routing | None = None


class NewMember(bodies.Body):
    user_id: bodies.Id


def find_group(project_id: int, key: str) -> Group | None:
    groups = Group.objects.filter(project_id=project_id)
    return groups.filter(pk=key).first() or groups.filter(handle=key).first()


def create(*, caller: Caller, body: Any) -> dict[str, Any]:
    sent = bodies.read(NewGroup, body)
    handle = sent.handle or _handle_of(sent.name)
    with writing(caller.project_id) as unit:
        if Group.objects.filter(project_id=caller.project_id, handle=handle).exists():
            raise errors.conflict(f"A group {handle} already exists.", handle=handle)
        row = Group(
            id=ids.new("grp", unit.now),
            project_id=caller.project_id,
            handle=handle,
            name=sent.name,
            description=sent.description,
            routing_policy=sent.routing_policy,
            created_at=unit.now,
            updated_at=unit.now,
        )
        row.save(force_insert=True)
        return payloads.group(row)


def list_groups(*, caller: Caller, limit: int = 50, cursor: str | None = None) -> paging.Page:
    rows = Group.objects.filter(project_id=caller.project_id).annotate(size=Count("memberships"))
    return paging.newest_first("groups", rows, limit=limit, cursor=cursor, payload=_counted)


def get(*, caller: Caller, group: str) -> dict[str, Any]:
    row = _find(caller, group)
    return payloads.group(row, member_count=row.memberships.count())


def update(*, caller: Caller, group: str, body: Any) -> dict[str, Any]:
    """Pending questions keep their own policy. Raises 400 for a wrong body, 404."""
    sent = bodies.read(ChangedGroup, body)
    with writing(caller.project_id) as unit:
        row = _find(caller, group)
        for name in sent.model_fields_set:
            value = getattr(sent, name)
            if value is None and name != "description":
                raise errors.bad_request(f"{name} cannot be null.", field=name)
            setattr(row, name, value)
        if sent.model_fields_set:
            row.updated_at = clock.later(unit.now, row.updated_at)
            row.save(update_fields=[*sent.model_fields_set, "updated_at"])
        return payloads.group(row)


def members(
    *, caller: Caller, group: str, limit: int = 50, cursor: str | None = None
) -> paging.Page:
    rows = Membership.objects.filter(group=_find(caller, group))
    return paging.newest_first(
        "members", rows, limit=limit, cursor=cursor, payload=payloads.member, time="added_at"
    )


def add_member(*, caller: Caller, group: str, body: Any) -> dict[str, Any]:
    """Raises 400 for an unknown person, 404, and 409 for a member."""
    sent = bodies.read(NewMember, body)
    with writing(caller.project_id) as unit:
        row = _find(caller, group)
        if not Person.objects.filter(project_id=caller.project_id, user_id=sent.user_id).exists():
            raise errors.bad_request(
                f"{sent.user_id} is not a person of this project.", field="user_id"
            )
        if row.memberships.filter(user_id=sent.user_id).exists():
            raise errors.conflict(f"{sent.user_id} is already a member.", user_id=sent.user_id)
        member = Membership(
            id=ids.new("gm", unit.now),
            group=row,
            user_id=sent.user_id,
            added_by=caller.user_id,
            added_at=unit.now,
        )
        member.save(force_insert=True)
        return payloads.member(member)


def remove_member(*, caller: Caller, group: str, user_id: str) -> None:
    """Raises 404 for an unknown group and for someone who is not a member."""
    with writing(caller.project_id):
        membership = _find(caller, group).memberships.filter(user_id=_plain(user_id))
        if not membership.delete()[0]:
            raise errors.not_found("The member")


def groups_of(*, caller: Caller, user_id: str) -> paging.Page:
    person = Person.objects.filter(project_id=caller.project_id, user_id=_plain(user_id))
    if not person.exists():
        raise errors.not_found("The member")
    rows = Group.objects.filter(project_id=caller.project_id, memberships__user_id=user_id)
    rows = rows.order_by("-created_at", "-pk")
    return {"items": [payloads.group(row) for row in rows], "has_more": False}


def _counted(row: Group) -> dict[str, Any]:
    return payloads.group(row, member_count=getattr(row, "size", 0))


def _find(caller: Caller, key: str) -> Group:
    row = find_group(caller.project_id, _plain(key))
    if row is None:
        raise errors.not_found("The group")
    return row


def _plain(key: str) -> str:
    if not bodies.is_storable(key):
        raise errors.not_found("The resource")
    return key


def _handle_of(name: str) -> str:
    handle = _NOT_IN_HANDLES.sub("-", name.lower()).strip("-")
    if not handle:
        raise errors.bad_request(
            "handle is missing, and the name has no letters or digits to make one from."
        )
    return handle
