"""What upstream told, sorted by the thing that it is about."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from inbox.mobius.types import NO_TIME, Event, Interaction, Run, Step

Thing = TypeVar("Thing", Interaction, Run, Step)


@dataclass(frozen=True)
class Gone:
    """Upstream answered 404 to a thing that the mirror holds."""

    interaction_id: str | None = None
    run_id: str | None = None


Reading = Event | Interaction | Run | Step | Gone


@dataclass(frozen=True)
class Snapshot(Generic[Thing]):
    """One reading of one thing. ``seq`` orders readings of equal ``updated_at``.

    For an event it is the event's own; for an answer to a GET, the newest seq that had been heard
    when the GET was sent, since whatever that event changed is surely in the answer.
    """

    thing: Thing
    seq: int
    logged: bool

    @property
    def age(self) -> tuple[datetime, int, bool]:
        """Newer is greater: what was read when an event had been heard already holds it."""
        return self.thing.updated_at, self.seq, not self.logged

    def newer_than(self, updated_at: datetime, seq: int) -> bool:
        """Whether it says more than what is held: of equals a read does, a repeated event not.

        Without a time nobody can tell: what is read later is taken.
        """
        if self.thing.updated_at == NO_TIME:
            return not self.logged or self.seq >= seq
        return self.age >= (updated_at, seq, True)


@dataclass
class Batch:
    """Readings of one transaction. The lists hold them in the order in which they came."""

    runs: dict[str, list[Snapshot[Run]]] = field(default_factory=dict)
    steps: dict[tuple[str, str], list[Snapshot[Step]]] = field(default_factory=dict)
    interactions: dict[str, list[Snapshot[Interaction]]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)

    @classmethod
    def of(cls, readings: Iterable[Reading], *, heard: int) -> "Batch":
        """Sort ``readings``; what is no event counts as of ``heard``."""
        batch = cls()
        for reading in readings:
            if isinstance(reading, Event):
                seq = reading.seq if reading.logged else heard
                if reading.logged:
                    batch.events.append(reading)
                for thing in (reading.run, reading.step, reading.interaction):
                    # A question that an event names alone is read by id.
                    if not isinstance(thing, Interaction) or not thing.partial:
                        batch._sort(thing, seq, reading.logged)
            elif isinstance(reading, Gone):
                batch.gone.append(reading)
            else:
                batch._sort(reading, heard, logged=False)
        return batch

    def _sort(self, thing: Interaction | Run | Step | None, seq: int, logged: bool) -> None:
        match thing:
            case Run():
                self.runs.setdefault(thing.id, []).append(Snapshot(thing, seq, logged))
            case Step():
                key = (thing.run_id, thing.id)
                self.steps.setdefault(key, []).append(Snapshot(thing, seq, logged))
            case Interaction():
                self.interactions.setdefault(thing.id, []).append(Snapshot(thing, seq, logged))


def newest(snapshots: Iterable[Snapshot[Thing]]) -> Snapshot[Thing]:
    """The newest of them; of equals the one that came last."""
    found = None
    for told in snapshots:
        if found is None or told.age >= found.age:
            found = told
    assert found is not None  # noqa: S101  a batch holds no empty list
    return found
