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
    """``authenticate`` checks again whether the token is still valid."""

    caller: Caller
    query: dict[str, str]
    body: dict[str, Any]
    accept: str
    last_event_id: str | None
    authenticate: Callable[[], Caller]
    streams: Streams


View = Callable[..., Response]
Action = Callable[..., Any]
"""What a call does: a function of ``inbox.engine.actions``, with the path's names as keywords."""


class Resource:
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
    token, project = bearer(request), parameters.pop("project", None)
    check = functools.partial(authenticate, token=token, project=project)
    call = Call(
        caller=check(),
        query=query(request),
        body=parse(body),
        accept=request.headers.get("accept", ""),
        last_event_id=request.headers.get("last-event-id") or None,
        authenticate=check,
        streams=request.app.streams,
    )
    return view(call, **parameters)


def shows(action: Action) -> View:
    def view(call: Call, **names: str) -> Response:
        return JSON(action(caller=call.caller, **names))

    return view


def lists(action: Action, read: Callable[[dict[str, str]], dict[str, Any]] = page) -> View:
    def view(call: Call, **names: str) -> Response:
        return JSON(action(caller=call.caller, **names, **read(call.query)))

    return view


def takes_body(action: Action, status: int = 200) -> View:
    def view(call: Call, **names: str) -> Response:
        return JSON(action(caller=call.caller, **names, body=call.body), status)

    return view


def takes_nothing(action: Action) -> View:
    """Refuses a body with fields. The response is empty if the action returns nothing."""

    def view(call: Call, **names: str) -> Response:
        bodies.read(bodies.Empty, call.body)
        payload = action(caller=call.caller, **names)
        return Response(status_code=204) if payload is None else JSON(payload)

    return view


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
        (read_seq(name, value) for name, value in cursors.items() if value is not None),
        default=None,
    )


def read_seq(name: str, value: str) -> int:
    """Raises 400."""
    if value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= _LARGEST_SEQ:
        return int(value)
    raise bad_request(f"{name} must be the seq of an event.")


_RESOURCES = {
    "runs": Resource(GET=lists(runs.list_runs, filtered_page), POST=takes_body(runs.start, 202)),
    "runs/events": Resource(GET=project_events),
    "runs/{run_id}": Resource(GET=shows(runs.get)),
    "runs/{run_id}/steps": Resource(GET=lists(runs.steps)),
    "runs/{run_id}/events": Resource(GET=run_events),
    "runs/{run_id}/signals": Resource(POST=takes_body(runs.signal, 202)),
    "runs/{run_id}/cancellations": Resource(POST=takes_nothing(runs.cancel)),
    "interactions": Resource(
        GET=lists(interactions.list_interactions, filtered_page),
        POST=takes_body(interactions.create, 201),
    ),
    "interactions/{interaction_id}": Resource(GET=shows(interactions.get)),
    "interactions/{interaction_id}/respond": Resource(POST=takes_body(interactions.respond)),
    "interactions/{interaction_id}/claim": Resource(POST=takes_nothing(interactions.claim)),
    "interactions/{interaction_id}/release": Resource(POST=takes_nothing(interactions.release)),
    "groups": Resource(GET=lists(groups.list_groups), POST=takes_body(groups.create, 201)),
    "groups/{group}": Resource(GET=shows(groups.get), PATCH=takes_body(groups.update)),
    "groups/{group}/members": Resource(
        GET=lists(groups.members), POST=takes_body(groups.add_member, 201)
    ),
    "groups/{group}/members/{user_id}": Resource(DELETE=takes_nothing(groups.remove_member)),
    "members/me": Resource(GET=shows(auth.me)),
    "members/{user_id}/groups": Resource(GET=member_groups),
}

ROUTES = [Route(f"/v1/projects/{{project}}/{path}", view) for path, view in _RESOURCES.items()]
