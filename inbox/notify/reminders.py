"""Events that come with time: reminders of questions that will soon be due or expire, and claims
that have lasted too long.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from inbox.models import Interaction, NotificationEvent, Upstream
from inbox.models.notification import OLD_NEWS
from inbox.notify import events
from inbox.people.names import names_of

LAST = "last"
APART = timedelta(minutes=10)
SHORT = timedelta(minutes=30)
"""A question with less time than this has one reminder, at half of it."""
DAY = timedelta(hours=24)


def marks(asked: datetime, end: datetime) -> list[tuple[str, datetime]]:
    """Names and times of the reminders, oldest first: at 50 % and 80 % of the time, and a last one
    at 95 % or a day before the end, whichever is later. They are at least ``APART``.
    """
    length = end - asked
    if length <= timedelta(0):
        return []
    if length < SHORT:
        return [("50", asked + length / 2)]
    kept = [(LAST, max(asked + length * 0.95, end - DAY))]
    for per_cent in (80, 50):
        at = asked + length * per_cent / 100
        if kept[0][1] - at >= APART:
            kept.insert(0, (str(per_cent), at))
    return kept


def write(upstream: Upstream, now: datetime) -> None:
    """Of reminders that were missed, only the newest of a question is written, and none that is old
    news or of a time before the first full sync. ``now`` is by upstream's clock.
    """
    if upstream.seeded_at is None:
        return
    events.write(_due(upstream, now))
    events.write(_claimed_too_long(upstream, now))


def _claimed_too_long(upstream: Upstream, now: datetime) -> Iterator[NotificationEvent]:
    old = now - settings.CLAIM_STALE_AFTER
    rows = Interaction.objects.pending().filter(
        upstream=upstream, claimed_by__isnull=False, claimed_at__lte=old
    )
    for item in rows.filter(claimed_at__gt=old - OLD_NEWS):
        if item.claimed_at is not None and item.claimed_by:
            yield NotificationEvent(
                upstream=upstream,
                kind=events.Kind.CLAIMED_TOO_LONG,
                subject=item.mobius_id,
                occurrence=item.claimed_at.isoformat(),
                actor=item.claimed_by,
                actor_name=names_of(upstream, [item.claimed_by]).of(item.claimed_by),
                at=item.claimed_at + settings.CLAIM_STALE_AFTER,
            )


def _due(upstream: Upstream, now: datetime) -> Iterator[NotificationEvent]:
    rows = Interaction.objects.pending().filter(upstream=upstream, due_at__gt=now)
    since = now - OLD_NEWS
    if upstream.seeded_at is not None:
        since = max(since, upstream.clock(upstream.seeded_at))
    columns = ("mobius_id", "created_at", "due_at", "round", "details")
    written = set(
        NotificationEvent.objects.filter(
            upstream=upstream, kind=events.Kind.REMINDER, at__gte=now - OLD_NEWS
        ).values_list("subject", "occurrence")
    )
    for item in rows.only(*columns).iterator():
        if item.due_at is None:
            continue
        passed = [
            mark for mark in marks(item.round_began(item.round), item.due_at) if mark[1] <= now
        ]
        if not passed or passed[-1][1] < since:
            continue
        name, at = passed[-1]
        occurrence = f"{item.round} {name}"
        if (item.mobius_id, occurrence) not in written:
            if name == LAST:
                yield events.expiring_unanswered(upstream, item, LAST, at=at)
            yield NotificationEvent(
                upstream=upstream,
                kind=events.Kind.REMINDER,
                subject=item.mobius_id,
                occurrence=occurrence,
                at=at,
            )
