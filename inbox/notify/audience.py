"""Whom an event concerns."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import QuerySet

from inbox import access
from inbox.access import TEAM_LEAD, Viewer
from inbox.models import (
    Attempt,
    Interaction,
    NotificationEvent,
    Recipient,
    Reviewer,
    Run,
    Snooze,
)
from inbox.notify import failures, reminders
from inbox.notify.subjects import Subject
from inbox.people import credentials
from inbox.people.credentials import Token

Kind = NotificationEvent.Kind


def audience(event: NotificationEvent, subject: Subject) -> list[Reviewer]:
    """With an account that can sign in, and still concerned."""
    people = _named(event, subject).filter(user__is_active=True).select_related("user")
    answering: set[int] = set()
    if isinstance(subject, Interaction) and event.kind not in NotificationEvent.FOR_LEADS:
        attempts = Attempt.objects.filter(
            upstream=subject.upstream_id,
            interaction_id=subject.mobius_id,
            state__in=(Attempt.State.HELD, *Attempt.UNSETTLED),
        )
        answering = set(attempts.values_list("reviewer", flat=True))
    if isinstance(subject, Run):
        people = people.filter(pk__in=failures.reached_by(subject, people))
    return [
        reviewer
        for reviewer in people
        if (reviewer.pk not in answering or event.kind == Kind.NOT_SENT)
        and reviewer.mobius_id != event.actor
        and concerns(reviewer, event, subject)
    ]


def team_leads() -> QuerySet[Reviewer]:
    return Reviewer.objects.filter(user__groups__name=TEAM_LEAD)


def _named(event: NotificationEvent, subject: Subject) -> QuerySet[Reviewer]:
    if event.kind in NotificationEvent.FOR_LEADS:
        return team_leads()
    ids: Iterable[str] = [event.person]
    if not event.person and isinstance(subject, Interaction):
        ids = subject.checkers if event.kind == Kind.TO_REVIEW else subject.people_asked
    return Reviewer.objects.filter(mobius_id__in=ids)


def concerns(reviewer: Reviewer, event: NotificationEvent, subject: Subject) -> bool:
    """The event still needs the person, as far as the mirror knows."""
    if event.kind in NotificationEvent.FOR_LEADS:
        return _concerns_leads(event, subject)
    if not isinstance(subject, Interaction):
        return _concerns_themselves(reviewer, event)
    if event.kind == Kind.NOT_SENT:
        own = Attempt.objects.filter(pk=event.occurrence, reviewer=reviewer)
        return own.exclude(returned="").exists()
    return _concerns_as_asked(reviewer, event, subject)


def _concerns_as_asked(reviewer: Reviewer, event: NotificationEvent, subject: Interaction) -> bool:
    viewer = Viewer(reviewer.user_id, reviewer.mobius_id, reviewer.name)
    match Kind(event.kind):
        case Kind.TO_REVIEW:
            return access.why_not_review(viewer, subject) is None
        case Kind.EXPIRED | Kind.ANSWERED_BY_OTHER:
            return access.is_asked(viewer, subject) and not access.has_answered(viewer, subject)
        case Kind.NUDGED if subject.in_review:
            return access.why_not_review(viewer, subject) is None
        case _:
            return access.why_not_answer(viewer, subject) is None


def _concerns_leads(event: NotificationEvent, subject: Subject) -> bool:
    if not isinstance(subject, Interaction):
        return True
    if event.kind == Kind.CLAIMED_TOO_LONG:
        since = subject.claimed_at
        return subject.pending and since is not None and since.isoformat() == event.occurrence
    return subject.pending or subject.state == "expired"


def _concerns_themselves(reviewer: Reviewer, event: NotificationEvent) -> bool:
    if event.kind == Kind.TOKEN_REFUSED:
        upstream = event.upstream
        return credentials.state_of(reviewer.user_id, upstream) is not Token.GOOD
    return waiting_for(reviewer, event.upstream_id) > 0


def waiting_for(reviewer: Reviewer, upstream_id: int) -> int:
    """How many questions the person can answer, or could if nobody had claimed them."""
    asked = Recipient.objects.filter(upstream=upstream_id, user_id=reviewer.mobius_id, open=True)
    return asked.count()


def snoozed(
    event: NotificationEvent, subject: Subject, people: Collection[Reviewer], now: datetime
) -> dict[int, datetime]:
    """When reminders may reach those who have put the question off; the last one always does."""
    is_last = event.occurrence.endswith(reminders.LAST)
    if event.kind != Kind.REMINDER or is_last or not isinstance(subject, Interaction):
        return {}
    rows = Snooze.objects.waiting(now).filter(interaction=subject, reviewer__in=people)
    return {row.reviewer_id: row.returns_at for row in rows.select_related("interaction")}
