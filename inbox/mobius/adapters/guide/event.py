"""Frames of the event stream."""

from typing import Any

from inbox.mobius.adapters.guide.base import UnreadableError
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.mobius.adapters.guide.run import read_run, read_step
from inbox.mobius.adapters.tolerant import mapping, maybe_text, parts, stamp, text, whole
from inbox.mobius.types import Event, EventKind


def read_event(frame: Any, *, type: str = "", seq: int = 0, logged: bool = True) -> Event:
    """A frame of a stream; whatever it holds, there is an event that tells where the stream stands.

    ``type`` and ``seq`` are what the stream said beside the data, for a frame that does not say
    it itself. ``logged`` is False for a run's seed, which comes without an id.
    """
    wire = parts(frame)
    seq = whole(wire.get("seq"), seq)
    name = text(wire.get("type")) or type
    data = mapping(wire.get("data"))
    fields: dict[str, Any] = {
        "type": name,
        "seq": seq,
        "run_id": maybe_text(wire.get("run_id")),
        "at": stamp(wire.get("timestamp")),
        "logged": logged,
        "data": data,
    }
    try:
        return Event(**fields, **_subject(name, data))
    except UnreadableError:
        return Event(kind=EventKind.OTHER, **fields)


def read_cursor(seq: int) -> Event:
    """The event that only tells where a stream stands."""
    return Event(kind=EventKind.CURSOR, type="", seq=seq, logged=False)


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
