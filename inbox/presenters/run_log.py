"""Which part of a run's log a page shows: the newest, and older parts one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from inbox.mobius.types import EventKind
from inbox.models import Event, Run, Upstream

PART = 100
MOST = 400
"""The newest part grows while the page is open; past this it begins anew."""

KINDS = {
    "": ("Everything", ()),
    "people": ("People only", (EventKind.INTERACTION,)),
    "steps": ("Steps", (EventKind.STEP, EventKind.ACTION)),
    "status": ("Status", (EventKind.RUN,)),
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
    """``events`` come oldest first; ``earlier`` is when the one before them was, if any is."""

    events: Sequence[Event]
    total: int
    older: bool
    earlier: datetime | None

    @property
    def first(self) -> int | None:
        """The seq that it begins with."""
        return self.events[0].seq if self.events else None


def log_part(upstream: Upstream, run: Run, query: LogQuery) -> LogPart:
    """The part that ``query`` asks for. Two queries, three on an open page."""
    events = Event.objects.filter(upstream=upstream, run_id=run.mobius_id)
    _, kinds = KINDS[query.show]
    if kinds:
        events = events.filter(kind__in=[kind.value for kind in kinds])
    total = events.count()
    newest = events.order_by("-seq")
    if query.before is not None:
        return _part(newest.filter(seq__lt=query.before), total)
    if query.since is not None:
        shown = list(newest.filter(seq__gte=query.since)[: MOST + 1])
        if len(shown) <= MOST:
            before = newest.filter(seq__lt=query.since).first()
            return _made(shown, total, before)
    return _part(newest, total)


def _part(newest: QuerySet[Event], total: int) -> LogPart:
    found = list(newest[: PART + 1])
    return _made(found[:PART], total, found[PART] if len(found) > PART else None)


def _made(newest_first: list[Event], total: int, before: Event | None) -> LogPart:
    earlier = before.at if before is not None else None
    return LogPart(newest_first[::-1], total, before is not None, earlier)


def _seq(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
