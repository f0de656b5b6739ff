"""Generation C: no project in the path."""

from typing import Any

from starlette.routing import Route

from inbox.engine.actions import generation_c as c
from inbox.engine.http.requests import filtered_page
from inbox.engine.http.views import Resource, lists, shows, takes_body, takes_nothing


def _page(query: dict[str, str]) -> dict[str, Any]:
    return filtered_page(query, default=20, most=c.LIMIT)


_RESOURCES = {
    "interactions": Resource(GET=lists(c.list_interactions, _page), POST=takes_body(c.create, 201)),
    "interactions/{interaction_id}": Resource(GET=shows(c.get)),
    "interactions/{interaction_id}/respond": Resource(POST=takes_body(c.respond)),
    "interactions/{interaction_id}/review": Resource(POST=takes_body(c.review)),
    "interactions/{interaction_id}/cancel": Resource(POST=takes_body(c.cancel)),
    "sessions": Resource(GET=lists(c.list_sessions, _page)),
    "sessions/{session_id}": Resource(GET=shows(c.get_session)),
    "sessions/{session_id}/turns": Resource(GET=lists(c.list_turns, _page)),
    "sessions/{session_id}/turns/{turn_id}": Resource(GET=shows(c.get_turn)),
    "sessions/{session_id}/turns/{turn_id}/cancel": Resource(POST=takes_nothing(c.cancel_turn)),
    "principals": Resource(GET=shows(c.list_principals)),
    "organization/context": Resource(GET=shows(c.context)),
}

ROUTES = [Route(f"/v1/{path}", view) for path, view in _RESOURCES.items()]
