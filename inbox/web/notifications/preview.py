"""What a person's settings would have sent within the last week."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.models import Interaction, NotificationEvent, Recipient, Reviewer, Run
from inbox.models.notification import Channel, When
from inbox.notify import plan, senders
from inbox.notify.messages import questions_wait
from inbox.notify.plan import Plans
from inbox.notify.subjects import Subject, subjects_of, workflow_of
from inbox.web.ui.request import ReviewerRequest

PERIOD = timedelta(days=7)
LISTED = 8


@dataclass(frozen=True)
class Sent:
    """``reason`` is empty for a digest."""

    title: str
    reason: str
    channel: Channel
    at: datetime


@dataclass(frozen=True)
class Preview:
    """``total`` is a sentence such as *14 pushes, 3 emails*. ``complete``: events were stored for
    all of the period.
    """

    total: str
    newest: Sequence[Sent]
    complete: bool


def preview(request: ReviewerRequest, now: datetime) -> Preview | None:
    """None for someone whom no channel reaches. Everyone who was asked counts as told: whether they
    would have seen a question before its email was due isn't known.
    """
    reviewer, upstream = request.user.reviewer, request.upstream
    channels = list(senders.reaching(reviewer))
    if not channels:
        return None
    since = now - PERIOD
    events = NotificationEvent.objects.filter(upstream=upstream, at__gte=since)
    found = events.filter(_concerns(request)).exclude(actor=reviewer.mobius_id or "-")
    subjects = subjects_of(upstream, found)
    seen = access.interactions(request.viewer, upstream).filter(
        mobius_id__in={event.subject for event in found}
    )
    may_see = set(seen.values_list("mobius_id", flat=True))
    plans = Plans([reviewer], now)
    sent: list[Sent] = []
    in_digest: list[datetime] = []
    for event in found:
        subject = subjects.get(event.pk)
        if subject is None or plans.muted(reviewer, event.kind, workflow_of(subject)):
            continue
        if isinstance(subject, Interaction) and subject.mobius_id not in may_see:
            continue
        for channel in channels:
            when = plans.when(reviewer, event.kind, channel)
            if when is When.NOW:
                reason = event.get_kind_display()
                sent.append(Sent(_title(subject) or reason, reason, channel, event.at))
            elif when is When.DIGEST:
                in_digest.append(event.at)
    sent += _digests(reviewer, in_digest, now)
    oldest = NotificationEvent.objects.filter(upstream=upstream).order_by("at").first()
    return Preview(
        total=_total(channels, sent),
        newest=sorted(sent, key=lambda one: one.at, reverse=True)[:LISTED],
        complete=oldest is not None and oldest.at <= since,
    )


def _concerns(request: ReviewerRequest) -> Q:
    """Not failed runs, which a lead is told of by how many there were."""
    own_id = request.viewer.mobius_id or "-"
    asked = Recipient.objects.filter(upstream=request.upstream, user_id=own_id)
    own = Q(person="", subject__in=asked.values("interaction__mobius_id"))
    by_role = Q(kind__in=NotificationEvent.FOR_LEADS)
    about_all = by_role & ~Q(kind__in=NotificationEvent.ABOUT_RUNS)
    concerned = (own & ~by_role) | Q(person=own_id)
    return concerned | about_all if request.viewer.lead else concerned


def _title(subject: Subject) -> str:
    """Empty for a person."""
    match subject:
        case Interaction():
            return subject.display_title
        case Run():
            return subject.workflow
        case _:
            return ""


def _digests(reviewer: Reviewer, events: Sequence[datetime], now: datetime) -> Iterator[Sent]:
    times, zone = plan.times_of(reviewer), plan.zone_of(reviewer)
    counts = Counter(plan.next_digest(times, zone, at) for at in events)
    for at, count in counts.items():
        if at is not None and at <= now:
            title = _("Digest: %(questions)s") % {"questions": questions_wait(count)}
            yield Sent(title, "", Channel.EMAIL, at)


def _total(channels: Sequence[Channel], sent: Sequence[Sent]) -> str:
    counts = Counter((one.channel, bool(one.reason)) for one in sent)
    pushes, emails = counts[Channel.PUSH, True], counts[Channel.EMAIL, True]
    digests = counts[Channel.EMAIL, False]
    words = []
    if Channel.PUSH in channels:
        words.append(ngettext("%(count)d push", "%(count)d pushes", pushes) % {"count": pushes})
    if Channel.EMAIL in channels:
        words.append(ngettext("%(count)d email", "%(count)d emails", emails) % {"count": emails})
    if digests:
        words.append(
            ngettext("%(count)d digest", "%(count)d digests", digests) % {"count": digests}
        )
    return ", ".join(words)
