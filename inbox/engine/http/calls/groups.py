"""Groups and their members."""

from inbox.engine.actions import groups
from inbox.engine.http.answers import Answer
from inbox.engine.http.calls.paging import no_body, no_query, page_of
from inbox.engine.http.routing import Call


def create(call: Call) -> Answer:
    """``POST /groups``."""
    return Answer(201, groups.create(caller=call.caller, body=call.body))


def list_groups(call: Call) -> Answer:
    """``GET /groups``."""
    return Answer(200, groups.list_groups(caller=call.caller, **page_of(call)))


def get(call: Call, group: str) -> Answer:
    """``GET /groups/{group}``."""
    return Answer(200, groups.get(caller=call.caller, group=group))


def update(call: Call, group: str) -> Answer:
    """``PATCH /groups/{group}``."""
    return Answer(200, groups.update(caller=call.caller, group=group, body=call.body))


def members(call: Call, group: str) -> Answer:
    """``GET /groups/{group}/members``."""
    return Answer(200, groups.members(caller=call.caller, group=group, **page_of(call)))


def add_member(call: Call, group: str) -> Answer:
    """``POST /groups/{group}/members``."""
    return Answer(201, groups.add_member(caller=call.caller, group=group, body=call.body))


def remove_member(call: Call, group: str, user_id: str) -> Answer:
    """``DELETE /groups/{group}/members/{user_id}``."""
    no_body(call)
    groups.remove_member(caller=call.caller, group=group, user_id=user_id)
    return Answer(204)


def of_member(call: Call, user_id: str) -> Answer:
    """``GET /members/{user_id}/groups``."""
    no_query(call)
    return Answer(200, groups.groups_of(caller=call.caller, user_id=user_id))
