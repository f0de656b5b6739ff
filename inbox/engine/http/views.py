"""A function for each call of the API, and the routes to them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from inbox.engine.actions import auth, events, groups, interactions, paging, runs
from inbox.engine.actions.auth import Caller, authenticate
from inbox.engine.http.requests import JSON, bearer, filtered_page, page, parse, query, read_body
from inbox.engine.http.streams import EventStream, Streams
from inbox.engine.rules import bodies
from inbox.engine.rules.errors import EngineError, bad_request

_LARGEST_SEQ = 2**63 - 1


@dataclass(frozen=True)
class Call:
    """An authenticated request. ``authenticate`` checks again whether its token is still valid."""

    caller: Caller
    query: dict[str, str]
    body: dict[str, Any]
    last_event_id: str | None
    authenticate: Callable[[], Caller]
    streams: Streams


View = Callable[..., Response]


class Resource:
    """The views of one path, by method. They run in a worker's thread."""

    def __init__(self, **views: View) -> None:
        self._views = views

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        view = self._views.get(request.method)
        if view is None:
            allowed = ", ".join(sorted(self._views))
            raise EngineError(
                405,
                "method_not_allowed",
                f"{request.method} is not allowed here. Allowed: {allowed}.",
                headers={"Allow": allowed},
            )
        if request.method == "GET":
            return await request.app.readers.run(_call, view, request, b"")
        return await request.app.writers.run(_call, view, request, await read_body(request))


def _call(view: View, request: Request, body: bytes) -> Response:
    parameters = dict(request.path_params)
    token, project = bearer(request), parameters.pop("project")
    check = functools.partial(authenticate, token=token, project=project)
    call = Call(
        caller=check(),
        query=query(request),
        body=parse(body),
        last_event_id=request.headers.get("last-event-id") or None,
        authenticate=check,
        streams=request.app.streams,
    )
    return view(call, **parameters)


def list_runs(call: Call) -> Response:
    return JSON(runs.list_runs(caller=call.caller, **filtered_page(call.query)))


def start_run(call: Call) -> Response:
    return JSON(runs.start(caller=call.caller, body=call.body), 202)


def run(call: Call, run_id: str) -> Response:
    return JSON(runs.get(caller=call.caller, run_id=run_id))


def run_steps(call: Call, run_id: str) -> Response:
    return JSON(runs.steps(caller=call.caller, run_id=run_id, **page(call.query)))


def signal_run(call: Call, run_id: str) -> Response:
    return JSON(runs.signal(caller=call.caller, run_id=run_id, body=call.body), 202)


def cancel_run(call: Call, run_id: str) -> Response:
    bodies.read(bodies.Empty, call.body)
    runs.cancel(caller=call.caller, run_id=run_id)
    return Response(status_code=204)


def list_interactions(call: Call) -> Response:
    return JSON(interactions.list_interactions(caller=call.caller, **filtered_page(call.query)))


def create_interaction(call: Call) -> Response:
    return JSON(interactions.create(caller=call.caller, body=call.body), 201)


def interaction(call: Call, interaction_id: str) -> Response:
    return JSON(interactions.get(caller=call.caller, interaction_id=interaction_id))


def respond(call: Call, interaction_id: str) -> Response:
    return JSON(
        interactions.respond(caller=call.caller, interaction_id=interaction_id, body=call.body)
    )


def claim(call: Call, interaction_id: str) -> Response:
    bodies.read(bodies.Empty, call.body)
    return JSON(interactions.claim(caller=call.caller, interaction_id=interaction_id))


def release(call: Call, interaction_id: str) -> Response:
    bodies.read(bodies.Empty, call.body)
    return JSON(interactions.release(caller=call.caller, interaction_id=interaction_id))


def list_groups(call: Call) -> Response:
    return JSON(groups.list_groups(caller=call.caller, **page(call.query)))


def create_group(call: Call) -> Response:
    return JSON(groups.create(caller=call.caller, body=call.body), 201)


def group(call: Call, group: str) -> Response:
    return JSON(groups.get(caller=call.caller, group=group))


def update_group(call: Call, group: str) -> Response:
    return JSON(groups.update(caller=call.caller, group=group, body=call.body))


def group_members(call: Call, group: str) -> Response:
    return JSON(groups.members(caller=call.caller, group=group, **page(call.query)))


def add_member(call: Call, group: str) -> Response:
    return JSON(groups.add_member(caller=call.caller, group=group, body=call.body), 201)


def remove_member(call: Call, group: str, user_id: str) -> Response:
    bodies.read(bodies.Empty, call.body)
    groups.remove_member(caller=call.caller, group=group, user_id=user_id)
    return Response(status_code=204)


def me(call: Call) -> Response:
    return JSON(auth.me(caller=call.caller))


def member_groups(call: Call, user_id: str) -> Response:
    paging.check_filters(call.query)
    return JSON(groups.groups_of(caller=call.caller, user_id=user_id))


def project_events(call: Call) -> Response:
    """Send the cursor on its own first, so that a reader can resume before the first event."""
    newest = events.newest(project_id=call.caller.project_id)
    since = _since(call)
    cursor = newest if since is None else since
    first = f"id: {cursor}\n\n".encode()
    return _stream(call, cursor=cursor, newest=newest, first=first)


def run_events(call: Call, run_id: str) -> Response:
    """Send the run as it is now first, in a frame that doesn't move the cursor."""
    newest = events.newest(project_id=call.caller.project_id)
    seed = events.seed(caller=call.caller, run_id=run_id, since=_since(call))
    first = b"event: %b\ndata: %b\n\n" % (seed["type"].encode(), bytes(JSON(seed).body))
    return _stream(call, cursor=seed["seq"], newest=newest, first=first, run_id=run_id)


def _stream(
    call: Call, *, cursor: int, newest: int, first: bytes, run_id: str | None = None
) -> EventStream:
    return EventStream(
        call.streams,
        project_id=call.caller.project_id,
        run_id=run_id,
        cursor=cursor,
        newest=newest,
        first=first,
        authenticate=call.authenticate,
    )


def _since(call: Call) -> int | None:
    """The larger of ``since`` and ``Last-Event-ID``, None without either. Raises 400."""
    cursors = {"since": call.query.get("since"), "Last-Event-ID": call.last_event_id}
    return max(
        (_seq(name, value) for name, value in cursors.items() if value is not None), default=None
    )


def _seq(name: str, value: str) -> int:
    if value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= _LARGEST_SEQ:
        return int(value)
    raise bad_request(f"{name} must be the seq of an event.")


_RESOURCES = {
    "runs": Resource(GET=list_runs, POST=start_run),
    "runs/events": Resource(GET=project_events),
    "runs/{run_id}": Resource(GET=run),
    "runs/{run_id}/steps": Resource(GET=run_steps),
    "runs/{run_id}/events": Resource(GET=run_events),
    "runs/{run_id}/signals": Resource(POST=signal_run),
    "runs/{run_id}/cancellations": Resource(POST=cancel_run),
    "interactions": Resource(GET=list_interactions, POST=create_interaction),
    "interactions/{interaction_id}": Resource(GET=interaction),
    "interactions/{interaction_id}/respond": Resource(POST=respond),
    "interactions/{interaction_id}/claim": Resource(POST=claim),
    "interactions/{interaction_id}/release": Resource(POST=release),
    "groups": Resource(GET=list_groups, POST=create_group),
    "groups/{group}": Resource(GET=group, PATCH=update_group),
    "groups/{group}/members": Resource(GET=group_members, POST=add_member),
    "groups/{group}/members/{user_id}": Resource(DELETE=remove_member),
    "members/me": Resource(GET=me),
    "members/{user_id}/groups": Resource(GET=member_groups),
}

ROUTES = [Route(f"/v1/projects/{{project}}/{path}", view) for path, view in _RESOURCES.items()]
