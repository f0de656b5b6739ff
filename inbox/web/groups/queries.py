from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Min, QuerySet
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Viewer
from inbox.models import Interaction, Upstream
from inbox.web.ui.when import midnight, span

DAYS = 90
NEWEST = 500
"""How many of a group's answers are read: more would be slower and change little."""


@dataclass(frozen=True)
class Waiting:
    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class AnswerTimes:
    """In seconds; None if the group hasn't answered anything."""

    answers: int = 0
    median: float | None = None
    p90: float | None = None

    @property
    def answers_words(self) -> str:
        if self.answers < NEWEST:
            return str(self.answers)
        return _("the newest %(count)d") % {"count": NEWEST}

    @property
    def median_words(self) -> str:
        """``24 min``, or a dash."""
        return "–" if self.median is None else span(self.median)

    @property
    def p90_words(self) -> str:
        return "–" if self.p90 is None else span(self.p90)


def waiting(viewer: Viewer, upstream: Upstream, ids: Iterable[str]) -> dict[str, Waiting]:
    """For a lead, this reads only the index."""
    rows = open_of(viewer, upstream).filter(group_id__in=list(ids))
    counted = rows.values("group_id").annotate(count=Count("id"), since=Min("created_at"))
    return {str(row["group_id"]): Waiting(row["count"], row["since"]) for row in counted.order_by()}


def open_of(viewer: Viewer, upstream: Upstream) -> QuerySet[Interaction]:
    """In the order of the group's index."""
    return access.interactions(viewer, upstream).pending_by_index()


def answer_times(upstream: Upstream, group_id: str, now: datetime) -> AnswerTimes:
    """From a question to its last required answer, over ``DAYS`` including today."""
    answered = Interaction.objects.filter(
        upstream=upstream,
        group_id=group_id,
        status="completed",
        deleted__in=(False,),
        completed_at__gte=midnight(now) - timedelta(days=DAYS - 1),
    )
    times = answered.order_by("-completed_at").values_list("created_at", "completed_at")[:NEWEST]
    seconds = sorted(
        (answered_at - asked_at).total_seconds()
        for asked_at, answered_at in times
        if answered_at is not None
    )
    if not seconds:
        return AnswerTimes()
    return AnswerTimes(
        len(seconds), median(seconds), seconds[min(len(seconds) - 1, int(len(seconds) * 0.9))]
    )
