"""Frames of the event stream."""

from typing import Any

from httpx_sse import ServerSentEvent

from inbox.mobius import body
from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.mobius.adapters.guide.run import read_run, read_step
from inbox.mobius.adapters.tolerant import integer, mapping, maybe_text, moment, parts, text
from inbox.mobius.types import Event, EventKind

_LONGEST_SEQ = 18


def read_frame(frame: ServerSentEvent, *, first: bool) -> Event | None:
    """``frame.id`` is the last id that the stream has sent: empty if it sends none at all."""
    numbered = frame.id.isascii() and frame.id.isdigit() and len(frame.id) <= _LONGEST_SEQ
    seq = int(frame.id) if numbered else None
    if not frame.data:
        return None if seq is None else Event.cursor_at(seq)
    try:
        payload = body.loads(frame.data)
    except ValueError:
        payload = None
    own_seq = integer(parts(payload).get("seq"))
    # A run's seed comes first and without an id.
    logged = bool(own_seq or seq) and (bool(frame.id) or not first)
    return read_event(payload, type=frame.event, seq=seq or 0, logged=logged)


def read_event(frame: Any, *, type: str = "", seq: int = 0, logged: bool = True) -> Event:
    """Unreadable data gives an event of kind ``OTHER`` with its seq.

    ``type`` and ``seq`` are the frame's own, used if the data has none. ``logged`` is False for a
    run's seed, which has no id.
    """
    wire = parts(frame)
    seq = integer(wire.get("seq"), seq)
    name = text(wire.get("type")) or type
    data = mapping(wire.get("data"))
    fields: dict[str, Any] = {
        "type": name,
        "seq": seq,
        "run_id": maybe_text(wire.get("run_id")),
        "at": moment(wire, "timestamp"),
        "logged": logged,
        "data": data,
    }
    if name == "run_updated" and fields["run_id"] and "status" in data:
        # The guide only promises the run's status.
        data = {"id": fields["run_id"], "updated_at": wire.get("timestamp"), **data}
    try:
        return Event(**fields, **_subject(name, data))
    except UnreadableError:
        return Event(kind=EventKind.OTHER, **fields)


def _subject(name: str, data: dict[str, Any]) -> dict[str, Any]:
    if name == "run_updated":
        return {"kind": EventKind.RUN, "run": read_run(data)}
    if name == "run_step_updated":
        return {"kind": EventKind.STEP, "step": read_step(data)}
    if name == "action_appended":
        return {"kind": EventKind.ACTION}
    if name.startswith("interaction_"):
        return {"kind": EventKind.INTERACTION, "interaction": read_interaction(data)}
    return {"kind": EventKind.OTHER}
