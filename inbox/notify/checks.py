"""Checks due deliveries again: the question, the person's rights and their choices."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from inbox import access
from inbox.access import Viewer
from inbox.models import (
    Delivery,
    Interaction,
    Notice,
    NotificationEvent,
    Recipient,
    Reviewer,
    Upstream,
)
from inbox.models.notification import Channel, When
from inbox.notify.audience import concerns, team_leads
from inbox.notify.messages import Row
from inbox.notify.plan import Plans
from inbox.notify.senders import SENDERS
from inbox.notify.subjects import Subject, subjects_of, workflow_of

Kind = NotificationEvent.Kind
State, Reason = Delivery.State, Delivery.Reason


def still_needed(upstream: Upstream, rows: Sequence[Delivery], now: datetime) -> list[Row]:
    """The others are closed with the reason."""
    subjects = subjects_of(upstream, (row.event for row in rows))
    plans = Plans({row.reviewer for row in rows}, now)
    seen = _Seen(rows, subjects.values())
    leads = set(team_leads().values_list("pk", flat=True))
    kept, dropped = [], []
    for row in rows:
        subject = subjects.get(row.event_id)
        reason = _why_dropped(row, subject, plans, seen, leads=leads, now=now)
        if reason is not None:
            row.state, row.reason, row.closed_at = State.DROPPED, reason, now
            dropped.append(row)
        elif subject is not None:
            kept.append(Row(row, subject))
    Delivery.objects.bulk_update(dropped, ["state", "reason", "closed_at"], 100)
    return kept


def _why_dropped(
    row: Delivery,
    subject: Subject | None,
    plans: Plans,
    seen: "_Seen",
    *,
    leads: Collection[int],
    now: datetime,
) -> Delivery.Reason | None:
    """The first reason, or None."""
    event, reviewer, channel = row.event, row.reviewer, Channel(row.channel)
    if subject is None or not reviewer.user.is_active:
        return Reason.NO_ACCESS
    is_waiting = row.state == State.WAITING
    reasons = {
        Reason.NO_ADDRESS: not SENDERS[channel].reaches(reviewer),
        Reason.MUTED: plans.muted(reviewer, event.kind, workflow_of(subject)),
        Reason.OFF: plans.when(reviewer, event.kind, channel) is When.OFF,
        Reason.NO_ACCESS: not _may_know(reviewer, event, subject, leads),
        Reason.SETTLED: not concerns(reviewer, event, subject),
        Reason.SEEN: is_waiting and seen.by(reviewer, event, subject),
        Reason.TOO_OLD: is_waiting and row.give_up_at <= now,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _may_know(
    reviewer: Reviewer, event: NotificationEvent, subject: Subject, leads: Collection[int]
) -> bool:
    if event.kind in NotificationEvent.FOR_LEADS:
        return reviewer.pk in leads
    if not isinstance(subject, Interaction):
        return True
    viewer = Viewer(reviewer.user_id, reviewer.mobius_id, reviewer.name)
    return access.has_a_part(viewer, subject)


class _Seen:
    """Which events people have seen: the bell's row was read, or the question opened."""

    def __init__(self, rows: Sequence[Delivery], subjects: Iterable[Subject]) -> None:
        ids = {row.event.subject for row in rows}
        people = {row.reviewer_id for row in rows}
        told = Notice.objects.filter(
            reviewer__in=people, interaction_id__in=ids, read_at__isnull=False
        )
        self._read = set(told.values_list("reviewer", "interaction_id", "kind"))
        questions = [subject.pk for subject in subjects if isinstance(subject, Interaction)]
        asks = Recipient.objects.filter(interaction__in=questions, seen__isnull=False)
        self._opened = set(asks.values_list("user_id", "interaction"))

    def by(self, reviewer: Reviewer, event: NotificationEvent, subject: Subject) -> bool:
        if (reviewer.pk, event.subject, Notice.kind_of(event)) in self._read:
            return True
        if event.kind not in (Kind.ASKED, Kind.ASKED_GROUP) or not isinstance(subject, Interaction):
            return False
        return not subject.round and (reviewer.mobius_id, subject.pk) in self._opened
