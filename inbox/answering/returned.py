"""Held answers that could not be sent: they come back with their text, a reason and a notification.

Nothing is resent automatically.
"""

from django.db import transaction

from inbox.answering import draft
from inbox.answering.outcome import Kind
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Attempt, Interaction, Notice, Reviewer
from inbox.notify import events
from inbox.notify.notices import notify


@transaction.atomic
def bring_back(attempt: Attempt, kind: Kind, message: str = "") -> None:
    """Tell the person once why their held answer was not sent, and keep its text as a draft.

    An attempt that may have arrived stays open: if it becomes an answer, ``forget`` takes the
    notification back.
    """
    unreported = Attempt.objects.filter(
        pk=attempt.pk, state__in=(Attempt.State.OPEN, Attempt.State.REFUSED), returned=""
    )
    if not unreported.update(returned=kind, returned_message=message):
        return
    item = attempt.question()
    if item is None:
        return
    draft.restore(attempt, item)
    reviewer = attempt.reviewer
    notify(
        reviewer,
        Notice.Kind.NOT_SENT,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        reason=kind,
        message=message,
        sender=reviewer.mobius_id or "",
        sender_name=reviewer.name,
    )
    events.not_sent(attempt, item)
    transaction.on_commit(lambda: publish(reviewer, item.mobius_id))


def forget(reviewer: Reviewer, item: Interaction) -> None:
    own = Attempt.objects.filter(
        reviewer=reviewer, upstream_id=item.upstream_id, interaction_id=item.mobius_id
    ).exclude(returned="")
    # One that may have arrived stays open, but nothing shows it as being sent any more.
    if own.update(returned="", returned_message="", send_at=None):
        about = Notice.objects.filter(reviewer=reviewer, kind=Notice.Kind.NOT_SENT)
        about.filter(upstream_id=item.upstream_id, interaction_id=item.mobius_id).delete()


def publish(reviewer: Reviewer, interaction_id: str) -> None:
    own = reviewer.mobius_id or ""
    changed = {
        topics.inbox(own): frozenset({interaction_id}),
        topics.held(own): frozenset(),
        topics.notices(own): frozenset(),
    }
    get_bus().publish(changed)
