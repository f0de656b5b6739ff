"""Turns notification events into deliveries, and sends those that are due. The leader does both.

Deliveries are written in short transactions and sent outside them. Before each attempt, the
question, the person's rights and their choices are read again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from time import monotonic
from typing import Protocol
from uuid import uuid4

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from inbox import access
from inbox.access import Viewer
from inbox.lib import metrics
from inbox.live import topics
from inbox.live.alarm import Alarm
from inbox.live.bus import get_bus
from inbox.models import (
    Attempt,
    Delivery,
    Interaction,
    Notice,
    NotificationEvent,
    NotificationTimes,
    Recipient,
    Reviewer,
    Snooze,
    StoppedChannel,
    Upstream,
)
from inbox.models.notification import KEPT_FOR, OLD_NEWS, TOO_OLD, Channel, When, is_old_news
from inbox.notify import emails, group_channels, link_requests, plan, push, reminders
from inbox.notify.messages import Message, NotSent, Row
from inbox.notify.pacing import MESSAGES_AT_ONCE, MOST, MOST_WITHIN, SENDING_AT_ONCE, next_try
from inbox.notify.plan import OFFERED, Plans
from inbox.processes.lease import leads

log = logging.getLogger(__name__)

Kind = NotificationEvent.Kind
State, Reason = Delivery.State, Delivery.Reason

EVERY = 5.0
"""Seconds between two looks, if nothing wakes it before."""
REMINDERS_EVERY = 60.0
EVENTS_AT_ONCE = 20
DIGESTS_AT_ONCE = 10
"""A person's digest may have a row for each of a thousand questions."""
CHANGED = "notification events"
"""The channel of the bus by which other processes wake the leader."""


class Sender(Protocol):
    """A module that sends by a channel."""

    def offered(self) -> bool:
        """It can be used in this installation."""

    def reaches(self, reviewer: Reviewer) -> bool:
        """The person has an address there."""

    async def send(self, message: Message) -> None:
        """Raises ``NotSent``."""


SENDERS: dict[Channel, Sender] = {Channel.EMAIL: emails, Channel.PUSH: push}

_alarm = Alarm()


def offered() -> dict[Channel, Sender]:
    return {channel: sender for channel, sender in SENDERS.items() if sender.offered()}


def wake() -> None:
    """Call it after the commit."""
    if leads():
        _alarm.ring()
    else:
        get_bus().broadcast(CHANGED)


async def run() -> None:
    _alarm.start()
    get_bus().on_broadcast(CHANGED, lambda _text: _alarm.ring())
    reminders_at = 0.0
    while True:
        if monotonic() >= reminders_at:
            reminders_at = monotonic() + REMINDERS_EVERY
            await sync_to_async(_remind)()
        while await sync_to_async(plan_events)(timezone.now()):
            pass
        now = timezone.now()
        await asyncio.gather(
            send_due(now), group_channels.send_due(now), link_requests.send_due(now)
        )
        await _alarm.wait(EVERY)


def _remind() -> None:
    reminders.write(Upstream.current(), timezone.now())


def plan_events(now: datetime) -> bool:
    """Plan a batch of events. True if there may be more."""
    told: set[str] = set()
    with transaction.atomic():
        upstream = Upstream.current()
        waiting = NotificationEvent.objects.filter(upstream=upstream, planned_at=None)
        events = list(waiting.order_by("pk")[:EVENTS_AT_ONCE])
        items = _items(upstream, events)
        for event in events:
            item = items.get(event.subject)
            if item is not None:
                told |= _plan(event, item, now)
                group_channels.plan(event, item, now)
        ids = [event.pk for event in events]
        NotificationEvent.objects.filter(pk__in=ids).update(planned_at=now)
    get_bus().publish([topics.notices(mobius_id) for mobius_id in told])
    return len(events) == EVENTS_AT_ONCE


def _items(upstream: Upstream, events: Iterable[NotificationEvent]) -> dict[str, Interaction]:
    subjects = {event.subject for event in events}
    rows = Interaction.objects.filter(upstream=upstream, mobius_id__in=subjects)
    return {row.mobius_id: row for row in rows}


def _plan(event: NotificationEvent, item: Interaction, now: datetime) -> set[str]:
    """Returns the Mobius IDs of those whose bell has changed."""
    people = _audience(event, item)
    plans = Plans(people, now)
    snoozed = _snoozed(event, item, people, now)
    channels = offered()
    notices, deliveries, in_digest = [], [], []
    for reviewer in people:
        by_bell = plans.when(reviewer, event.kind, Channel.BELL) is When.NOW
        # The bell has a nudge and a released claim already.
        if by_bell and not event.person and reviewer.pk not in snoozed:
            notices.append(_notice(event, reviewer))
        if plans.muted(reviewer, event.kind):
            continue
        for channel in channels:
            when = plans.when(reviewer, event.kind, channel)
            later = snoozed.get(reviewer.pk)
            delivery = _delivery(event, item, reviewer, channel, when=when, later=later, now=now)
            if delivery is None:
                continue
            if delivery.state == State.DIGEST:
                in_digest.append(reviewer)
            deliveries.append(delivery)
    Notice.objects.bulk_create(
        notices,
        update_conflicts=True,
        unique_fields=["reviewer", "upstream", "interaction_id", "kind"],
        update_fields=["at", "read_at", "sender", "sender_name"],
    )
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    _schedule_digests(in_digest, now)
    return {notice.reviewer.mobius_id or "" for notice in notices}


def _delivery(
    event: NotificationEvent,
    item: Interaction,
    reviewer: Reviewer,
    channel: Channel,
    *,
    when: When,
    later: datetime | None,
    now: datetime,
) -> Delivery | None:
    """None if the person wants none. ``later`` is when a snoozed reminder may be sent."""
    if when is When.OFF or (channel is Channel.PUSH and not push.reaches(reviewer)):
        return None
    delivery = Delivery(
        event=event,
        reviewer=reviewer,
        channel=channel,
        state=State.WAITING,
        due_at=later or _due_at(channel, item, now),
        created_at=now,
    )
    if when is When.DIGEST or is_old_news(event.at, now):
        if When.DIGEST not in OFFERED[channel]:
            return None
        delivery.state, delivery.held = State.DIGEST, True
    return delivery


def _audience(event: NotificationEvent, item: Interaction) -> list[Reviewer]:
    """With an account that can sign in, and still concerned."""
    ids = item.checkers if event.kind == Kind.TO_REVIEW else item.people_asked
    if event.person:
        ids = [event.person]
    found = Reviewer.objects.filter(mobius_id__in=ids, user__is_active=True).select_related("user")
    answering = set(
        Attempt.objects.filter(
            upstream=item.upstream_id,
            interaction_id=item.mobius_id,
            state__in=(Attempt.State.HELD, *Attempt.UNSETTLED),
        ).values_list("reviewer", flat=True)
    )
    return [
        reviewer
        for reviewer in found
        if reviewer.pk not in answering
        and reviewer.mobius_id != event.actor
        and concerns(reviewer, event, item)
    ]


def concerns(reviewer: Reviewer, event: NotificationEvent, item: Interaction) -> bool:
    """The event still needs the person, as far as the mirror knows."""
    viewer = Viewer(reviewer.user_id, reviewer.mobius_id, reviewer.name)
    match Kind(event.kind):
        case Kind.TO_REVIEW:
            return access.why_not_review(viewer, item) is None
        case Kind.EXPIRED | Kind.ANSWERED_BY_OTHER:
            return access.is_asked(viewer, item) and not access.has_answered(viewer, item)
        case Kind.NUDGED if item.in_review:
            return access.why_not_review(viewer, item) is None
        case _:
            return access.why_not_answer(viewer, item) is None


def _snoozed(
    event: NotificationEvent, item: Interaction, people: Collection[Reviewer], now: datetime
) -> dict[int, datetime]:
    """When reminders may reach those who have put the question off; the last one always does."""
    if event.kind != Kind.REMINDER or event.occurrence.endswith(reminders.LAST):
        return {}
    rows = Snooze.objects.waiting(now).filter(interaction=item, reviewer__in=people)
    return {row.reviewer_id: row.returns_at for row in rows.select_related("interaction")}


def _notice(event: NotificationEvent, reviewer: Reviewer) -> Notice:
    return Notice(
        reviewer=reviewer,
        upstream_id=event.upstream_id,
        kind=event.kind,
        interaction_id=event.subject,
        sender=event.actor,
        sender_name=event.actor_name[:300],
        at=event.at,
    )


def _due_at(channel: Channel, item: Interaction, now: datetime) -> datetime:
    """An email waits for ``NOTIFY_EMAIL_AFTER`` or a tenth of the remaining time, whichever is
    shorter.
    """
    if channel is not Channel.EMAIL:
        return now
    wait = settings.NOTIFY_EMAIL_AFTER
    if item.due_at is not None and item.due_at > now:
        wait = min(wait, (item.due_at - now) / 10)
    return now + wait


def _schedule_digests(people: Sequence[Reviewer], now: datetime) -> None:
    known = NotificationTimes.objects.filter(reviewer__in=people, next_digest_at__isnull=False)
    scheduled = set(known.values_list("reviewer", flat=True))
    for reviewer in people:
        if reviewer.pk not in scheduled:
            schedule_digest(reviewer, now)


def schedule_digest(
    reviewer: Reviewer, now: datetime, times: NotificationTimes | None = None
) -> None:
    """Saves ``times``, the person's own by default."""
    times = times or plan.times_of(reviewer)
    times.next_digest_at = plan.next_digest(times, plan.zone_of(reviewer), now)
    times.save()


async def send_due(now: datetime) -> None:
    messages = await sync_to_async(_prepare)(now)
    places = asyncio.Semaphore(SENDING_AT_ONCE)

    async def send(message: Message) -> None:
        async with places:
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

    async with asyncio.TaskGroup() as sending:
        for message in messages:
            sending.create_task(send(message))


def _prepare(now: datetime) -> list[Message]:
    """What is to be sent now. The IDs of the messages are stored before they are sent."""
    with transaction.atomic():
        upstream = Upstream.current()
        digests = _due_digests(now)
        channels = offered().keys() - StoppedChannel.names()
        due = _rows(upstream).filter(channel__in=channels, state=State.WAITING, due_at__lte=now)
        rows = list(due.order_by("due_at")[:MESSAGES_AT_ONCE])
        in_digests = _rows(upstream).filter(channel__in=channels, state=State.DIGEST)
        rows += list(in_digests.filter(reviewer__in=digests))
        checked = _checked(upstream, rows, now)
        messages = [
            _message(reviewer, channel, same, digest=True)
            for (reviewer, channel), same in _by_person(checked, State.DIGEST).items()
        ]
        for (reviewer, channel), same in _by_person(checked, State.WAITING).items():
            if _is_held(reviewer, same, now) or _is_one_too_many(reviewer, channel, same, now):
                continue
            by_message = defaultdict(list)
            for row in same:
                by_message[row.delivery.message].append(row)
            messages += [
                _message(reviewer, channel, part, digest=False) for part in by_message.values()
            ]
        for reviewer in digests.values():
            schedule_digest(reviewer, now)
    return messages


def _rows(upstream: Upstream) -> QuerySet[Delivery]:
    return Delivery.objects.filter(event__upstream=upstream).select_related(
        "event", "reviewer__user"
    )


def _due_digests(now: datetime) -> dict[int, Reviewer]:
    due = NotificationTimes.objects.filter(next_digest_at__lte=now)
    rows = due.select_related("reviewer__user").order_by("next_digest_at")[:DIGESTS_AT_ONCE]
    return {row.reviewer_id: row.reviewer for row in rows}


def _checked(upstream: Upstream, rows: Sequence[Delivery], now: datetime) -> list[Row]:
    """Without those that are no longer needed, which are closed with the reason."""
    items = _items(upstream, (row.event for row in rows))
    plans = Plans({row.reviewer for row in rows}, now)
    seen = _Seen(rows, items.values())
    kept, dropped = [], []
    for row in rows:
        item = items.get(row.event.subject)
        reason = _why_dropped(row, item, plans, seen, now)
        if reason is not None:
            row.state, row.reason, row.closed_at = State.DROPPED, reason, now
            dropped.append(row)
        elif item is not None:
            kept.append(Row(row, item))
    Delivery.objects.bulk_update(dropped, ["state", "reason", "closed_at"], 100)
    return kept


def _why_dropped(
    row: Delivery, item: Interaction | None, plans: Plans, seen: "_Seen", now: datetime
) -> Delivery.Reason | None:
    """The first reason, or None."""
    event, reviewer, channel = row.event, row.reviewer, Channel(row.channel)
    if item is None or not reviewer.user.is_active:
        return Reason.NO_ACCESS
    viewer = Viewer(reviewer.user_id, reviewer.mobius_id, reviewer.name)
    kept_too_long = not row.held and row.created_at < now - TOO_OLD
    reasons = {
        Reason.NO_ADDRESS: not SENDERS[channel].reaches(reviewer),
        Reason.MUTED: plans.muted(reviewer, event.kind),
        Reason.OFF: plans.when(reviewer, event.kind, channel) is When.OFF,
        Reason.NO_ACCESS: not access.has_a_part(viewer, item),
        Reason.SETTLED: not concerns(reviewer, event, item),
        Reason.SEEN: row.state == State.WAITING and seen.by(reviewer, event, item),
        Reason.TOO_OLD: kept_too_long,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


class _Seen:
    """Which events people have seen: the bell's row was read, or the question opened."""

    def __init__(self, rows: Sequence[Delivery], items: Iterable[Interaction]) -> None:
        subjects = {row.event.subject for row in rows}
        people = {row.reviewer_id for row in rows}
        told = Notice.objects.filter(
            reviewer__in=people, interaction_id__in=subjects, read_at__isnull=False
        )
        self._read = set(told.values_list("reviewer", "interaction_id", "kind"))
        asks = Recipient.objects.filter(
            interaction__in=[item.pk for item in items], seen__isnull=False
        )
        self._opened = set(asks.values_list("user_id", "interaction"))

    def by(self, reviewer: Reviewer, event: NotificationEvent, item: Interaction) -> bool:
        kind = Notice.Kind.NUDGE if event.kind == Kind.NUDGED else event.kind
        if (reviewer.pk, event.subject, kind) in self._read:
            return True
        about_opening = event.kind in (Kind.ASKED, Kind.ASKED_GROUP) and not item.round
        return about_opening and (reviewer.mobius_id, item.pk) in self._opened


def _by_person(
    rows: Iterable[Row], state: Delivery.State
) -> dict[tuple[Reviewer, Channel], list[Row]]:
    found: dict[tuple[Reviewer, Channel], list[Row]] = defaultdict(list)
    for row in rows:
        if row.delivery.state == state:
            found[row.delivery.reviewer, Channel(row.delivery.channel)].append(row)
    return found


def _is_held(reviewer: Reviewer, rows: Sequence[Row], now: datetime) -> bool:
    """Quiet hours hold all of a person's rows, so that they become one message at their end."""
    times = plan.times_of(reviewer)
    until = plan.quiet_until(times, plan.zone_of(reviewer), now)
    if until is None:
        return False
    if times.deadlines_break_through and any(
        row.item.due_at is not None and row.item.due_at <= until for row in rows
    ):
        return False
    Delivery.objects.filter(pk__in=[row.delivery.pk for row in rows]).update(
        due_at=until, held=True
    )
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
    Delivery.objects.filter(pk__in=[row.delivery.pk for row in rows]).update(
        due_at=sent[-MOST] + MOST_WITHIN
    )
    return True


def _message(reviewer: Reviewer, channel: Channel, rows: list[Row], *, digest: bool) -> Message:
    message = rows[0].delivery.message or uuid4().hex
    ids = [row.delivery.pk for row in rows]
    Delivery.objects.filter(pk__in=ids).update(
        message=message, tries=F("tries") + 1, state=State.WAITING
    )
    return Message(message, channel, reviewer, rows, digest=digest)


def _was_stopped(message: Message) -> bool:
    """Switched off since the message was prepared, which then counts as not tried."""
    if message.channel not in StoppedChannel.names():
        return False
    rows = Delivery.objects.filter(pk__in=[row.delivery.pk for row in message.rows])
    rows.update(tries=F("tries") - 1)
    return True


def started(channel: Channel, now: datetime) -> None:
    """The channel was switched on. What has become old news meanwhile interrupts nobody: it waits
    for the digest where the channel has one.
    """
    waiting = Delivery.objects.filter(channel=channel, state=State.WAITING)
    waiting = waiting.exclude(held=True, due_at__gt=now)
    old = waiting.filter(event__at__lt=now - OLD_NEWS)
    dropped = old
    if When.DIGEST in OFFERED[channel]:
        dropped = waiting.filter(held=False, created_at__lt=now - TOO_OLD)
    dropped.update(state=State.DROPPED, reason=Reason.TOO_OLD, closed_at=now)
    people = list(Reviewer.objects.filter(pk__in=old.values("reviewer")))
    old.update(state=State.DIGEST, held=True, message="", tries=0)
    _schedule_digests(people, now)


def _record(message: Message, failed: NotSent | None, now: datetime) -> None:
    rows = Delivery.objects.filter(pk__in=[row.delivery.pk for row in message.rows])
    if failed is None:
        sent = rows.update(state=State.SENT, closed_at=now, error="")
        metrics.DELIVERIES.labels(message.channel, State.SENT).inc(sent)
        return
    first = message.rows[0].delivery
    began = first.due_at if first.held else first.created_at
    if failed.refused or began < now - TOO_OLD:
        lost = rows.update(state=State.FAILED, closed_at=now, error=failed.said)
        metrics.DELIVERIES.labels(message.channel, State.FAILED).inc(lost)
        return
    rows.update(due_at=next_try(first.tries, now), error=failed.said)


def prune(now: datetime) -> bool:
    """Delete a batch of old events and their deliveries. True if there may be more."""
    old = NotificationEvent.objects.filter(at__lt=now - KEPT_FOR, planned_at__lt=now - KEPT_FOR)
    first = list(old.values_list("pk", flat=True)[:1000])
    NotificationEvent.objects.filter(pk__in=first).delete()
    return len(first) == 1000
