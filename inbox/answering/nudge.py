"""A team lead reminds someone of a question, with a notification, at most once an hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from inbox import access
from inbox.access import NotTheirs, Refusal, Viewer, viewer_of
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import find
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Interaction, Notice, Reviewer, Upstream
from inbox.notify import events

EVERY = timedelta(hours=1)
"""The shortest time between two nudges of a person about a question."""
VERB = "nudge"


@dataclass(frozen=True)
class CheckedNudge:
    reviewer: Reviewer
    upstream: Upstream
    item: Interaction
    recipient: Reviewer
    origin: Origin

    def outcome(self, kind: Kind, at: datetime) -> Outcome[Interaction]:
        """``at`` is when the recipient was nudged last."""
        user_id, name = self.recipient.mobius_id or "", self.recipient.name
        return Outcome(kind, self.item, VERB, user_id=user_id, person=name, at=at)


def nudge(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    user_id: str,
    now: datetime | None = None,
    origin: Origin = BACKGROUND,
) -> Outcome[Interaction]:
    """Remind the person with the Mobius ID ``user_id``, who must be able to answer or review now.

    The notification and its entry in the decision log are one transaction. Raises ``NotTheirs``,
    also if the question is not for the person.
    """
    now = now or timezone.now()
    ready = _prepare(reviewer, interaction_id, user_id, now, origin)
    if isinstance(ready, Outcome):
        return ready
    with transaction.atomic():
        times = _notice(ready, now)
        if times:
            _log(ready, now, times)
            events.nudged(ready.upstream, ready.item, ready.recipient, reviewer, at=now)
    if not times:
        return ready.outcome(Kind.TOO_SOON, _of(ready).get().at)
    get_bus().publish([topics.notices(user_id), topics.item(interaction_id), topics.runs()])
    return ready.outcome(Kind.NUDGED, now)


def _prepare(
    reviewer: Reviewer, interaction_id: str, user_id: str, now: datetime, origin: Origin
) -> CheckedNudge | Outcome[Interaction]:
    viewer, upstream = viewer_of(reviewer.user), Upstream.current()
    item = find(viewer, upstream, interaction_id)
    if item is None or not viewer.lead:
        raise NotTheirs(interaction_id)
    expired = item.pending and item.expires_at is not None and item.expires_at <= now
    if not item.is_open or expired:
        return Outcome(Kind.CLOSED, item, VERB)
    person = Viewer(0, user_id, "")
    why_not = access.why_not_review if item.in_review else access.why_not_answer
    refusal = why_not(person, item)
    if refusal in (Refusal.NOT_ASKED, Refusal.NOT_CHECKER):
        raise NotTheirs(user_id)
    recipient = Reviewer.objects.filter(mobius_id=user_id).select_related("user").first()
    if recipient is None:
        return Outcome(Kind.NO_ACCOUNT, item, VERB, user_id=user_id)
    if not recipient.user.is_active:
        kind = Kind.DEACTIVATED
    elif refusal is Refusal.CLAIMED_BY_ANOTHER:
        kind = Kind.CLAIMED_BY_ANOTHER
    elif refusal in (Refusal.ANSWERED, Refusal.OWN_WORK):
        kind = Kind.THEY_ANSWERED
    elif recipient.pk == reviewer.pk:
        kind = Kind.YOURSELF
    else:
        return CheckedNudge(reviewer, upstream, item, recipient, origin)
    return Outcome(kind, item, VERB, user_id=user_id, person=recipient.name)


def _notice(ready: CheckedNudge, now: datetime) -> int:
    """Returns how often the person was nudged, 0 if too recently.

    Of two simultaneous nudges, the database lets one change the row.
    """
    fields = {
        "sender": ready.reviewer.mobius_id or "",
        "sender_name": ready.reviewer.name,
        "at": now,
    }
    notices = _of(ready)
    if notices.filter(at__lte=now - EVERY).update(**fields, read_at=None, times=F("times") + 1):
        return notices.get().times
    try:
        with transaction.atomic():
            Notice.objects.create(
                reviewer=ready.recipient,
                upstream=ready.upstream,
                interaction_id=ready.item.mobius_id,
                kind=Notice.Kind.NUDGE,
                **fields,
            )
    except IntegrityError:
        return 0
    return 1


def _of(ready: CheckedNudge) -> QuerySet[Notice]:
    return Notice.objects.filter(
        reviewer=ready.recipient,
        upstream=ready.upstream,
        interaction_id=ready.item.mobius_id,
        kind=Notice.Kind.NUDGE,
    )


def _log(ready: CheckedNudge, now: datetime, times: int) -> None:
    decision_log.append(
        entry_by(
            ready.reviewer,
            verb=VERB,
            upstream=ready.upstream,
            origin=ready.origin,
            at=now,
            item=ready.item,
            credential_kind="account",
            value={"user": ready.recipient.mobius_id, "times": times},
        )
    )
