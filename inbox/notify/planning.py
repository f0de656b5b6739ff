"""Turns notification events into rows of the bell and deliveries, in short transactions."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import (
    Delivery,
    Interaction,
    Machine,
    Notice,
    NotificationEvent,
    NotificationTimes,
    Reviewer,
    Run,
    Upstream,
)
from inbox.models.notification import KEPT_FOR, TOO_OLD, Channel, When, is_old_news
from inbox.notify import group_channels, plan, push, senders
from inbox.notify.audience import audience, snoozed, team_leads, waiting_for
from inbox.notify.plan import ALWAYS_TOLD, OFFERED, Plans
from inbox.notify.subjects import Subject, subjects_of, workflow_of

Kind, State = NotificationEvent.Kind, Delivery.State

EVENTS_AT_ONCE = 20


def plan_events(now: datetime) -> bool:
    """Plan a batch of events. True if there are more."""
    told: set[str] = set()
    with transaction.atomic():
        upstream = Upstream.current()
        waiting = NotificationEvent.objects.filter(upstream=upstream, planned_at=None)
        events = list(waiting.order_by("pk")[:EVENTS_AT_ONCE])
        subjects = subjects_of(upstream, events)
        for event in events:
            is_old = is_old_news(event.at, upstream.clock(now))
            subject = subjects.get(event.pk)
            if event.kind == Kind.NO_ACCOUNT:
                told |= _tell_leads_of_a_stranger(event)
            elif subject is not None:
                told |= _plan(event, subject, now, is_old=is_old)
            if isinstance(subject, Interaction):
                _report_strangers(event, subject)
                if not is_old:
                    group_channels.plan(event, subject, now)
        ids = [event.pk for event in events]
        NotificationEvent.objects.filter(pk__in=ids).update(planned_at=now)
        are_more = waiting.exists()
    get_bus().publish([topics.notices(mobius_id) for mobius_id in told])
    return are_more


def _report_strangers(event: NotificationEvent, item: Interaction) -> None:
    """Leads are told once of each person who is asked by name and has no account here."""
    if event.kind != Kind.ASKED:
        return
    asked = set(item.people_asked)
    asked -= set(Reviewer.objects.filter(mobius_id__in=asked).values_list("mobius_id", flat=True))
    asked -= set(Machine.objects.filter(mobius_id__in=asked).values_list("mobius_id", flat=True))
    NotificationEvent.objects.write(
        NotificationEvent(
            upstream_id=event.upstream_id, kind=Kind.NO_ACCOUNT, subject=mobius_id, at=event.at
        )
        for mobius_id in asked
    )


def _tell_leads_of_a_stranger(event: NotificationEvent) -> set[str]:
    if Reviewer.objects.filter(mobius_id=event.subject).exists():
        return set()
    leads = team_leads().filter(user__is_active=True)
    return _write_notices([_notice(event, None, reviewer) for reviewer in leads])


def _plan(event: NotificationEvent, subject: Subject, now: datetime, *, is_old: bool) -> set[str]:
    """Returns the Mobius IDs of those whose bell has changed."""
    people = audience(event, subject)
    plans = Plans(people, now)
    postponed = snoozed(event, subject, people, now)
    channels = senders.offered()
    notices, deliveries, in_digest = [], [], []
    for reviewer in people:
        by_bell = plans.when(reviewer, event.kind, Channel.BELL) is When.NOW
        # What the bell always has was written there with the event.
        if by_bell and event.kind not in ALWAYS_TOLD and reviewer.pk not in postponed:
            notices.append(_notice(event, subject, reviewer))
        if plans.muted(reviewer, event.kind, workflow_of(subject)):
            continue
        for channel in channels:
            when = plans.when(reviewer, event.kind, channel)
            if is_old and when is When.NOW:
                when = When.DIGEST if When.DIGEST in OFFERED[channel] else When.OFF
            if when is When.OFF or (channel is Channel.PUSH and not push.reaches(reviewer)):
                continue
            if when is When.DIGEST:
                in_digest.append(reviewer)
            due_at = postponed.get(reviewer.pk) or _due_at(channel, subject, now)
            deliveries.append(
                Delivery(
                    event=event,
                    reviewer=reviewer,
                    channel=channel,
                    state=State.DIGEST if when is When.DIGEST else State.WAITING,
                    due_at=due_at,
                    give_up_at=due_at + TOO_OLD,
                    created_at=now,
                )
            )
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    schedule_digests(in_digest, now)
    return _write_notices(notices)


def _write_notices(notices: Sequence[Notice]) -> set[str]:
    Notice.objects.bulk_create(
        notices,
        update_conflicts=True,
        unique_fields=["reviewer", "upstream", "interaction_id", "about", "kind"],
        update_fields=["at", "read_at", "sender", "sender_name", "times"],
    )
    return {notice.reviewer.mobius_id or "" for notice in notices}


def _notice(event: NotificationEvent, subject: Subject | None, reviewer: Reviewer) -> Notice:
    notice = Notice(
        reviewer=reviewer,
        upstream_id=event.upstream_id,
        kind=Notice.kind_of(event),
        sender=event.actor,
        sender_name=event.actor_name[:300],
        at=event.at,
    )
    match subject:
        case Interaction():
            notice.interaction_id = subject.mobius_id
        case Run():
            notice.about = subject.workflow
        case Reviewer():
            notice.times = waiting_for(reviewer, event.upstream_id)
        case None:
            notice.about = event.subject
    return notice


def _due_at(channel: Channel, subject: Subject, now: datetime) -> datetime:
    """An email waits for ``NOTIFY_EMAIL_AFTER`` or a tenth of the remaining time, whichever is
    shorter.
    """
    if channel is not Channel.EMAIL:
        return now
    wait = settings.NOTIFY_EMAIL_AFTER
    due_at = subject.due_at if isinstance(subject, Interaction) else None
    if due_at is not None and due_at > now:
        wait = min(wait, (due_at - now) / 10)
    return now + wait


def schedule_digests(people: Sequence[Reviewer], now: datetime) -> None:
    """For those who have no next digest yet."""
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


def prune(now: datetime) -> bool:
    """Delete a batch of old events and their deliveries. True if there may be more."""
    old = NotificationEvent.objects.filter(at__lt=now - KEPT_FOR, planned_at__lt=now - KEPT_FOR)
    first = list(old.values_list("pk", flat=True)[:1000])
    NotificationEvent.objects.filter(pk__in=first).delete()
    return len(first) == 1000
