"""Deliveries to people: which are due, and sending them.

Each message is stored as begun in a short transaction and sent outside it.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import F, Min, QuerySet

from inbox.lib import metrics
from inbox.models import Delivery, NotificationTimes, Reviewer, StoppedChannel, Upstream
from inbox.models.notification import OLD_NEWS, TOO_OLD, Channel, When
from inbox.notify import checks, plan, planning
from inbox.notify.messages import Message, NotSent, Row
from inbox.notify.pacing import MOST, MOST_WITHIN, RECIPIENTS_AT_ONCE, next_try
from inbox.notify.plan import OFFERED
from inbox.notify.senders import SENDERS

log = logging.getLogger(__name__)

State, Reason = Delivery.State, Delivery.Reason


@transaction.atomic
def due(
    channel: Channel, now: datetime, *, besides: Collection[int]
) -> dict[int, Sequence[Message]]:
    """What is to be sent now, by the ``pk`` of the person, without the people ``besides``. The IDs
    of the messages are stored before they are sent.
    """
    free = RECIPIENTS_AT_ONCE - len(besides)
    if free <= 0 or not SENDERS[channel].offered():
        return {}
    upstream = Upstream.current()
    digests = _due_digests(now, besides) if When.DIGEST in OFFERED[channel] else {}
    rows = _rows(upstream, channel)
    if channel in StoppedChannel.names():
        # A digest that is due meanwhile is left out.
        rows = rows.none()
    waiting = rows.filter(state=State.WAITING, due_at__lte=now)
    people = waiting.exclude(reviewer__in=besides).values_list("reviewer")
    first = people.annotate(first=Min("due_at")).order_by("first")[:free]
    found = [
        *waiting.filter(reviewer__in=[pk for pk, _ in first]),
        *rows.filter(state=State.DIGEST, reviewer__in=digests),
    ]
    messages: dict[int, list[Message]] = defaultdict(list)
    needed = checks.still_needed(upstream, found, now)
    for reviewer, same in _by_person(needed, State.DIGEST).items():
        messages[reviewer.pk].append(_message(reviewer, channel, same, now, digest=True))
    for reviewer, same in _by_person(needed, State.WAITING).items():
        if _is_held(reviewer, same, now) or _is_one_too_many(reviewer, channel, same, now):
            continue
        by_message = defaultdict(list)
        for row in same:
            by_message[row.delivery.message].append(row)
        for part in by_message.values():
            messages[reviewer.pk].append(_message(reviewer, channel, part, now, digest=False))
    for reviewer in digests.values():
        planning.schedule_digest(reviewer, now)
    return dict(messages)


def _rows(upstream: Upstream, channel: Channel) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(event__upstream=upstream, channel=channel)
    return rows.select_related("event", "reviewer__user")


def _due_digests(now: datetime, besides: Collection[int]) -> dict[int, Reviewer]:
    """One that is overdue, as after a long stop, waits for the next."""
    due = NotificationTimes.objects.filter(next_digest_at__lte=now).exclude(reviewer__in=besides)
    rows = due.select_related("reviewer__user").order_by("next_digest_at")[:RECIPIENTS_AT_ONCE]
    on_time = {}
    for row in rows:
        if row.next_digest_at is not None and row.next_digest_at > now - TOO_OLD:
            on_time[row.reviewer_id] = row.reviewer
        else:
            planning.schedule_digest(row.reviewer, now, row)
    return on_time


def _by_person(rows: Iterable[Row], state: Delivery.State) -> dict[Reviewer, list[Row]]:
    found: dict[Reviewer, list[Row]] = defaultdict(list)
    for row in rows:
        if row.delivery.state == state:
            found[row.delivery.reviewer].append(row)
    return found


def _is_held(reviewer: Reviewer, rows: Sequence[Row], now: datetime) -> bool:
    """Quiet hours hold all of a person's rows, so that they become one message at their end."""
    times = plan.times_of(reviewer)
    until = plan.quiet_until(times, plan.zone_of(reviewer), now)
    if until is None:
        return False
    if times.deadlines_break_through and any(
        row.due_at is not None and row.due_at <= until for row in rows
    ):
        return False
    _same(rows).update(due_at=until, give_up_at=until + TOO_OLD)
    return True


def _is_one_too_many(
    reviewer: Reviewer, channel: Channel, rows: Sequence[Row], now: datetime
) -> bool:
    recent = Delivery.objects.filter(
        reviewer=reviewer,
        channel=channel,
        state=State.SENT,
        closed_at__gt=now - MOST_WITHIN,
    )
    times = dict(recent.values_list("message", "closed_at")).values()
    sent = sorted(at for at in times if at is not None)
    if len(sent) < MOST:
        return False
    _same(rows).update(due_at=sent[-MOST] + MOST_WITHIN)
    return True


def _message(
    reviewer: Reviewer, channel: Channel, rows: list[Row], now: datetime, *, digest: bool
) -> Message:
    id = rows[0].delivery.message or uuid4().hex
    begun = _same(rows)
    begun.update(message=id, tries=F("tries") + 1)
    if digest:
        begun.update(state=State.WAITING, due_at=now, give_up_at=now + TOO_OLD)
    return Message(id, channel, reviewer, rows, digest=digest)


async def send(message: Message, now: datetime) -> None:
    if await sync_to_async(_was_stopped)(message):
        return
    failed = None
    try:
        await SENDERS[message.channel].send(message)
    except NotSent as error:
        failed = error
        what = "an email" if message.channel is Channel.EMAIL else "a push message"
        log.warning("%s with notifications could not be sent: %s", what, error)
    await sync_to_async(_record)(message, failed, now)


def _was_stopped(message: Message) -> bool:
    """Switched off since the message was prepared, which then counts as not tried."""
    if message.channel not in StoppedChannel.names():
        return False
    _same(message.rows).update(tries=F("tries") - 1)
    return True


def _record(message: Message, failed: NotSent | None, now: datetime) -> None:
    rows = _same(message.rows)
    if failed is None:
        sent = rows.update(state=State.SENT, closed_at=now, error="")
        metrics.DELIVERIES.labels(message.channel, State.SENT).inc(sent)
        return
    if failed.refused or rows.filter(give_up_at__lte=now).exists():
        lost = rows.update(state=State.FAILED, closed_at=now, error=failed.said)
        metrics.DELIVERIES.labels(message.channel, State.FAILED).inc(lost)
        return
    due_at = max(next_try(message.rows[0].delivery.tries, now), now + failed.retry_after)
    rows.update(due_at=due_at, error=failed.said)


def started(channel: Channel, now: datetime) -> None:
    """The channel was switched on. What has become old news meanwhile interrupts nobody: it waits
    for the digest where the channel has one.
    """
    waiting = Delivery.objects.filter(channel=channel, state=State.WAITING)
    # Quiet hours and a pause keep rows that were not tried yet, and check them later.
    waiting = waiting.exclude(tries=0, due_at__gt=now)
    old = waiting.filter(event__at__lt=now - OLD_NEWS)
    dropped = old
    if When.DIGEST in OFFERED[channel]:
        dropped = waiting.filter(give_up_at__lte=now)
    dropped.update(state=State.DROPPED, reason=Reason.TOO_OLD, closed_at=now)
    people = list(Reviewer.objects.filter(pk__in=old.values("reviewer")))
    old.update(state=State.DIGEST, message="", tries=0)
    planning.schedule_digests(people, now)


def _same(rows: Sequence[Row]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk__in=[row.delivery.pk for row in rows])
