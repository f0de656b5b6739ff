"""How old the mirror is, in words."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mobius.errors import (
    Denied,
    MobiusError,
    Nonsense,
    NotFound,
    RateLimited,
    Unauthorized,
)

State = Literal["live", "catching_up", "stale", "never"]

BLIP = timedelta(seconds=2)
"""A connection that comes back within this time was never away, as far as a reader cares."""


@dataclass(frozen=True)
class Freshness:
    """``since`` is when upstream was last heard; ``sentence`` says all of it to a reader.

    ``lag`` is how long the last event waited between its arrival and the commit, in seconds.
    """

    state: State
    since: datetime | None
    sentence: str
    lag: float = 0.0


@dataclass(frozen=True)
class Facts:
    """What the owner of the sync knows. ``trouble`` is empty while all goes well.

    ``walked``: there was a whole walk since the stream opened last. ``broken_at``: since when the
    stream is not open, None where nobody has tried.
    """

    connected: bool = False
    walked: bool = False
    behind: bool = False
    seeded: bool = False
    broken_at: datetime | None = None
    heard_at: datetime | None = None
    trouble: str = ""
    lag: float = 0.0


class Pulse:
    """The facts of one sync, written by it and read by every page, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts = Facts()

    def note(self, **facts: object) -> None:
        """Change some facts; rings the bell where that changes what a page says."""
        with self._lock:
            before, now = self._facts, replace(self._facts, **facts)  # type: ignore[arg-type]
            self._facts = now
        at = datetime.now(UTC)
        if _shown(before, at) != _shown(now, at):
            self.ring()

    @property
    def facts(self) -> Facts:
        """As they are now."""
        return self._facts

    def present(self, at: datetime | None = None) -> Freshness:
        """How fresh the mirror is at ``at``, without a query."""
        facts = self._facts
        now = at or datetime.now(UTC)
        state, sentence = _shown(facts, now)
        since = now if facts.connected else facts.heard_at
        return Freshness(state, since, sentence, facts.lag)

    def ring(self) -> None:
        """Have open pages look again."""
        get_bus().publish([topics.freshness()])


pulse = Pulse()
"""That of the process's one sync."""

present: Callable[[], Freshness] = pulse.present


def trouble_of(error: MobiusError) -> str:
    """What to tell a reader of a failed call; nothing that came from outside is in it."""
    match error:
        case Unauthorized():
            return "Mobius refuses the service key"
        case Denied():
            return "the service key is not meant for this project"
        case NotFound():
            return "Mobius does not know this project"
        case RateLimited():
            return "Mobius asks to be called less often"
        case Nonsense():
            return "Mobius gives answers that cannot be read"
        case _:
            return "Mobius is not answering"


def _shown(facts: Facts, now: datetime) -> tuple[State, str]:
    because = f": {facts.trouble}" if facts.trouble else ""
    blip = facts.broken_at is not None and now - facts.broken_at < BLIP
    if facts.connected and facts.walked and not facts.behind and not because:
        return "live", "Live."
    if not facts.seeded:
        if (facts.connected and not because) or blip:
            return "catching_up", "Reading everything for the first time."
        return "never", f"Nothing has been read yet{because}."
    if facts.connected:
        return "catching_up", f"Catching up{because}."
    if blip:
        return "catching_up", "Catching up."
    age = "some time" if facts.heard_at is None else _age(now - facts.heard_at)
    return "stale", f"Last updated {age} ago{because}."


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86400)} days"
