"""What a person has typed and not sent: their own, on every device."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from inbox import access
from inbox.access import Viewer, viewer_of
from inbox.models import Attempt, Draft, Interaction, Recipient, Reviewer, Upstream

KEPT = timedelta(days=30)


class NotAsked(LookupError):
    """The question is not there for this person: they were not asked, or it does not exist."""


def asked_item(viewer: Viewer, interaction_id: str) -> Interaction:
    """The question, for somebody who was asked. Raises ``NotAsked``."""
    upstream = Upstream.present()
    item = access.interactions(viewer, upstream).filter(mobius_id=interaction_id).first()
    if item is None or not access.asked(viewer, item):
        raise NotAsked(interaction_id)
    item.upstream = upstream
    return item


@transaction.atomic
def save(*, reviewer: Reviewer, interaction_id: str, values: list[str], comment: str) -> bool:
    """Keep what was typed, unjudged. False where the person's answer is in already: a save that
    comes late brings nothing back. Raises ``NotAsked``.
    """
    item = asked_item(viewer_of(reviewer.user), interaction_id)
    if _answered(reviewer, item):
        return False
    keep(reviewer, item, values=values, comment=comment, closed=not item.pending)
    return True


def keep(
    reviewer: Reviewer, item: Interaction, *, values: list[str], comment: str, closed: bool
) -> None:
    """Write the draft; ``closed``: it can no longer be sent, and is kept for ``KEPT``."""
    now = timezone.now()
    typed = Draft(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        values=values,
        comment=comment,
        updated_at=now,
        closed_at=now if closed else None,
    )
    Draft.objects.bulk_create(
        [typed],
        update_conflicts=True,
        unique_fields=["reviewer", "upstream", "interaction_id"],
        update_fields=["values", "comment", "updated_at", "closed_at"],
    )


def restore(*, reviewer: Reviewer, interaction: Interaction) -> Draft | None:
    """What the person typed for this question, None for nothing."""
    return Draft.objects.filter(
        reviewer=reviewer,
        upstream_id=interaction.upstream_id,
        interaction_id=interaction.mobius_id,
    ).first()


def drop(*, reviewer: Reviewer, interaction_id: str) -> None:
    """Forget it: the answer is in, or the person discards it."""
    Draft.objects.filter(
        reviewer=reviewer, upstream=Upstream.present(), interaction_id=interaction_id
    ).delete()


def typed_as(value: Any) -> list[str]:
    """A JSON value as the form's field would submit it."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [str(each) for each in value]
    return [str(value)]


@transaction.atomic
def tidy() -> None:
    """Drop drafts whose owner has answered, date those that others closed, forget the old."""
    now = timezone.now()
    upstream = Upstream.present()
    Draft.objects.filter(closed_at__lt=now - KEPT).delete()
    for draft in Draft.objects.filter(upstream=upstream, closed_at=None).select_related("reviewer"):
        item = Interaction.objects.filter(upstream=upstream, mobius_id=draft.interaction_id).first()
        if item is None:
            continue
        if _answered(draft.reviewer, item):
            draft.delete()
        elif not item.pending:
            draft.closed_at = now
            draft.save(update_fields=["closed_at"])


def _answered(reviewer: Reviewer, item: Interaction) -> bool:
    theirs = Recipient.objects.filter(interaction=item, user_id=reviewer.mobius_id or "")
    return (
        theirs.exclude(answered_at=None).exists()
        or Attempt.objects.filter(
            reviewer=reviewer,
            upstream_id=item.upstream_id,
            interaction_id=item.mobius_id,
            state=Attempt.State.ANSWERED,
        ).exists()
    )
