"""Generation B: the project in the path, one form for each interaction, and runs of loops."""

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from inbox.engine.actions import events, events_b
from inbox.engine.actions import generation_b as b
from inbox.engine.actions.events import LoggedEvent
from inbox.engine.actions.runs import find_run
from inbox.engine.http.requests import JSON, filtered_page
from inbox.engine.http.streams import EventStream, Frame
from inbox.engine.http.views import Call, Resource, lists, read_seq, shows, takes_body
from inbox.engine.rules.errors import bad_request
from inbox.lib import exact


def to_frames(page: Iterable[LoggedEvent]) -> list[Frame]:
    return [_frame(logged, events_b.event(logged)) for logged in page]


def _frame(logged: LoggedEvent, event: dict[str, Any] | None) -> Frame:
    if event is None:
        return Frame(logged.seq, logged.run_id, b"")
    kind = event["event_type"]
    content = f"id: {logged.seq}\nevent: {kind}\ndata: {exact.dumps(event)}\n\n".encode()
    return Frame(logged.seq, logged.run_id, content, last=kind in events_b.FINAL)


def run_events(call: Call, run_id: str) -> Response:
    """The log, or a stream of it that ends with the run."""
    given = {"after_sequence": call.query.get("after_sequence")}
    wants_stream = "text/event-stream" in call.accept
    if wants_stream:
        given["Last-Event-ID"] = call.last_event_id
    after = max((read_seq(name, value) for name, value in given.items() if value), default=0)
    if not wants_stream:
        limit = call.query.get("limit", "20")
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:4]) <= b.LIMIT):
            raise bad_request(f"limit must be a number from 1 to {b.LIMIT}.", field="limit")
        return JSON(b.events(caller=call.caller, run_id=run_id, after=after, limit=int(limit)))
    project_id = call.caller.project_id
    finished = find_run(project_id, run_id).finished
    newest = events.newest(project_id=project_id)
    return EventStream(
        call.streams,
        project_id=project_id,
        run_id=run_id,
        cursor=after,
        newest=newest,
        first=b":\n\n",
        authenticate=call.authenticate,
        ends_at=newest if finished else None,
    )


def _page(query: dict[str, str]) -> dict[str, Any]:
    return filtered_page(query, default=20, most=b.LIMIT)


_RESOURCES = {
    "interactions": Resource(GET=lists(b.list_interactions, _page), POST=takes_body(b.create, 201)),
    "interactions/{interaction_id}": Resource(GET=shows(b.get)),
    "interactions/{interaction_id}/respond": Resource(POST=takes_body(b.respond)),
    "interactions/{interaction_id}/review": Resource(POST=takes_body(b.review)),
    "interactions/{interaction_id}/cancel": Resource(POST=takes_body(b.cancel)),
    "runs": Resource(GET=lists(b.list_runs, _page)),
    "runs/{run_id}": Resource(GET=shows(b.get_run)),
    "runs/{run_id}/steps": Resource(GET=shows(b.steps)),
    "runs/{run_id}/events": Resource(GET=run_events),
    "runs/{run_id}/cancel": Resource(POST=takes_body(b.cancel_run)),
    "runs/{run_id}/retry": Resource(POST=takes_body(b.retry, 202)),
    "runs/{run_id}/resume": Resource(POST=takes_body(b.retry, 202)),
    "runs/{run_id}/signals": Resource(POST=takes_body(b.signal)),
    "loops": Resource(GET=lists(b.list_loops, _page)),
    "principals": Resource(GET=shows(b.list_principals)),
    "capabilities": Resource(GET=shows(b.capabilities)),
}

ROUTES = [
    *(Route(f"/v1/projects/{{project}}/{path}", view) for path, view in _RESOURCES.items()),
    Route("/v1/projects", Resource(GET=lists(b.list_projects, _page))),
    Route("/v1/auth/cli-credentials", Resource(GET=shows(b.credentials))),
]
