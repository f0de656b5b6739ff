"""One entry of the event log."""

from enum import StrEnum
from typing import Any

from inbox.mobius.types.base import Record, Stamp
from inbox.mobius.types.interaction import Interaction
from inbox.mobius.types.run import Run, Step


class EventKind(StrEnum):
    """What an event is about. ``CURSOR`` only tells where the stream stands."""

    RUN = "run"
    STEP = "step"
    INTERACTION = "interaction"
    ACTION = "action"
    CURSOR = "cursor"
    OTHER = "other"


class Event(Record):
    """One frame. ``type`` is the wire's word (``run_updated`` …), kept for the timeline.

    ``logged`` is False for a frame that is not in the log: the seed of a run's stream and the
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
    def standing_at(cls, seq: int) -> "Event":
        """The event that only tells where a stream stands."""
        return cls(kind=EventKind.CURSOR, type="", seq=seq, logged=False)
