"""Writes notification events in the transaction that caused them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox.mirror.observers import QuestionChange, RunChange
from inbox.mobius.types import RunStatus
from inbox.models import Attempt, Interaction, Notice, NotificationEvent, Reviewer, Upstream
from inbox.notify import notices, wakeup

Kind = NotificationEvent.Kind

LARGE_AUDIENCE = 20
"""More named people, of whom one is enough, are told like a group."""
_SETTLED = (Kind.ASKED, Kind.ASKED_GROUP, Kind.TO_REVIEW, Kind.CHANGES_REQUESTED, Kind.REMINDER)


def observe(upstream: Upstream, changes: Sequence[QuestionChange]) -> None:
    """Questions from before the first full sync are no news."""
    if upstream.seeded_at is None:
        return
    write(event for change in changes for event in _events(upstream, change))
    closed = [one.after.mobius_id for one in changes if one.before and _has_closed(one)]
    if closed:
        told = Notice.objects.filter(upstream=upstream, interaction_id__in=closed, read_at=None)
        told.filter(kind__in=_SETTLED).update(read_at=upstream.heard_at)


def observe_runs(upstream: Upstream, changes: Sequence[RunChange]) -> None:
    if upstream.seeded_at is None:
        return
    write(
        NotificationEvent(
            upstream=upstream,
            kind=Kind.RUN_FAILED,
            subject=change.after.mobius_id,
            occurrence=str(change.after.attempt),
            at=change.after.status_since,
        )
        for change in changes
        if change.after.state == RunStatus.FAILED
        and (change.before is None or change.before.state != RunStatus.FAILED)
    )


def expiring_unanswered(
    upstream: Upstream, item: Interaction, when: str, *, at: datetime
) -> NotificationEvent:
    """For leads. ``when``: ``LAST`` of the reminders, or "expired"."""
    return NotificationEvent(
        upstream=upstream,
        kind=Kind.EXPIRING_UNANSWERED,
        subject=item.mobius_id,
        occurrence=f"{item.round} {when}",
        at=at,
    )


def not_sent(attempt: Attempt, item: Interaction) -> None:
    """The bell has it already."""
    write(
        [
            NotificationEvent(
                upstream_id=item.upstream_id,
                kind=Kind.NOT_SENT,
                subject=item.mobius_id,
                occurrence=str(attempt.pk),
                person=attempt.reviewer.mobius_id or "",
                at=item.upstream.clock(timezone.now()),
            )
        ]
    )


def token_refused(*, reviewer: Reviewer, **_signal: Any) -> None:
    upstream = Upstream.current()
    notices.notify(reviewer, Notice.Kind.TOKEN_REFUSED, upstream_id=upstream.pk, sender_name="")
    token_problem(reviewer, upstream)


def token_problem(reviewer: Reviewer, upstream: Upstream) -> None:
    """The bell has it already."""
    if reviewer.mobius_id is None:
        return
    now = timezone.now()
    write(
        [
            NotificationEvent(
                upstream=upstream,
                kind=Kind.TOKEN_REFUSED,
                subject=reviewer.mobius_id,
                occurrence=now.isoformat(),
                person=reviewer.mobius_id,
                at=upstream.clock(now),
            )
        ]
    )


def nudged(
    upstream: Upstream, item: Interaction, recipient: Reviewer, sender: Reviewer, *, at: datetime
) -> None:
    write(
        [
            NotificationEvent(
                upstream=upstream,
                kind=Kind.NUDGED,
                subject=item.mobius_id,
                occurrence=f"{recipient.pk} {at.isoformat()}",
                person=recipient.mobius_id or "",
                actor=sender.mobius_id or "",
                actor_name=sender.name,
                at=upstream.clock(at),
            )
        ]
    )


def claim_released(
    item: Interaction, recipient: Reviewer, *, claimed_by: str, name: str, at: datetime
) -> None:
    write(
        [
            NotificationEvent(
                upstream_id=item.upstream_id,
                kind=Kind.CLAIM_RELEASED,
                subject=item.mobius_id,
                occurrence=f"{recipient.pk} {at.isoformat()}",
                person=recipient.mobius_id or "",
                actor=claimed_by,
                actor_name=name,
                at=item.upstream.clock(at),
            )
        ]
    )


def write(events: Iterable[NotificationEvent]) -> None:
    """An event that was written before stays as it is."""
    rows = list(events)
    if rows:
        NotificationEvent.objects.write(rows)
        transaction.on_commit(wakeup.wake)


def asks_like_a_group(item: Interaction) -> bool:
    """One answer is enough, and so many are asked that none of them has to be interrupted."""
    if not item.takes_one_answer or item.target_type == "user":
        return False
    return not item.asks_named_people or len(item.members or ()) > LARGE_AUDIENCE


def _events(upstream: Upstream, change: QuestionChange) -> Iterable[NotificationEvent]:
    before, item = change.before, change.after
    if item.pending and (before is None or not before.pending or before.round != item.round):
        kind = Kind.ASKED_GROUP if asks_like_a_group(item) else Kind.ASKED
        if item.round:
            kind = Kind.CHANGES_REQUESTED
        yield _event(upstream, item, kind, at=item.round_began(item.round))
    if item.status == "in_review" and (before is None or before.status != "in_review"):
        yield _event(upstream, item, Kind.TO_REVIEW, at=item.updated_at)
    if before is not None and _has_closed(change):
        at = item.closed_at or item.updated_at
        if item.state == "expired":
            yield _event(upstream, item, Kind.EXPIRED, at=at)
            yield expiring_unanswered(upstream, item, "expired", at=at)
        elif item.status == "completed" and item.takes_one_answer and before.pending:
            yield _event(upstream, item, Kind.ANSWERED_BY_OTHER, at=at)


def _has_closed(change: QuestionChange) -> bool:
    return bool(change.before and change.before.is_open and not change.after.is_open)


def _event(upstream: Upstream, item: Interaction, kind: Kind, *, at: datetime) -> NotificationEvent:
    return NotificationEvent(
        upstream=upstream, kind=kind, subject=item.mobius_id, occurrence=str(item.round), at=at
    )
