"""How current the mirror is, and why. ``inbox/web/ui/freshness.py`` has the texts."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, Literal

from django.utils import timezone
from pydantic import TypeAdapter

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mobius.errors import (
    Denied,
    InvalidResponse,
    MobiusError,
    NotFound,
    OtherApi,
    RateLimited,
    Rejected,
    Silent,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from inbox.mobius.timing import Backoff
from inbox.mobius.types import Generation

State = Literal["live", "catching_up", "stale", "never"]

BLIP = timedelta(seconds=2)
"""A connection that comes back within this time is not shown as lost."""
DEAD = timedelta(minutes=5)
"""After this long without being live, an administrator should look at the sync."""
LONGEST_REASON = 200
"""The most characters of upstream's own message that are shown."""
_ID = re.compile(r"^(\S+ /\w+/)(?!(?:events|me)$)[^/]+")
"""The part of a request up to the ID in it, which follows the name of its kind."""


class Reason(StrEnum):
    KEY_REFUSED = "Mobius doesn't accept the service key"
    KEY_DENIED = "the service key isn't for this project"
    PROJECT_UNKNOWN = "Mobius doesn't know this project"
    RATE_LIMITED = "Mobius is limiting requests"
    REFUSED = "Mobius refused a request"
    TOO_LARGE = "Mobius sent a response that is too large to read"
    UNREADABLE = "Mobius sent a response that can't be read"
    OTHER_API = "Mobius uses another generation of the API than the one that was chosen"
    ERROR = "Mobius returned an error"
    NOT_RESPONDING = "Mobius isn't responding"
    SILENT = "the event stream is silent"
    STOPPED = "the sync has stopped"
    DATABASE_UNREACHABLE = "the inbox can't reach its database"
    DATABASE_SILENT = "the inbox's database isn't responding"
    DATABASE_READ_ONLY = "the inbox can't write to its database"
    DISK_FULL = "the disk of the inbox's database is full"

    @property
    def outage(self) -> str:
        """Names what can't be used; each other reason counts by itself."""
        if self in DATABASE_REASONS:
            return "database"
        return "Mobius" if self in (self.NOT_RESPONDING, self.ERROR) else self.value


DATABASE_REASONS = (
    Reason.DATABASE_UNREACHABLE,
    Reason.DATABASE_SILENT,
    Reason.DATABASE_READ_ONLY,
    Reason.DISK_FULL,
)
KEY_REASONS = (Reason.KEY_REFUSED, Reason.KEY_DENIED)


@dataclass(frozen=True)
class Trouble:
    """Attributes:
    call: the refused request, without ids.
    until: when a rate limit ends.
    generation: the one of the API that Mobius uses, if it is not the one that is read.
    request: the refused request with its ids; for administrators and the log only.
    message: what Mobius says, or why a stream broke; for administrators and the log only.
    silence: seconds that a stream sent nothing; for administrators and the log only.
    """

    reason: Reason
    status: int | None = None
    call: str = ""
    until: datetime | None = None
    generation: Generation | None = None
    request: str = field(default="", compare=False)
    message: str = field(default="", compare=False)
    silence: float = field(default=0.0, compare=False)

    @property
    def outage(self) -> str:
        return self.reason.outage

    def __str__(self) -> str:
        match self.reason:
            case Reason.SILENT:
                return self.message
            case Reason.RATE_LIMITED if self.until is not None:
                return f"{self.reason} until {timezone.localtime(self.until):%Y-%m-%d %H:%M}"
            case Reason.REFUSED:
                details = ": ".join(str(part) for part in (self.status, self.message) if part)
                refused = f"Mobius refused {self.request or 'a request'}"
                return f"{refused} ({details})" if details else refused
            case Reason.TOO_LARGE:
                return f"{self.reason} (MOBIUS_EVENT_LIMIT, MOBIUS_RESPONSE_LIMIT)"
            case Reason.ERROR:
                return f"{self.reason} ({self.status})"
            case _:
                which = f": {self.generation.upper()}" if self.generation else ""
                return f"{self.reason}{which}"


class Stage(Enum):
    """``WAITING``: the first sync cannot finish. ``NO_UPDATES``: none arrive, for a known reason or
    not.

    ``KEY_REFUSED``: the stream is open, but all other requests are refused.
    """

    LIVE = "live"
    FIRST_SYNC = "first sync"
    CATCHING_UP = "catching up"
    NOT_REACHED = "not reached"
    WAITING = "waiting"
    NO_UPDATES = "no updates"
    KEY_REFUSED = "key refused"


_STATES: dict[Stage, State] = {
    Stage.LIVE: "live",
    Stage.FIRST_SYNC: "catching_up",
    Stage.CATCHING_UP: "catching_up",
    Stage.NOT_REACHED: "never",
    Stage.WAITING: "never",
    Stage.NO_UPDATES: "stale",
    Stage.KEY_REFUSED: "stale",
}


@dataclass(frozen=True)
class Freshness:
    """Attributes:
    since: when upstream last sent something.
    because: the reason that every reader may see.
    lag: seconds between the arrival of the last event and its commit.
    skipped: names of records that are too large to be read; for administrators.
    repeats: Mobius sends the same page of a list again instead of the next.
    trouble: what is wrong, with what Mobius says; for administrators.
    unread: there has been no full sync yet, so an empty list means nothing.
    paused: Mobius cannot be reached, so no answer can be sent.
    other_api: Mobius has another API than the one that is used, so an empty list means nothing.
    dead: not live for so long that an administrator should look.
    """

    stage: Stage
    since: datetime | None
    no_updates_since: datetime | None = None
    because: Trouble | None = None
    lag: float = 0.0
    skipped: tuple[str, ...] = ()
    repeats: bool = False
    trouble: Trouble | None = None
    database: bool = True
    unread: bool = False
    paused: bool = False
    key_refused: bool = False
    other_api: bool = False
    dead: bool = False

    @property
    def state(self) -> State:
        return _STATES[self.stage]


@dataclass(frozen=True)
class Facts:
    """Attributes:
    full_sync_done: there has been a full sync since the stream last opened.
    seeded: there has ever been a full sync.
    broken_at: since when the stream has been closed; None before the first attempt.
    grace_until: until when a closed stream counts as open.
    silent: the open stream sent nothing for too long, and nothing has arrived since.
    live_until: how long the last poll keeps pages current; None if a stream is followed.
    not_live_since: None while it is live, and before the sync has started.
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
    trouble: Trouble | None = None
    lag: float = 0.0
    not_live_since: datetime | None = None
    skipped: tuple[str, ...] = ()
    repeats: bool = False
    database_problem: Reason | None = None
    database_failed_at: datetime | None = None

    @property
    def reason(self) -> Reason | None:
        """None for a silent stream: reopening it shows if Mobius responds."""
        if self.trouble is None or self.trouble.reason is Reason.SILENT:
            return None
        return self.trouble.reason


_FACTS = TypeAdapter(Facts)
_OF_THIS_PROCESS = ("database_problem", "database_failed_at")


class SyncStatus:
    """The facts of one sync. The sync writes them; pages read them, in any thread.

    While another process leads, they are of its ``report``. Each process finds out about the
    database by itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts = Facts()
        self._shown = _shown(self._facts, datetime.now(UTC))

    def update(self, **facts: object) -> None:
        at = datetime.now(UTC)
        with self._lock:
            before, now = self._facts, replace(self._facts, **facts)  # type: ignore[arg-type]
            if _stage(now, at)[0] is Stage.LIVE:
                now = replace(now, not_live_since=None)
            elif now != Facts() and now.not_live_since is None:
                now = replace(now, not_live_since=at)
            self._facts = now
        if _shown(before, at) != _shown(now, at):
            self.notify()

    def refresh(self) -> None:
        if _shown(self._facts, datetime.now(UTC)) != self._shown:
            self.notify()

    @property
    def facts(self) -> Facts:
        return self._facts

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = _FACTS.dump_python(self._facts, mode="json")
        return {name: fact for name, fact in found.items() if name not in _OF_THIS_PROCESS}

    def follow(self, report: dict[str, Any] | None) -> None:
        if report is None:
            since = self._facts.broken_at or datetime.now(UTC)
            self.update(connected=False, broken_at=since)
            return
        facts = _FACTS.validate_python(report)
        names = (field.name for field in fields(facts) if field.name not in _OF_THIS_PROCESS)
        self.update(**{name: getattr(facts, name) for name in names})

    def current(self, at: datetime | None = None) -> Freshness:
        facts = self._facts
        now = at or datetime.now(UTC)
        stage, no_updates_since, because = _stage(facts, now)
        return Freshness(
            stage=stage,
            since=now if facts.connected else facts.heard_at,
            no_updates_since=no_updates_since,
            because=because,
            lag=facts.lag,
            skipped=facts.skipped,
            repeats=facts.repeats,
            trouble=facts.trouble,
            database=facts.database_problem is None,
            unread=stage is not Stage.LIVE and not facts.seeded,
            paused=_STATES[stage] in ("stale", "never") and facts.reason is Reason.NOT_RESPONDING,
            key_refused=facts.reason in KEY_REASONS,
            other_api=facts.reason is Reason.OTHER_API,
            dead=any(
                since is not None and now - since > DEAD
                for since in (facts.heard_at, facts.not_live_since)
            ),
        )

    def notify(self) -> None:
        self._shown = _shown(self._facts, datetime.now(UTC))
        get_bus().publish_here([topics.freshness()])


def trouble_of(error: MobiusError) -> Trouble:
    match error:
        case Silent():
            message, silence = error.message.rstrip("."), error.silence or 0.0
            trouble = Trouble(Reason.SILENT, message=message, silence=silence)
        case Unauthorized():
            trouble = Trouble(Reason.KEY_REFUSED)
        case Denied():
            trouble = Trouble(Reason.KEY_DENIED)
        case NotFound() if error.is_of_project:
            trouble = Trouble(Reason.PROJECT_UNKNOWN)
        case RateLimited():
            trouble = Trouble(Reason.RATE_LIMITED, until=_minute_after(error.retry_after))
        case NotFound() | Rejected():
            trouble = Trouble(
                Reason.REFUSED,
                status=error.status,
                call=_ID.sub(r"\1…", error.request),
                request=error.request,
                message=_one_line(error.upstream_message),
            )
        case TooLarge():
            trouble = Trouble(Reason.TOO_LARGE)
        case OtherApi():
            trouble = Trouble(Reason.OTHER_API, generation=error.generation)
        case InvalidResponse():
            trouble = Trouble(Reason.UNREADABLE)
        case Unavailable() if error.status:
            trouble = Trouble(Reason.ERROR, status=error.status)
        case _:
            trouble = Trouble(Reason.NOT_RESPONDING)
    return trouble


def _one_line(message: str) -> str:
    line = " ".join(message.split()).rstrip(".")
    return f"{line[:LONGEST_REASON]}…" if len(line) > LONGEST_REASON else line


def _minute_after(seconds: float | None) -> datetime | None:
    """The first whole minute that is at least ``seconds`` away; None without ``seconds``."""
    if not seconds:
        return None
    ends = datetime.now(UTC) + timedelta(seconds=min(seconds, Backoff.longest_retry_after))
    return (ends + timedelta(seconds=59, microseconds=999_999)).replace(second=0, microsecond=0)


def _shown(facts: Facts, now: datetime) -> tuple[object, ...]:
    """Times are to the minute, since a text shows no more."""
    stage, since, because = _stage(facts, now)
    minute = since and since.replace(second=0, microsecond=0)
    return stage, minute, because, timezone.localdate(now) if since else None


def _stage(facts: Facts, now: datetime) -> tuple[Stage, datetime | None, Trouble | None]:
    if facts.database_problem is not None:
        since = facts.database_failed_at
        if not facts.connected and facts.heard_at is not None and since is not None:
            since = min(since, facts.heard_at)
        return Stage.NO_UPDATES, since, Trouble(facts.database_problem)
    return _sync_stage(facts, now)


def _sync_stage(facts: Facts, now: datetime) -> tuple[Stage, datetime | None, Trouble | None]:
    because = facts.trouble if facts.reason else None
    connected = facts.connected and (facts.live_until is None or now < facts.live_until)
    blip = facts.broken_at is not None and now - facts.broken_at < BLIP
    if _is_live(facts, connected, now):
        return Stage.LIVE, None, None
    if not facts.seeded:
        if (connected and because is None) or blip:
            return Stage.FIRST_SYNC, None, None
        reached = facts.heard_at is not None or facts.reason is not Reason.NOT_RESPONDING
        return (Stage.WAITING, None, because) if reached else (Stage.NOT_REACHED, None, None)
    if connected and facts.reason in KEY_REASONS:
        return Stage.KEY_REFUSED, None, because
    if facts.silent or not (connected or blip):
        return Stage.NO_UPDATES, facts.heard_at, because
    return Stage.CATCHING_UP, None, because if connected else None


def _is_live(facts: Facts, connected: bool, now: datetime) -> bool:
    if facts.silent:
        return False
    if connected and facts.full_sync_done and not facts.behind and facts.reason is None:
        return True
    # A stream that reopens soon counts as open throughout, unless a later request fails.
    in_grace = facts.grace_until is not None and now < facts.grace_until
    return in_grace and facts.seeded and not (connected and facts.reason)


sync_status = SyncStatus()

current: Callable[[], Freshness] = sync_status.current
