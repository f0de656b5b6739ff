from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext_lazy, gettext_noop

from inbox.mirror.durations import quantile
from inbox.mirror.tally import APPROVAL
from inbox.models import Interaction, Tally, Upstream
from inbox.web.ui.lists import ListForm, OneOf, Text

SPANS = {
    "7": gettext_noop("7 days"),
    "30": gettext_noop("30 days"),
    "90": gettext_noop("90 days"),
    "365": gettext_noop("1 year"),
}
DEFAULT_SPAN = "30"
LONGEST = 1096
"""Days."""


class InsightsFilters(ListForm):
    """``span`` is a key of ``SPANS``, or empty for days chosen by hand. ``adjusted``: the days
    asked for are invalid, in the future or too many; ``swapped``: in the wrong order.
    """

    url_name = "insights"
    not_filters = ("span", "from", "to")

    span = OneOf(SPANS)
    workflow = Text(label=gettext_lazy("Workflow"))
    type = Text(label=gettext_lazy("Type"))
    group = Text(label=gettext_lazy("Group"))
    person = Text(label=gettext_lazy("Person"))

    today: date
    first: date
    last: date
    adjusted: bool
    swapped: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # ``from`` can't be the name of an attribute.
        for name in ("from", "to"):
            self.fields[name] = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, Any]:
        """``first`` and ``last`` never reach into the future."""
        cleaned = super().clean()
        if not settings.INSIGHTS_BY_PERSON:
            cleaned["person"] = ""
        self.today = localdate(timezone=get_default_timezone())
        self.swapped = bool(cleaned["from"] and cleaned["to"] and cleaned["from"] > cleaned["to"])
        if cleaned["from"] or cleaned["to"]:
            last = min(cleaned["to"] or self.today, self.today)
            first, last = sorted((min(cleaned["from"] or last, self.today), last))
            if (last - first).days >= LONGEST:
                first = last - timedelta(days=LONGEST - 1)
            cleaned |= {"span": "", "from": first.isoformat(), "to": last.isoformat()}
        else:
            cleaned["span"] = cleaned["span"] or DEFAULT_SPAN
            first, last = self.today - timedelta(days=int(cleaned["span"]) - 1), self.today
        self.first, self.last = first, last
        entered = {name: self.data.get(name) for name in ("from", "to")}
        self.adjusted = any(text and text != cleaned[name] for name, text in entered.items())
        return cleaned

    @property
    def days(self) -> list[date]:
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]


HISTORY = timedelta(days=90)
"""How far back ``answered_shares`` looks."""


@dataclass
class Figures:
    """``unapproved`` are the approvals that expired; ``zone`` is the time zone of the day."""

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

    def add(self, other: "Figures") -> None:
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
            previous = sums.get
            for bucket, number in times.items():
                sums[bucket] = previous(bucket, 0) + number

    @property
    def claims(self) -> int:
        return sum(self.claim_times.values())

    @property
    def ended(self) -> int:
        return self.answered + self.expired + self.cancelled + self.bypassed

    def claim(self, share: float) -> float | None:
        """In seconds."""
        return quantile(self.claim_times, share)

    def answer(self, share: float) -> float | None:
        """In seconds."""
        return quantile(self.answer_times, share)


def read(upstream: Upstream, filters: InsightsFilters) -> tuple[Figures, dict[date, Figures]]:
    days = {day: Figures(zone=upstream.counted_in(day)) for day in filters.days}
    rows = _tallies(upstream, filters).filter(day__range=(filters.first, filters.last))
    counts = ("asked", "answered", "expired", "cancelled", "bypassed", "approved", "rejected")
    columns = ("day", "type", *counts, "claim_times", "answer_times")
    for day, type_, asked, answered, expired, *rest in rows.values_list(*columns).iterator():
        cancelled, bypassed, approved, rejected, claims, answers = rest
        unapproved = expired if type_ == APPROVAL else 0
        ended = (answered, expired, cancelled, bypassed, approved, rejected, unapproved)
        days[day].add(Figures(asked, *ended, claims, answers))
    total = Figures()
    for figures in days.values():
        total.add(figures)
    return total, days


def _tallies(upstream: Upstream, filters: InsightsFilters) -> QuerySet[Tally]:
    rows = Tally.objects.filter(upstream=upstream, person=filters.cleaned_data["person"])
    return rows.filter(**_conditions(filters))


def _conditions(filters: InsightsFilters) -> dict[str, str]:
    columns = {"workflow": "workflow", "type": "type", "group": "group_id"}
    cleaned = filters.cleaned_data
    return {column: cleaned[name] for name, column in columns.items() if cleaned[name]}


def combinations(upstream: Upstream) -> list[tuple[str, str, str]]:
    rows = Tally.objects.filter(upstream=upstream, person="")
    return list(rows.values_list("workflow", "type", "group_id").distinct())


def answered_shares(
    upstream: Upstream, filters: InsightsFilters
) -> dict[tuple[str, str, str], float]:
    """By workflow, type and group, with three empty strings for all; open questions don't count."""
    rows = _tallies(upstream, filters).filter(day__gt=filters.today - HISTORY)
    sums = rows.values_list("workflow", "type", "group_id").annotate(
        Sum("answered"), Sum("expired")
    )
    shares: dict[tuple[str, str, str], float] = {}
    answered = ended = 0
    for workflow, type_, group, in_time, missed in sums.order_by():
        if in_time + missed:
            shares[workflow, type_, group] = in_time / (in_time + missed)
        answered, ended = answered + in_time, ended + in_time + missed
    if ended:
        shares["", "", ""] = answered / ended
    return shares


def waiting(upstream: Upstream, filters: InsightsFilters) -> QuerySet[Interaction]:
    # ``deleted`` as in the condition of the partial index ``interaction_oldest``.
    rows = Interaction.objects.filter(upstream=upstream, status="pending", deleted=False)
    rows = rows.exclude(pk__in=upstream.tests())
    if person := filters.cleaned_data["person"]:
        rows = rows.filter(recipients__user_id=person, recipients__open=True)
    return rows.filter(**_conditions(filters))


def count_by_age(
    rows: QuerySet[Interaction], bounds: dict[str, tuple[datetime, datetime]]
) -> dict[str, int]:
    """The start of a range is excluded."""
    within = {
        key: Count("id", filter=Q(created_at__gt=since, created_at__lte=until))
        for key, (since, until) in bounds.items()
    }
    return rows.aggregate(**within)


def expiring(
    rows: QuerySet[Interaction], now: datetime, bounds: dict[str, tuple[datetime, datetime]]
) -> list[Any]:
    until = max(end for _, end in bounds.values())
    within = {
        key: Count("id", filter=Q(expires_at__gt=since, expires_at__lte=end))
        for key, (since, end) in bounds.items()
    }
    soon = rows.filter(expires_at__gt=now, expires_at__lte=until)
    return list(soon.values("workflow", "type", "group_id").annotate(**within).order_by())
