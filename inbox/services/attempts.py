"""Attempts at answering, each step one transaction."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from ulid import ULID

from inbox.access import Viewer
from inbox.mirror.changes import Changes
from inbox.mirror.recipients import people_of
from inbox.models import Attempt, Draft, Interaction, Reviewer, Upstream
from inbox.models.attempt import same
from inbox.people import credentials
from inbox.people.clients import RequestCredential
from inbox.services import draft, key_answers, observed
from inbox.services.answer_state import (
    AnswerState,
    Mine,
    Underway,
    answer_state,
    mine,
    sent_to,
)
from inbox.services.audit import decision_log
from inbox.services.draft import NOWHERE, TypedIn
from inbox.services.look_up import Snapshot, mirror
from inbox.services.origin import BACKGROUND, Origin

VERB = "respond"
_TAKEN = (Attempt.State.ACCEPTED, Attempt.State.UNCONFIRMED)


@dataclass(frozen=True)
class Settled:
    """What is true after a snapshot; ``ours``: the person's answer is one that was sent from here,
    and this attempt's.
    """

    item: Interaction
    state: AnswerState
    ours: bool
    changes: Changes


class Busy(Exception):
    """Another answer to the question is underway."""

    def __init__(self, underway: Underway) -> None:
        super().__init__("another answer is underway")
        self.underway = underway


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
    credential: RequestCredential,
    named: Attempt | None,
    origin: Origin = BACKGROUND,
    typed_in: TypedIn = NOWHERE,
) -> Attempt:
    """Write the draft and the open attempt, before anything is sent.

    ``named`` is what ``find`` finds. One at this item that did not get through is opened again.
    Without an ``operation_id``, or where it is one of another item or of another answer that may
    have arrived, the attempt gets a number of its own. Raises ``Busy`` where the service key is
    to be used and somebody else is answering.
    """
    if credential.kind == "service":
        Upstream.objects.select_for_update().get(pk=item.upstream_id)
        underway = sent_to(reviewer.user_id, item).underway
        if underway is not None:
            raise Busy(underway)
        key_answers.note()
        transaction.on_commit(_seen_by_the_asked(item).publish)
    draft.keep(
        reviewer,
        item,
        values=draft.typed_as(value),
        comment=comment,
        closed=not item.pending,
        typed_in=typed_in,
    )
    if named is not None and _may_open_again(named, item, value, comment):
        named.address = origin.address
        _reopen(named, item=item, value=value, comment=comment, credential=credential)
        return named
    return Attempt.objects.create(
        reviewer=reviewer,
        upstream=item.upstream,
        interaction_id=item.mobius_id,
        operation_id=str(ULID()) if named is not None or not operation_id else operation_id,
        value=value,
        comment=comment,
        credential_kind=credential.kind,
        address=origin.address,
        shown=_shown(item),
        created_at=timezone.now(),
    )


def _reopen(
    attempt: Attempt, *, item: Interaction, value: Any, comment: str, credential: RequestCredential
) -> None:
    if not attempt.sent:
        # What may have arrived keeps its time: an answer from then is still this attempt's.
        attempt.created_at = timezone.now()
    attempt.value, attempt.comment = value, comment
    attempt.credential_kind, attempt.shown = credential.kind, _shown(item)
    attempt.state, attempt.outcome, attempt.settled_at = Attempt.State.OPEN, "", None
    attempt.save()


@transaction.atomic
def settle(
    attempt: Attempt, viewer: Viewer, snapshot: Snapshot | None, *, accepted: bool = False
) -> Settled:
    """Bring the mirror up to ``snapshot``, and this attempt and its like up to what is true.
    Without a snapshot, what is true is what the mirror has. ``accepted``: upstream took the POST.

    Publish the changes after the commit. An attempt whose item is still open stays as it is,
    or waits as accepted.
    """
    if snapshot is None or accepted:
        _hold_upstream(attempt)
    if accepted:
        _accept(attempt)
    changes = Changes()
    if snapshot is not None or accepted:
        mine_by_now = [attempt.interaction_id] if accepted else []
        changes = mirror(snapshot, attempt.upstream, accepted=mine_by_now)
    item = Interaction.objects.get(
        upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id
    )
    item.upstream = attempt.upstream
    state = answer_state(viewer, item)
    if state is AnswerState.MINE:
        ours = _settle_answered(attempt, viewer, item, accepted=accepted)
        return Settled(item, state, ours, changes)
    if state is AnswerState.CLOSED:
        _restore_draft(attempt, item)
        refuse(attempt, "gone" if item.gone else "closed")
        _close_draft(attempt)
    elif accepted:
        _drafts(attempt).delete()
        changes.include(_seen_by_the_asked(item))
    return Settled(item, state, False, changes)


def note_status(attempt: Attempt, http_status: int | None) -> None:
    """Keep the failure that the POST was answered with, for the decision log."""
    if http_status is not None:
        attempt.http_status = http_status
        Attempt.objects.filter(pk=attempt.pk).update(http_status=http_status)


@transaction.atomic
def refuse(attempt: Attempt, outcome: str) -> None:
    """It did not become an answer, and why."""
    upstream = _hold_upstream(attempt)
    refused = Attempt.objects.filter(pk=attempt.pk, state__in=Attempt.UNSETTLED).update(
        state=Attempt.State.REFUSED, outcome=outcome, settled_at=timezone.now()
    )
    if refused:
        _show_as_free(attempt)
        # An answer from elsewhere may have come meanwhile, and was left to this attempt's end.
        observed.catch_up(upstream, attempt.interaction_id)


@transaction.atomic
def leave_unconfirmed(attempt: Attempt) -> None:
    """Upstream took it, and the question has stayed open: it is logged, and can be sent again."""
    upstream = _hold_upstream(attempt)
    left = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.ACCEPTED).update(
        state=Attempt.State.UNCONFIRMED
    )
    if not left:
        return
    item = Interaction.objects.get(upstream=upstream, mobius_id=attempt.interaction_id)
    item.upstream = upstream
    _restore_draft(attempt, item)
    decision_log.append(observed.unconfirmed_entry_of(attempt, item))
    transaction.on_commit(_seen_by_the_asked(item).publish)


def _show_as_free(attempt: Attempt) -> None:
    """Colleagues were told that the question is being answered."""
    item = Interaction.objects.filter(
        upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id, status="pending"
    ).first()
    if item is not None and (attempt.credential_kind == "service" or attempt.accepted_at):
        transaction.on_commit(_seen_by_the_asked(item).publish)


def _accept(attempt: Attempt) -> None:
    attempt.state, attempt.accepted_at = Attempt.State.ACCEPTED, timezone.now()
    attempt.http_status = None
    attempt.save(update_fields=["state", "accepted_at", "http_status"])


def _restore_draft(attempt: Attempt, item: Interaction) -> None:
    """What was dropped when upstream took the answer, which has turned out to be none."""
    if attempt.state == Attempt.State.ACCEPTED and not _drafts(attempt).exists():
        typed = draft.typed_as(attempt.value)
        closed = not item.pending
        draft.keep(attempt.reviewer, item, values=typed, comment=attempt.comment, closed=closed)


def _seen_by_the_asked(item: Interaction) -> Changes:
    """Everybody whose page shows the question is to read it again."""
    changes = Changes(interactions={item.mobius_id})
    changes.touch(people_of([item]))
    return changes


def _hold_upstream(attempt: Attempt) -> Upstream:
    """The first lock of all who settle, project or log: so none waits for another in a circle."""
    return Upstream.objects.select_for_update().get(pk=attempt.upstream_id)


@transaction.atomic
def made_here(
    reviewer: Reviewer, viewer: Viewer, item: Interaction, *, value: Any, comment: str
) -> bool:
    """The person's answer is one that was sent from here, and it has this value and comment.

    The attempt that it came from is settled, if it was not yet.
    """
    given = mine(viewer, item)
    if not given.says(value, comment):
        return False
    Upstream.objects.select_for_update().get(pk=item.upstream_id)
    tried = _tried(reviewer, item)
    return _recognise(tried, reviewer, viewer, item) is not None


def _settle_answered(
    attempt: Attempt, viewer: Viewer, item: Interaction, *, accepted: bool
) -> bool:
    """The person's answer is in: find the attempt that it is of. True where it is ours."""
    tried = _tried(attempt.reviewer, item)
    shown = attempt if accepted else None
    sent = _recognise(tried, attempt.reviewer, viewer, item, accepted=shown)
    for other in tried:
        if other.state in Attempt.UNSETTLED and other.pk != getattr(sent, "pk", None):
            refuse(other, "already_answered")
    ours = sent is not None and (
        sent.pk == attempt.pk or mine(viewer, item).says(attempt.value, attempt.comment)
    )
    if ours:
        _drafts(attempt).delete()
    else:
        _close_draft(attempt)
    return ours


def _tried(reviewer: Reviewer, item: Interaction) -> list[Attempt]:
    rows = Attempt.objects.select_for_update()
    return list(
        rows.filter(
            reviewer=reviewer, upstream_id=item.upstream_id, interaction_id=item.mobius_id
        ).order_by("pk")
    )


def _recognise(
    tried: list[Attempt],
    reviewer: Reviewer,
    viewer: Viewer,
    item: Interaction,
    *,
    accepted: Attempt | None = None,
) -> Attempt | None:
    """The attempt that the person's answer is of, settled and in the decision log; None where it
    was given elsewhere. ``accepted`` is the attempt that the POST has just shown it to be of.
    """
    settled = next((attempt for attempt in tried if attempt.state == Attempt.State.ANSWERED), None)
    if settled is not None:
        return settled
    sent = accepted or _source(mine(viewer, item), tried)
    if sent is None:
        return None
    _log(sent, reviewer, viewer, item)
    sent.state, sent.outcome, sent.settled_at = Attempt.State.ANSWERED, VERB, timezone.now()
    sent.save(update_fields=["state", "outcome", "settled_at", "http_status"])
    if sent.credential_kind == "member":
        credentials.mark_used(reviewer)
    return sent


def _source(given: Mine, tried: list[Attempt]) -> Attempt | None:
    """The last of the attempts ``given`` may be of that began before it, else the first, else the
    last that upstream took: it may keep an answer in a form of its own.
    """
    candidates = [attempt for attempt in tried if given.is_of(attempt)]
    if not candidates:
        took = [attempt for attempt in tried if attempt.state in _TAKEN]
        return next(reversed(took), None)
    at = given.at
    begun = [attempt for attempt in candidates if at is not None and attempt.created_at <= at]
    return next(reversed(begun), next(iter(candidates), None))


def _log(attempt: Attempt, reviewer: Reviewer, viewer: Viewer, item: Interaction) -> None:
    entered = decision_log.answers_of(item.upstream, [item.mobius_id])
    if (item.mobius_id, viewer.mobius_id) in entered:
        return
    attempt.reviewer = reviewer
    decision_log.append(observed.entry_of(attempt, item, at=mine(viewer, item).at))


def _may_open_again(named: Attempt, item: Interaction, value: Any, comment: str) -> bool:
    if not is_at(named, item):
        return False
    if not named.sent:
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
