"""When team leads are told that the runs of a workflow fail."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from inbox.models import FailureLimit, Reviewer, Run


def limits_of(reviewers: Iterable[Reviewer]) -> dict[int, FailureLimit]:
    """By the ``pk`` of the person; the default is not stored."""
    people = list(reviewers)
    limits = {reviewer.pk: FailureLimit(reviewer=reviewer) for reviewer in people}
    stored = FailureLimit.objects.filter(reviewer__in=people)
    return limits | {limit.reviewer_id: limit for limit in stored}


def reached_by(run: Run, reviewers: Iterable[Reviewer]) -> list[int]:
    """The ``pk`` of those whose limit the failure of this run has reached."""
    limits = limits_of(reviewers)
    most = max((limit.failures for limit in limits.values()), default=0)
    failed = Run.objects.filter(
        upstream=run.upstream_id,
        deleted__in=(False,),
        state=run.state,
        workflow=run.workflow,
        status_since__lte=run.status_since,
    )
    rows = failed.order_by("-status_since", "-pk").values_list("status_since", flat=True)
    times = sorted(rows[: most + 1])
    return [pk for pk, limit in limits.items() if reaches(limit, times)]


def reaches(limit: FailureLimit, times: Sequence[datetime]) -> bool:
    """Whether the last of these failures reaches the limit, and the one before had not yet.

    ``times``: of one workflow, ascending, one more than the limit.
    """
    span = timedelta(minutes=limit.minutes)
    if not _are_many(limit, times, span):
        return False
    before = times[:-1]
    return not (before and times[-1] - before[-1] < span and _are_many(limit, before, span))


def _are_many(limit: FailureLimit, times: Sequence[datetime], span: timedelta) -> bool:
    return len(times) >= limit.failures and times[-1] - times[-limit.failures] < span
