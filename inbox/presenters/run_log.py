"""Which part of a run's log a page shows: the newest, and older parts one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from inbox.mirror.states import RUN_CANCELLED
from inbox.mobius.types import EventKind
from inbox.models import Event, Run, Upstream

PART = 100
MOST = 400
"""The newest part grows while the page is open; past this it begins anew."""

KINDS = {
    "": ("Everything", Q()),
    "people": ("People only", Q(kind=EventKind.INTERACTION) | Q(data__error_type=RUN_CANCELLED)),
    "steps": ("Steps", Q(kind__in=(EventKind.STEP, EventKind.ACTION))),
    "status": ("Status", Q(kind=EventKind.RUN)),
}


@dataclass(frozen=True)
class LogQuery:
    """``show`` is a key of ``KINDS``; ``before``: events older than this seq; ``since``: those
    from this seq on, which an open page shows already.
    """

    show: str = ""
    before: int | None = None
    since: int | None = None

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "LogQuery":
        """Of ``?show=``, ``?before=`` and ``?from=``."""
        show = str(query.get("show") or "")
        return cls(
            show if show in KINDS else "", _seq(query.get("before")), _seq(query.get("from"))
        )

    def href(self, page: str, **more: int | str | None) -> str:
        """The page of the run with this part of its log."""
        said = {"show": self.show, **more}
        text = urlencode({key: value for key, value in said.items() if value})
        return f"{page}?{text}" if text else page


@dataclass(frozen=True)
class LogPart:
    """``events`` come oldest first; ``total`` is None where it was not counted. ``earlier`` is when
    the one before them was, if any is, and ``until`` when the last one was, where newer ones
    follow.
    """

    events: Sequence[Event]
    total: int | None
    older: bool
    earlier: datetime | None
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """What happened then belongs into this part."""
        after = self.earlier is None or at > self.earlier
        return after and (self.until is None or at <= self.until)

    @property
    def first(self) -> int | None:
        """The seq that it begins with."""
        return self.events[0].seq if self.events else None


def log_part(upstream: Upstream, run: Run, query: LogQuery, *, counted: bool) -> LogPart:
    """The part that ``query`` asks for. One query, two on an open page; one more if ``counted``."""
    events = Event.objects.filter(upstream=upstream, run_id=run.mobius_id)
    _, kinds = KINDS[query.show]
    events = events.filter(kinds)
    total = events.count() if counted else None
    newest = events.order_by("-seq")
    if query.before is not None:
        part = _part(newest.filter(seq__lt=query.before), total)
        return replace(part, until=part.events[-1].at if part.events else None)
    if query.since is not None:
        shown = list(newest.filter(seq__gte=query.since)[: MOST + 1])
        if len(shown) <= MOST:
            before = newest.filter(seq__lt=query.since).first()
            return _made(shown, total, before)
    return _part(newest, total)


def _part(newest: QuerySet[Event], total: int | None) -> LogPart:
    found = list(newest[: PART + 1])
    return _made(found[:PART], total, found[PART] if len(found) > PART else None)


def _made(newest_first: list[Event], total: int | None, before: Event | None) -> LogPart:
    earlier = before.at if before is not None else None
    return LogPart(newest_first[::-1], total, before is not None, earlier)


def _seq(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
