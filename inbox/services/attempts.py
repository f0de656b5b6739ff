"""Attempts at answering, each step one transaction."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone
from ulid import ULID

from inbox.access import Viewer
from inbox.mirror import project
from inbox.mirror.changes import Changes
from inbox.mirror.readings import Gone
from inbox.mobius import types
from inbox.models import Attempt, Draft, Interaction, Reviewer, Upstream
from inbox.reviewers import credentials
from inbox.reviewers.clients import Means
from inbox.services import decision_log, draft, observed
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.truth import Mine, Standing, mine, same, standing

VERB = "respond"


@dataclass(frozen=True)
class Reading:
    """What upstream just said of one item: the item, or None where it no longer has it."""

    interaction_id: str
    told: types.Interaction | None


@dataclass(frozen=True)
class Settled:
    """Where the person stands after a reading; ``ours`` where their answer is one that was sent
    from here, and this attempt's."""

    item: Interaction
    standing: Standing
    ours: bool
    changes: Changes


class Arrived(StrEnum):
    """Whether upstream took the attempt, as far as the answer to the POST tells."""

    YES = "yes"
    PERHAPS = "perhaps"
    NO = "no"


def find(reviewer: Reviewer, operation_id: str) -> Attempt | None:
    """The attempt of this operation, at whatever item."""
    if not operation_id:
        return None
    return Attempt.objects.filter(reviewer=reviewer, operation_id=operation_id).first()


def is_at(attempt: Attempt, item: Interaction) -> bool:
    """The attempt is one at this item."""
    at = (attempt.upstream_id, attempt.interaction_id)
    return at == (item.upstream_id, item.mobius_id)


@transaction.atomic
def begin(
    *,
    reviewer: Reviewer,
    item: Interaction,
    value: Any,
    comment: str,
    operation_id: str,
    means: Means,
    named: Attempt | None,
    origin: Origin = BACKGROUND,
) -> Attempt:
    """Write the draft and the open attempt, before anything is sent.

    ``named`` is what ``find`` finds. One at this item that did not get through is opened again.
    Without an ``operation_id``, or where it is one of another item or of another answer that may
    still arrive, the attempt gets a number of its own.
    """
    draft.keep(
        reviewer, item, values=draft.typed_as(value), comment=comment, closed=not item.pending
    )
    if named is not None and _may_open_again(named, item, value, comment):
        named.address = origin.address
        _reopen(named, item=item, value=value, comment=comment, means=means)
        return named
    return Attempt.objects.create(
        reviewer=reviewer,
        upstream=item.upstream,
        interaction_id=item.mobius_id,
        operation_id=str(ULID()) if named is not None or not operation_id else operation_id,
        value=value,
        comment=comment,
        credential_kind=means.kind,
        address=origin.address,
        shown=_shown(item),
        created_at=timezone.now(),
    )


def _reopen(attempt: Attempt, *, item: Interaction, value: Any, comment: str, means: Means) -> None:
    if attempt.state != Attempt.State.OPEN:
        # What may have arrived keeps its time: an answer from then is still this attempt's.
        attempt.created_at = timezone.now()
    attempt.value, attempt.comment = value, comment
    attempt.credential_kind, attempt.shown = means.kind, _shown(item)
    attempt.state, attempt.outcome, attempt.settled_at = Attempt.State.OPEN, "", None
    attempt.save()


@transaction.atomic
def settle(
    attempt: Attempt, viewer: Viewer, reading: Reading | None, *, arrived: Arrived
) -> Settled:
    """Bring the mirror up to ``reading``, and this attempt and its like up to what is true.
    Without a reading, what is true is what the mirror has.

    Publish the changes after the commit. An attempt whose item is still open stays as it is.
    """
    if reading is None:
        _hold_upstream(attempt)
    changes = Changes() if reading is None else mirror(reading, attempt.upstream)
    item = Interaction.objects.get(
        upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id
    )
    item.upstream = attempt.upstream
    now = standing(viewer, item)
    if now is Standing.MINE:
        ours = _settle_answered(attempt, viewer, item, arrived)
        return Settled(item, now, ours, changes)
    if now is Standing.CLOSED:
        refuse(attempt, "gone" if item.gone else "closed")
        _close_draft(attempt)
    return Settled(item, now, False, changes)


@transaction.atomic
def refuse(attempt: Attempt, outcome: str) -> None:
    """It did not become an answer, and why."""
    upstream = _hold_upstream(attempt)
    refused = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.OPEN).update(
        state=Attempt.State.REFUSED, outcome=outcome, settled_at=timezone.now()
    )
    if refused:
        # An answer from elsewhere may have come meanwhile, and was left to this attempt's end.
        observed.catch_up(upstream, attempt.interaction_id, attempt.reviewer.mobius_id)


def _hold_upstream(attempt: Attempt) -> Upstream:
    """The first lock of all who settle, project or log: so none waits for another in a circle."""
    return Upstream.objects.select_for_update().get(pk=attempt.upstream_id)


def _settle_answered(attempt: Attempt, viewer: Viewer, item: Interaction, arrived: Arrived) -> bool:
    """The person's answer is in: find the attempt that it is of. True where it is ours."""
    given = mine(viewer, item)
    tried = list(
        Attempt.objects.select_for_update().filter(
            reviewer_id=attempt.reviewer_id,
            upstream_id=attempt.upstream_id,
            interaction_id=attempt.interaction_id,
        )
    )
    settled = next((each for each in tried if each.state == Attempt.State.ANSWERED), None)
    sent = settled or _sent(tried, attempt, given, arrived)
    if sent is not None and settled is None:
        _log(sent, attempt.reviewer, viewer, item)
        sent.state, sent.outcome, sent.settled_at = Attempt.State.ANSWERED, VERB, timezone.now()
        sent.save(update_fields=["state", "outcome", "settled_at"])
        if sent.credential_kind == "member":
            credentials.mark_used(attempt.reviewer)
    for each in tried:
        if each.state == Attempt.State.OPEN and each.pk != getattr(sent, "pk", None):
            refuse(each, "already_answered")
    ours = sent is not None and (
        sent.pk == attempt.pk or (settled is None and given.is_of(attempt))
    )
    if ours:
        _drafts(attempt).delete()
    else:
        _close_draft(attempt)
    return ours


def _sent(tried: list[Attempt], attempt: Attempt, given: Mine, arrived: Arrived) -> Attempt | None:
    """Which open attempt the answer is of, this one first; None where it came from elsewhere."""
    if arrived is Arrived.YES:
        return attempt
    candidates = [
        each
        for each in tried
        if each.state == Attempt.State.OPEN
        and given.is_of(each)
        and (arrived is Arrived.PERHAPS or each.pk != attempt.pk)
    ]
    return min(candidates, key=lambda each: each.pk != attempt.pk, default=None)


def _log(attempt: Attempt, reviewer: Reviewer, viewer: Viewer, item: Interaction) -> None:
    entered = decision_log.answers_of(item.upstream, [item.mobius_id])
    if (item.mobius_id, viewer.mobius_id) in entered:
        return
    attempt.reviewer = reviewer
    decision_log.append(observed.entry_of(attempt, item, at=mine(viewer, item).at))


def mirror(reading: Reading, upstream: Upstream | None = None) -> Changes:
    """Bring the mirror up to ``reading``; ``upstream`` as it was before that, else as it is."""
    upstream = upstream or Upstream.present()
    now = timezone.now()
    if reading.told is None:
        return project.apply(upstream, [Gone(interaction_id=reading.interaction_id)], read_at=now)
    return project.apply_interaction(upstream, reading.told, read_at=now)


def _may_open_again(named: Attempt, item: Interaction, value: Any, comment: str) -> bool:
    if not is_at(named, item):
        return False
    if named.state != Attempt.State.OPEN:
        return True
    return same([named.value, named.comment], [value, comment])


def _drafts(attempt: Attempt) -> Any:
    return Draft.objects.filter(
        reviewer_id=attempt.reviewer_id,
        upstream_id=attempt.upstream_id,
        interaction_id=attempt.interaction_id,
    )


def _close_draft(attempt: Attempt) -> None:
    _drafts(attempt).filter(closed_at=None).update(closed_at=timezone.now())


def _shown(item: Interaction) -> dict[str, Any]:
    return {
        "message": item.message,
        "context": item.context,
        "questions": item.questions,
        "updated_at": item.updated_at.isoformat(),
    }
