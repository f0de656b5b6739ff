"""How the two event streams open; ``streams`` writes them on."""

from inbox.engine.actions import events
from inbox.engine.http.answers import encode
from inbox.engine.http.routing import Call, Opening
from inbox.engine.rules.errors import EngineError

_LARGEST = 2**63 - 1


def of_project(call: Call) -> Opening:
    """``GET /runs/events``: first the cursor alone, so that a reader can resume before an event."""
    newest = events.newest(project_id=call.caller.project_id)
    since = _since(call)
    cursor = newest if since is None else since
    return _opening(call, cursor=cursor, newest=newest, first=f"id: {cursor}\n\n".encode())


def of_run(call: Call, run_id: str) -> Opening:
    """``GET /runs/{id}/events``: first the run as it is now, in a frame that moves no cursor."""
    newest = events.newest(project_id=call.caller.project_id)
    seed = events.seed(caller=call.caller, run_id=run_id, since=_since(call))
    first = b"event: %b\ndata: %b\n\n" % (seed["type"].encode(), encode(seed))
    return _opening(call, cursor=seed["seq"], newest=newest, first=first, run_id=run_id)


def _opening(
    call: Call, *, cursor: int, newest: int, first: bytes, run_id: str | None = None
) -> Opening:
    return Opening(
        project_id=call.caller.project_id,
        run_id=run_id,
        cursor=cursor,
        newest=newest,
        first=first,
        authenticate=call.authenticate,
    )


def _since(call: Call) -> int | None:
    """The larger of ``since`` and ``Last-Event-ID``, None where neither is given."""
    given = [
        _cursor(name, value)
        for name, value in (
            ("since", call.query.get("since")),
            ("Last-Event-ID", call.last_event_id or None),
        )
        if value is not None
    ]
    return max(given, default=None)


def _cursor(name: str, value: str) -> int:
    if value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= _LARGEST:
        return int(value)
    raise EngineError(400, "bad_request", f"{name} must be the seq of an event.")
