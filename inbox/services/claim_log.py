"""A claim or a release becomes rows: the mirror and the decision log, in one transaction."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inbox import access
from inbox.access import Viewer
from inbox.models import ClaimAttempt, Decision, Interaction, Reviewer
from inbox.models.attempt import SKEW
from inbox.services import decision_log
from inbox.services.attempts import Snapshot, mirror
from inbox.services.decision_log import entry_by
from inbox.services.origin import Origin

CLAIM = "claim"


def begin(
    verb: str, reviewer: Reviewer, viewer: Viewer, item: Interaction, origin: Origin
) -> ClaimAttempt:
    """Write down what is about to be sent."""
    return ClaimAttempt.objects.create(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        verb=verb,
        address=origin.address,
        held=access.held_by(viewer, item),
        question_updated_at=item.updated_at,
        created_at=timezone.now(),
    )


def note_failure(attempt: ClaimAttempt, http_status: int | None) -> None:
    """The request was answered with a failure; without a status no response came."""
    if http_status is not None:
        attempt.http_status, attempt.ended_at = http_status, timezone.now()
        attempt.save(update_fields=["http_status", "ended_at"])


def settle(
    attempt: ClaimAttempt, viewer: Viewer, snapshot: Snapshot, *, accepted: bool = False
) -> tuple[Interaction, bool]:
    """Bring the mirror up to ``snapshot``, log what took place, and tell who looks.

    The row as it is, and whether the attempt took place. ``accepted``: the request was answered
    with the question. The attempt is deleted once it is known what became of it.
    """
    with transaction.atomic():
        changes = mirror(snapshot, attempt.upstream)
        item = Interaction.objects.get(
            upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id
        )
        at = _changed_at(attempt, viewer, item)
        took_place = at is not None and (accepted or _of_attempt(attempt, at))
        if at is not None and took_place:
            _log(attempt, viewer, item, at, None if accepted else attempt.http_status)
        if took_place or accepted or attempt.over:
            # By its row: the instance is settled once more where the response showed nothing.
            ClaimAttempt.objects.filter(pk=attempt.pk).delete()
    changes.publish()
    return item, took_place


def _changed_at(attempt: ClaimAttempt, viewer: Viewer, item: Interaction) -> datetime | None:
    """When the question became as the attempt wanted it; None where it is not, or was before."""
    if item.updated_at <= attempt.question_updated_at:
        return None
    if attempt.verb == CLAIM:
        return item.claimed_at if access.held_by(viewer, item) else None
    return None if item.claimed_by else item.updated_at


def _of_attempt(attempt: ClaimAttempt, at: datetime) -> bool:
    """A change at that time is the attempt's, though the response did not say so."""
    if attempt.verb != CLAIM and not attempt.held:
        return False
    ended = attempt.ended_at or timezone.now()
    return attempt.created_at - SKEW <= at <= ended + SKEW


def _log(
    attempt: ClaimAttempt, viewer: Viewer, item: Interaction, at: datetime, http_status: int | None
) -> None:
    """Once for each change: pressed twice at once it is one claim."""
    if Decision.objects.filter(
        verb=attempt.verb,
        base_url=item.upstream.base_url,
        project=item.upstream.project,
        interaction_id=item.mobius_id,
        actor=viewer.mobius_id or "",
        at=at,
    ).exists():
        return
    decision_log.append(
        entry_by(
            attempt.reviewer,
            verb=attempt.verb,
            upstream=item.upstream,
            origin=Origin(attempt.address),
            at=at,
            item=item,
            credential_kind="member",
            http_status=http_status,
        )
    )
