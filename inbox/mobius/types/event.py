"""One entry of the event log."""

from enum import StrEnum
from typing import Any

from inbox.mobius.types.base import Record, Stamp
from inbox.mobius.types.interaction import Interaction
from inbox.mobius.types.run import Run, Step


class EventKind(StrEnum):
    """What an event is about. ``CURSOR`` only gives the stream's position."""

    RUN = "run"
    STEP = "step"
    INTERACTION = "interaction"
    ACTION = "action"
    CURSOR = "cursor"
    OTHER = "other"


class Event(Record):
    """An event of a stream. ``type`` is the API's (``run_updated`` …), kept for the timeline.

    ``logged`` is False for an event that is not in the log: the seed of a run's stream and the
    opening cursor of a project's. ``seq`` is strictly increasing within a project.
    """

    kind: EventKind
    type: str
    seq: int
    run_id: str | None = None
    at: Stamp | None = None
    logged: bool = True
    run: Run | None = None
    step: Step | None = None
    interaction: Interaction | None = None
    data: dict[str, Any] = {}

    @classmethod
    def cursor_at(cls, seq: int) -> "Event":
        """The event that only gives a stream's position."""
        return cls(kind=EventKind.CURSOR, type="", seq=seq, logged=False)
