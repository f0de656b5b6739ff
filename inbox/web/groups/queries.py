"""Figures of groups, read along the index of the mirror's interactions."""

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
"""Answers of one group that are looked at: more would make the figure dearer and no truer."""


@dataclass(frozen=True)
class Waiting:
    """What waits on a group, as far as the viewer may see it."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True)
class Pace:
    """How long a group took, in seconds; None where it has answered nothing."""

    answers: int = 0
    median: float | None = None
    most: float | None = None

    @property
    def answers_words(self) -> str:
        """How many times, with a plus sign where not all was looked at."""
        if self.answers < NEWEST:
            return str(self.answers)
        return _("the newest %(count)d") % {"count": NEWEST}

    @property
    def median_words(self) -> str:
        """``24 min``, or a dash."""
        return "–" if self.median is None else span(self.median)

    @property
    def most_words(self) -> str:
        """Nine of ten are within this."""
        return "–" if self.most is None else span(self.most)


def waiting(viewer: Viewer, upstream: Upstream, ids: Iterable[str]) -> dict[str, Waiting]:
    """What waits on each group. One query, which reads the index alone for a lead."""
    rows = open_of(viewer, upstream).filter(group_id__in=list(ids))
    counted = rows.values("group_id").annotate(count=Count("id"), since=Min("created_at"))
    return {str(row["group_id"]): Waiting(row["count"], row["since"]) for row in counted.order_by()}


def open_of(viewer: Viewer, upstream: Upstream) -> QuerySet[Interaction]:
    """Open questions that the viewer may see; a group's are in the order of its index."""
    # ``gone=False`` becomes a bare column, which SQLite does not look up in the index.
    return access.interactions(viewer, upstream).filter(status="pending", gone__in=(False,))


def pace(upstream: Upstream, group_id: str, now: datetime) -> Pace:
    """From being asked to the last answer that was needed, over ``DAYS`` with today. One query."""
    answered = Interaction.objects.filter(
        upstream=upstream,
        group_id=group_id,
        status="completed",
        gone__in=(False,),
        completed_at__gte=midnight(now) - timedelta(days=DAYS - 1),
    )
    times = answered.order_by("-completed_at").values_list("created_at", "completed_at")[:NEWEST]
    took = sorted((done - asked).total_seconds() for asked, done in times if done is not None)
    if not took:
        return Pace()
    return Pace(len(took), median(took), took[min(len(took) - 1, int(len(took) * 0.9))])
