"""What a transaction changed, and which live topics that concerns."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from inbox.live import topics
from inbox.live.bus import get_bus


@dataclass
class Changes:
    """Ids of what changed.

    Attributes:
        logs: runs whose row is unchanged, but whose event log or steps grew.
        people: by Mobius user id, questions in which the person's own part changed.
        questions: by Mobius user id, questions that changed otherwise.
    """

    interactions: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    logs: set[str] = field(default_factory=set)
    people: dict[str, set[str]] = field(default_factory=dict)
    questions: dict[str, set[str]] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def include(self, other: "Changes") -> None:
        self.interactions |= other.interactions
        self.runs |= other.runs
        self.logs |= other.logs
        self.touch(other.people, other.questions)
        self.groups |= other.groups

    def touch(
        self,
        people: Mapping[str, Iterable[str]],
        questions: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        for stored, found in ((self.people, people), (self.questions, questions)):
            for user_id, interactions in found.items():
                stored.setdefault(user_id, set()).update(interactions)

    def topics(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The live topics that these changes touch, each with the questions that it may name."""
        for user_id, interactions in self.people.items():
            yield topics.inbox(user_id), frozenset(interactions)
        for user_id, interactions in self.questions.items():
            yield topics.questions(user_id), frozenset(interactions)
        for topic in self._shared():
            yield topic, frozenset()

    def _shared(self) -> Iterator[str]:
        yield from map(topics.item, self.interactions)
        yield from map(topics.run, self.runs | self.logs)
        # The list of runs also shows who each is waiting for, and how many have answered. The
        # groups page follows this topic too.
        if self.runs or self.interactions or self.groups:
            yield topics.runs()

    def publish(self) -> None:
        """Call it after the commit, from any thread; it does not block."""
        if self:
            get_bus().publish(dict(self.topics()))

    def publish_here(self) -> None:
        """Every process notices the changes by itself."""
        if self:
            get_bus().publish_here(dict(self.topics()))
