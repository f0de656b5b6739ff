"""What the address of *Insights* asks for, and its figures, in one query."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum

from inbox.mirror.durations import quantile
from inbox.mirror.tally import APPROVAL
from inbox.models import Interaction, Tally, Upstream

SPANS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year"}
USUAL = "30"
LONGEST = 1096
"""Days."""


@dataclass(frozen=True)
class Query:
    """``span`` is a key of ``SPANS``, or empty where ``first`` and ``last`` were chosen by hand.

    ``adjusted``: the days are not those that were asked for, which are none, are to come, too many
    or in the wrong order. The rest are empty for all: ``person`` is a Mobius user id.
    """

    span: str
    first: date
    last: date
    workflow: str = ""
    type: str = ""
    group: str = ""
    person: str = ""
    adjusted: bool = False

    @classmethod
    def read(cls, told: Mapping[str, Any], today: date, *, by_person: bool = True) -> "Query":
        """Read a query string; what it does not know is left out, what is to come is cut off."""
        names = ("workflow", "type", "group", *(["person"] if by_person else []))
        chosen = {name: str(told.get(name) or "")[:300] for name in names}
        asked = [told.get("from") or None, told.get("to") or None]
        days = [_day(one) for one in asked]
        if any(days):
            last = min(days[1] or today, today)
            first = min(days[0] or last, today)
            first, last = min(first, last), max(first, last)
            first = max(first, last - timedelta(days=LONGEST - 1))
            right = [first.isoformat(), last.isoformat()]
            adjusted = any(a and a != b for a, b in zip(asked, right, strict=True))
            return cls("", first, last, **chosen, adjusted=adjusted)
        span = str(told.get("span") or "")
        span = span if span in SPANS else USUAL
        first = today - timedelta(days=int(span) - 1)
        return cls(span, first, today, **chosen, adjusted=any(asked))

    @property
    def days(self) -> list[date]:
        """Each day of the span."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def narrowed(self) -> bool:
        """Not everything is counted."""
        return bool(self.workflow or self.type or self.group or self.person)

    def text(self) -> str:
        """The query string, without its question mark."""
        days = (
            {"span": self.span}
            if self.span
            else {"from": self.first.isoformat(), "to": self.last.isoformat()}
        )
        rest = {name: getattr(self, name) for name in ("workflow", "type", "group", "person")}
        return urlencode(days | {name: value for name, value in rest.items() if value})

    def spanning(self, span: str) -> "Query":
        """The same of other days."""
        return replace(self, span=span)

    def everything(self) -> "Query":
        """The same days, of everybody."""
        return replace(self, workflow="", type="", group="", person="")


def _day(told: object) -> date | None:
    try:
        return date.fromisoformat(str(told or ""))
    except ValueError:
        return None


MEMORY = timedelta(days=90)
"""So far back it is looked for what is usual."""


@dataclass
class Figures:
    """Of one day, or of all. ``unapproved`` are the approvals that expired.

    ``zone`` is the time zone by whose midnights the day was counted.
    """

    asked: int = 0
    answered: int = 0
    expired: int = 0
    cancelled: int = 0
    bypassed: int = 0
    approved: int = 0
    rejected: int = 0
    unapproved: int = 0
    claim_times: dict[str, int] = field(default_factory=dict)
    answer_times: dict[str, int] = field(default_factory=dict)
    zone: str = ""

    def include(self, other: "Figures") -> None:
        """Add another's."""
        self.asked += other.asked
        self.answered += other.answered
        self.expired += other.expired
        self.cancelled += other.cancelled
        self.bypassed += other.bypassed
        self.approved += other.approved
        self.rejected += other.rejected
        self.unapproved += other.unapproved
        # The innermost loop of the page: half a million times for a busy year.
        for sums, times in (
            (self.claim_times, other.claim_times),
            (self.answer_times, other.answer_times),
        ):
            known = sums.get
            for bucket, number in times.items():
                sums[bucket] = known(bucket, 0) + number

    @property
    def claims(self) -> int:
        """How many questions were claimed."""
        return sum(self.claim_times.values())

    @property
    def ended(self) -> int:
        """Answered or closed unanswered."""
        return self.answered + self.expired + self.cancelled + self.bypassed

    def claim(self, share: float) -> float | None:
        """Seconds within which ``share`` of all claims came."""
        return quantile(self.claim_times, share)

    def answer(self, share: float) -> float | None:
        """Seconds within which ``share`` of all answers came."""
        return quantile(self.answer_times, share)


def read(upstream: Upstream, query: Query) -> tuple[Figures, dict[date, Figures]]:
    """The figures of the whole span, and of each of its days."""
    days = {day: Figures(zone=upstream.counted_in(day)) for day in query.days}
    rows = _chosen(upstream, query).filter(day__range=(query.first, query.last))
    counts = ("asked", "answered", "expired", "cancelled", "bypassed", "approved", "rejected")
    columns = ("day", "type", *counts, "claim_times", "answer_times")
    for day, type_, asked, answered, expired, *rest in rows.values_list(*columns).iterator():
        cancelled, bypassed, approved, rejected, claims, answers = rest
        unapproved = expired if type_ == APPROVAL else 0
        ended = (answered, expired, cancelled, bypassed, approved, rejected, unapproved)
        days[day].include(Figures(asked, *ended, claims, answers))
    total = Figures()
    for each in days.values():
        total.include(each)
    return total, days


def _chosen(upstream: Upstream, query: Query) -> QuerySet[Tally]:
    rows = Tally.objects.filter(upstream=upstream, person=query.person)
    wanted = {"workflow": query.workflow, "type": query.type, "group_id": query.group}
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def known(upstream: Upstream) -> list[tuple[str, str, str]]:
    """Every workflow, type and group that has ever asked, together as they did. One query."""
    rows = Tally.objects.filter(upstream=upstream, person="")
    return list(rows.values_list("workflow", "type", "group_id").distinct())


def usual(upstream: Upstream, query: Query, today: date) -> dict[tuple[str, str, str], float]:
    """The share of what was answered or expired that was answered, by workflow, type and group.

    The key of three empty texts has it of all of them. One query.
    """
    rows = _chosen(upstream, query).filter(day__gt=today - MEMORY)
    sums = rows.values_list("workflow", "type", "group_id").annotate(
        Sum("answered"), Sum("expired")
    )
    shares: dict[tuple[str, str, str], float] = {}
    answered = ended = 0
    for workflow, type_, group, came, missed in sums.order_by():
        if came + missed:
            shares[workflow, type_, group] = came / (came + missed)
        answered, ended = answered + came, ended + came + missed
    if ended:
        shares["", "", ""] = answered / ended
    return shares


def waiting(upstream: Upstream, query: Query) -> QuerySet[Interaction]:
    """What is open now."""
    # ``gone`` as the condition of the partial index ``interaction_oldest`` has it.
    rows = Interaction.objects.filter(upstream=upstream, status="pending", gone=False)
    if query.person:
        rows = rows.filter(recipients__user_id=query.person, recipients__open=True)
    wanted = {"workflow": query.workflow, "type": query.type, "group_id": query.group}
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def aged(
    rows: QuerySet[Interaction], bounds: dict[str, tuple[datetime, datetime]]
) -> dict[str, int]:
    """How many were asked within each of the stretches, the later instant excluded. One query."""
    within = {
        key: Count("id", filter=Q(created_at__gt=since, created_at__lte=until))
        for key, (since, until) in bounds.items()
    }
    return rows.aggregate(**within)


def expiring(
    rows: QuerySet[Interaction], now: datetime, bounds: dict[str, tuple[datetime, datetime]]
) -> list[Any]:
    """By workflow, type and group: how many expire within each of the stretches. One query."""
    until = max(end for _, end in bounds.values())
    within = {
        key: Count("id", filter=Q(expires_at__gt=since, expires_at__lte=end))
        for key, (since, end) in bounds.items()
    }
    soon = rows.filter(expires_at__gt=now, expires_at__lte=until)
    return list(soon.values("workflow", "type", "group_id").annotate(**within).order_by())
