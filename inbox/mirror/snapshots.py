"""Payloads sorted by resource, with their order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from inbox.mobius.types import NO_TIME, Event, Interaction, Run, Step

Resource = TypeVar("Resource", Interaction, Run, Step)


@dataclass(frozen=True)
class Deleted:
    """Upstream returned 404 for an interaction or a run."""

    interaction_id: str | None = None
    run_id: str | None = None


Payload = Event | Interaction | Run | Step | Deleted


@dataclass(frozen=True)
class Snapshot(Generic[Resource]):
    """``seq`` orders snapshots with equal ``updated_at``.

    For an event it is the event's own. For a response to a GET it is the newest seq that had
    arrived when the GET was sent, since the response includes the changes up to that event.
    """

    resource: Resource
    seq: int
    logged: bool

    @property
    def round(self) -> int:
        return self.resource.round if isinstance(self.resource, Interaction) else 0

    @property
    def age(self) -> tuple[datetime, int, bool]:
        """A read with the seq of an event comes after the event."""
        return self.resource.updated_at, self.seq, not self.logged

    def newer_than(self, updated_at: datetime, seq: int) -> bool:
        """Of equals, a read is newer and a repeated event is not. Without a time, the later read
        wins.
        """
        if self.resource.updated_at == NO_TIME:
            return not self.logged or self.seq >= seq
        return self.age >= (updated_at, seq, True)


@dataclass
class Received:
    """The lists are in order of arrival."""

    runs: dict[str, list[Snapshot[Run]]] = field(default_factory=dict)
    steps: dict[tuple[str, str], list[Snapshot[Step]]] = field(default_factory=dict)
    interactions: dict[str, list[Snapshot[Interaction]]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    deleted: list[Deleted] = field(default_factory=list)

    @classmethod
    def of(cls, payloads: Iterable[Payload], *, seen_seq: int) -> "Received":
        """Payloads that aren't events get ``seen_seq``."""
        received = cls()
        for payload in payloads:
            if isinstance(payload, Event):
                seq = payload.seq if payload.logged else seen_seq
                if payload.logged:
                    received.events.append(payload)
                for resource in (payload.run, payload.step, payload.interaction):
                    # An event with only the id of a question leads to a read by id.
                    if not isinstance(resource, Interaction) or not resource.partial:
                        received._sort(resource, seq, payload.logged)
            elif isinstance(payload, Deleted):
                received.deleted.append(payload)
            else:
                received._sort(payload, seen_seq, logged=False)
        return received

    def _sort(self, resource: Interaction | Run | Step | None, seq: int, logged: bool) -> None:
        match resource:
            case Run():
                self.runs.setdefault(resource.id, []).append(Snapshot(resource, seq, logged))
            case Step():
                key = (resource.run_id, resource.id)
                self.steps.setdefault(key, []).append(Snapshot(resource, seq, logged))
            case Interaction():
                self.interactions.setdefault(resource.id, []).append(
                    Snapshot(resource, seq, logged)
                )


def newest(snapshots: Sequence[Snapshot[Resource]]) -> Snapshot[Resource]:
    """The last round's; of equals, the last."""
    return max(reversed(snapshots), key=lambda snapshot: (snapshot.round, snapshot.age))
