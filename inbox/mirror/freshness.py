"""How old the mirror is, in words."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.utils import dateformat, timezone

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mobius.errors import (
    Denied,
    MobiusError,
    Nonsense,
    NotFound,
    RateLimited,
    Rejected,
    Silent,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from inbox.mobius.pace import Backoff

State = Literal["live", "catching_up", "stale", "never"]

BLIP = timedelta(seconds=2)
"""A connection that comes back within this time was never away, as far as a reader cares."""
DEAD = timedelta(minutes=5)
"""A sync that has not been live for this long needs an administrator."""
KEY_REFUSED = "Mobius refuses the service key"
KEY_DENIED = "the service key isn't for this project"
NOT_ANSWERING = "Mobius isn't responding"
LONGEST_REASON = 200
"""Characters of upstream's own message that are shown."""
_ID = re.compile(r"^(\S+ /\w+/)(?!(?:events|me)$)[^/]+")
"""A request up to the id in it: what follows the name of its kind."""


@dataclass(frozen=True)
class Freshness:
    """``since`` is when upstream was last heard; ``sentence`` says all of it to a reader.

    ``lag`` is how long the last event waited between its arrival and the commit, in seconds.
    For administrators, ``skipped`` names records that are too large to be read, ``repeats`` says
    that Mobius gives a page of a list again and again in place of what follows, and ``explained``
    is what is wrong, with what Mobius says; empty where ``sentence`` says it all. ``database`` is
    False while the inbox cannot use its own database. ``unread``: upstream has never been read
    whole, so that an empty list means nothing. ``paused``: upstream cannot be reached, so that no
    answer can be sent. ``key_refused``: it refuses the service key, so that nobody can answer with
    that.
    """

    state: State
    since: datetime | None
    sentence: str
    lag: float = 0.0
    skipped: tuple[str, ...] = ()
    repeats: bool = False
    explained: str = ""
    database: bool = True
    unread: bool = False
    paused: bool = False
    key_refused: bool = False


@dataclass(frozen=True)
class Facts:
    """What the owner of the sync knows. ``trouble`` is empty while all goes well; ``explained`` is
    the same for administrators.

    ``full_sync_done``: there was a full sync since the stream opened last. ``seeded``: there was
    one ever.
    ``broken_at``: since when the stream is not open, None where nobody has tried. ``grace_until``:
    until when a stream that was closed counts as open. ``silent``: the stream was open, nothing
    came for too long, and nothing has come since. ``not_live_since``: None while it is live, and
    before the sync has begun. ``skipped``, ``repeats``: as in ``Freshness``. ``live_until``: how
    long the last poll keeps pages current, None where a stream is followed. ``database_problem`` is
    empty while the database can be used.
    """

    connected: bool = False
    full_sync_done: bool = False
    behind: bool = False
    seeded: bool = False
    broken_at: datetime | None = None
    grace_until: datetime | None = None
    silent: bool = False
    live_until: datetime | None = None
    heard_at: datetime | None = None
    trouble: str = ""
    explained: str = ""
    lag: float = 0.0
    not_live_since: datetime | None = None
    skipped: tuple[str, ...] = ()
    repeats: bool = False
    database_problem: str = ""
    database_failed_at: datetime | None = None


class SyncStatus:
    """The facts of one sync, written by it and read by every page, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts = Facts()
        self._told = _shown(self._facts, datetime.now(UTC))

    def update(self, **facts: object) -> None:
        """Change some facts; rings the bell where that changes what a page says."""
        at = datetime.now(UTC)
        if "trouble" in facts:
            facts = {"explained": facts["trouble"], **facts}
        with self._lock:
            before, now = self._facts, replace(self._facts, **facts)  # type: ignore[arg-type]
            if _shown(now, at)[0] == "live":
                now = replace(now, not_live_since=None)
            elif now != Facts() and now.not_live_since is None:
                now = replace(now, not_live_since=at)
            self._facts = now
        if _shown(before, at) != _shown(now, at):
            self.notify()

    def refresh(self) -> None:
        """Ring the bell where time alone has changed what a page says."""
        if _shown(self._facts, datetime.now(UTC)) != self._told:
            self.notify()

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
        return Freshness(
            state,
            since,
            sentence,
            facts.lag,
            facts.skipped,
            facts.repeats,
            facts.explained if state != "live" and facts.explained != facts.trouble else "",
            database=not facts.database_problem,
            unread=state != "live" and not facts.seeded,
            paused=state in ("stale", "never") and facts.trouble == NOT_ANSWERING,
            key_refused=facts.trouble in (KEY_REFUSED, KEY_DENIED),
        )

    def problems(self, at: datetime | None = None) -> list[str]:
        """What an administrator should look at, though pages still open. Empty for nothing."""
        facts, now = self._facts, at or datetime.now(UTC)
        found = []
        if facts.trouble in (KEY_REFUSED, KEY_DENIED):
            found.append(f"{_capitalized(facts.trouble)}.")
        silent = facts.heard_at is not None and now - facts.heard_at > DEAD
        if silent or (facts.not_live_since is not None and now - facts.not_live_since > DEAD):
            found.append(f"Pages aren't being kept up to date: {_shown(facts, now)[1]}")
        return found

    def notify(self) -> None:
        """Have open pages look again."""
        self._told = _shown(self._facts, datetime.now(UTC))
        get_bus().publish([topics.freshness()])


def trouble_of(error: MobiusError) -> str:
    """What to tell a reader of a failed call, as a clause: no ids, and nothing that Mobius says."""
    said = NOT_ANSWERING
    match error:
        case Silent():
            # There may be no news: reopening the stream shows whether Mobius answers.
            said = ""
        case Unauthorized():
            said = KEY_REFUSED
        case Denied():
            said = KEY_DENIED
        case NotFound() if error.is_of_project:
            said = "Mobius doesn't know this project"
        case RateLimited():
            said = "Mobius is limiting requests"
            if error.retry_after:
                said += f" until {_minute_after(error.retry_after)}"
        case NotFound() | Rejected():
            call = _ID.sub(r"\1…", error.request)
            said = f"Mobius refuses {call or 'a request'}"
            if error.status:
                said += f" ({error.status})"
        case TooLarge():
            said = "Mobius sent more data at once than can be read"
        case Nonsense():
            said = "Mobius sent a response that can't be read"
        case Unavailable() if error.status:
            said = f"Mobius returned an error ({error.status})"
    return said


def explained(error: MobiusError) -> str:
    """``trouble_of`` for administrators and the log: what was refused, what Mobius says, and which
    settings decide.
    """
    if isinstance(error, Silent):
        return error.message.rstrip(".")
    if isinstance(error, Rejected) or (isinstance(error, NotFound) and not error.is_of_project):
        return f"Mobius refuses {error.request or 'a request'} ({_quoted(error)})"
    if isinstance(error, TooLarge):
        return f"{trouble_of(error)} (MOBIUS_EVENT_LIMIT, MOBIUS_RESPONSE_LIMIT)"
    return trouble_of(error)


def _quoted(error: MobiusError) -> str:
    """What Mobius itself says, in one line."""
    said = " ".join(error.message.split()).rstrip(".")
    if len(said) > LONGEST_REASON:
        said = f"{said[:LONGEST_REASON]}…"
    return f"{error.status}: {said}" if error.status else said


def _minute_after(seconds: float) -> str:
    """The next whole minute that is at least so many seconds away."""
    now = timezone.localtime()
    return _clock(now + timedelta(seconds=min(seconds, Backoff.longest_retry_after) + 59), now)


def _clock(at: datetime, now: datetime) -> str:
    """With its date on another day than ``now``; both are local."""
    return dateformat.format(at, "H:i" if at.date() == now.date() else "j M, H:i")


def _shown(facts: Facts, now: datetime) -> tuple[State, str]:
    if facts.database_problem:
        since = facts.database_failed_at
        if not facts.connected and facts.heard_at is not None and since is not None:
            since = min(since, facts.heard_at)
        return "stale", f"{_no_updates_since(since, now)}: {facts.database_problem}."
    return _state_of_sync(facts, now)


def _state_of_sync(facts: Facts, now: datetime) -> tuple[State, str]:
    because = f": {facts.trouble}" if facts.trouble else ""
    connected = facts.connected and (facts.live_until is None or now < facts.live_until)
    blip = facts.broken_at is not None and now - facts.broken_at < BLIP
    if _is_live(facts, connected, now):
        return "live", "Live."
    if not facts.seeded:
        if (connected and not because) or blip:
            return "catching_up", "First sync in progress."
        reached = facts.heard_at is not None or facts.trouble != NOT_ANSWERING
        nothing = f"Waiting for the first sync{because}."
        return "never", nothing if reached else "Mobius hasn't been reached yet."
    if connected and facts.trouble in (KEY_REFUSED, KEY_DENIED):
        return "stale", f"{_capitalized(facts.trouble)}."
    if facts.silent or not (connected or blip):
        return "stale", f"{_no_updates_since(facts.heard_at, now)}{because}."
    return "catching_up", f"Catching up{because if connected else ''}."


def _is_live(facts: Facts, connected: bool, now: datetime) -> bool:
    if facts.silent:
        return False
    if connected and facts.full_sync_done and not facts.behind and not facts.trouble:
        return True
    # A stream that is opened again soon was never away, unless what follows fails.
    in_grace = facts.grace_until is not None and now < facts.grace_until
    return in_grace and facts.seeded and not (connected and facts.trouble)


def _no_updates_since(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "No updates"
    return f"No updates since {_clock(timezone.localtime(at), timezone.localtime(now))}"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


sync_status = SyncStatus()
"""That of the process's one sync."""

present: Callable[[], Freshness] = sync_status.present
