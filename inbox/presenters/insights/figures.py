"""The figures of a span, added up from the tallies. One query."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from inbox.mirror.durations import quantile
from inbox.mirror.tally import APPROVAL
from inbox.models import Interaction, Tally, Upstream
from inbox.presenters.insights.query import Query

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
