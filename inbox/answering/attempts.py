"""Attempts to answer. Each step is one transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from ulid import ULID

from inbox import access
from inbox.access import Viewer
from inbox.access.redaction import masked_context
from inbox.answering import draft, observed, returned, token_owner, unread
from inbox.answering.draft import NOWHERE, TypedIn
from inbox.answering.look_up import apply_snapshot
from inbox.answering.shown_version import ANY_VERSION, ShownVersion, digest
from inbox.answering.underway import OwnAnswer, Underway, own_answer, sent_to
from inbox.audit import decision_log
from inbox.audit.origin import BACKGROUND, Origin
from inbox.mirror.changes import Changes
from inbox.mirror.recipients import people_of
from inbox.mirror.snapshots import Payload
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.models.answers import Answers, as_typed
from inbox.models.attempt import same
from inbox.models.decision import RESPOND
from inbox.people import credentials, key_answers
from inbox.people.clients import RequestCredential

_ACCEPTED_STATES = (Attempt.State.ACCEPTED, Attempt.State.UNCONFIRMED)


@dataclass(frozen=True)
class Settled:
    """The question after a snapshot. ``answered``: by the person; ``ours``: by this attempt.
    ``owner``: whose token it was sent with, if someone else's.
    """

    item: Interaction
    changes: Changes
    answered: bool = False
    ours: bool = False
    owner: str = ""

    @property
    def final(self) -> bool:
        return self.answered or bool(self.owner) or not self.item.pending


class Busy(Exception):
    def __init__(self, underway: Underway) -> None:
        super().__init__("another answer is underway")
        self.underway = underway


class NoLongerHeld(Exception):
    pass


def find(reviewer: Reviewer, operation_id: str) -> Attempt | None:
    if not operation_id:
        return None
    return Attempt.objects.filter(reviewer=reviewer, operation_id=operation_id).first()


def is_for(attempt: Attempt, item: Interaction) -> bool:
    return (attempt.upstream_id, attempt.interaction_id) == (item.upstream_id, item.mobius_id)


@dataclass(frozen=True)
class Submission:
    """What a person submits, and the version that the page showed. Without an ``operation_id``, one
    is generated.
    """

    reviewer: Reviewer
    interaction_id: str
    answers: Answers
    comment: str = ""
    operation_id: str = ""
    shown: ShownVersion = ANY_VERSION
    origin: Origin = BACKGROUND
    typed_in: TypedIn = NOWHERE
    hold_for: timedelta | None = None


@transaction.atomic
def begin(
    submission: Submission,
    item: Interaction,
    credential: RequestCredential,
    existing: Attempt | None = None,
) -> Attempt:
    """Write the draft and the open attempt, before anything is sent.

    ``existing`` is reopened if it is for this question and was not sent, or sent the same answer.
    Raises ``Busy`` if the service key is to be used and someone else is answering.
    """
    if credential.kind == "service":
        _take_service_key(submission.reviewer, item)
    now = timezone.now()
    reopened = existing if _can_reopen(existing, submission, item) else None
    # One that may have arrived keeps its times, so that its answer is still recognised.
    kept = reopened if reopened is not None and reopened.sent else None
    return _store(
        submission,
        item,
        reopened or _new(submission, item, existing),
        state=Attempt.State.OPEN,
        credential_kind=credential.kind,
        created_at=now if kept is None else kept.created_at,
        sent_at=None if kept is None else kept.sent_at,
        send_at=None,
    )


@transaction.atomic
def hold(
    submission: Submission, item: Interaction, wait: timedelta, existing: Attempt | None = None
) -> Attempt:
    """Write the draft and an attempt that is sent after ``wait``. ``existing`` is reused only if
    unsent.
    """
    now = timezone.now()
    if existing is not None and is_for(existing, item) and not existing.sent:
        attempt = existing
    else:
        attempt = _new(submission, item, existing)
    return _store(
        submission,
        item,
        attempt,
        state=Attempt.State.HELD,
        credential_kind="",
        created_at=now,
        send_at=now + wait,
        sent_at=None,
    )


def undo(attempt: Attempt) -> bool:
    """False if it is being sent, or was."""
    return _leave_held(attempt, state=Attempt.State.UNDONE, settled_at=timezone.now())


@transaction.atomic
def start_sending(attempt: Attempt, item: Interaction, credential: RequestCredential) -> Attempt:
    """From here on the answer may have arrived. Raises ``NoLongerHeld`` and ``Busy``."""
    if credential.kind == "service":
        _take_service_key(attempt.reviewer, item, ignoring=attempt)
    opened = _leave_held(
        attempt,
        state=Attempt.State.OPEN,
        sent_at=timezone.now(),
        credential_kind=credential.kind,
    )
    if not opened:
        raise NoLongerHeld
    return attempt


def give_up_held(attempt: Attempt) -> bool:
    return _leave_held(
        attempt, state=Attempt.State.REFUSED, outcome=Attempt.NOT_SENT, settled_at=timezone.now()
    )


def _leave_held(attempt: Attempt, **fields: Any) -> bool:
    """If two callers take a held attempt, the database lets one of them change the row."""
    held = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.HELD)
    if not held.update(**fields):
        return False
    for name, value in fields.items():
        setattr(attempt, name, value)
    return True


def _take_service_key(
    reviewer: Reviewer, item: Interaction, *, ignoring: Attempt | None = None
) -> None:
    Upstream.lock(item.upstream_id)
    underway = sent_to(reviewer.user_id, item, ignoring=ignoring).underway
    if underway is not None:
        raise Busy(underway)
    key_answers.record()
    transaction.on_commit(_changes_for_recipients(item).publish)


def _new(submission: Submission, item: Interaction, existing: Attempt | None) -> Attempt:
    operation_id = submission.operation_id if existing is None else ""
    return Attempt(
        reviewer=submission.reviewer,
        upstream=item.upstream,
        interaction_id=item.mobius_id,
        operation_id=operation_id or str(ULID()),
    )


def _store(submission: Submission, item: Interaction, attempt: Attempt, **fields: Any) -> Attempt:
    reviewer = submission.reviewer
    draft.keep(
        reviewer,
        item,
        values=as_typed(item.questions, submission.answers),
        comment=submission.comment,
        closed=not item.is_open,
        typed_in=submission.typed_in,
    )
    returned.forget(reviewer, item)
    unread.acted_on(reviewer, item)
    fields |= {
        "answers": submission.answers,
        "round": item.round,
        "comment": submission.comment,
        "address": submission.origin.address,
        "shown": _shown(item),
        "digest": digest(item),
        "outcome": "",
        "settled_at": None,
        "returned": "",
        "returned_message": "",
    }
    for name, field in fields.items():
        setattr(attempt, name, field)
    attempt.save()
    return attempt


@transaction.atomic
def settle(
    attempt: Attempt,
    viewer: Viewer,
    snapshot: Payload | None,
    *,
    accepted: bool = False,
    credential: RequestCredential | None = None,
) -> Settled:
    """Apply ``snapshot`` to the mirror, and settle the person's attempts by what the mirror has.

    An attempt whose question is still open stays open, or becomes accepted with ``accepted``:
    upstream took the POST. ``credential``: what it was sent with, if that has just been done. The
    caller publishes the changes after the commit.
    """
    locked = Upstream.lock(attempt.upstream_id)
    if accepted:
        _accept(attempt)
    changes = Changes()
    if snapshot is not None or accepted:
        accepted_ids = [attempt.interaction_id] if accepted else []
        changes = apply_snapshot(snapshot, attempt.upstream, accepted=accepted_ids, locked=locked)
    item = Interaction.objects.get(
        upstream_id=attempt.upstream_id, mobius_id=attempt.interaction_id
    )
    item.upstream = attempt.upstream
    added_at = credential.unproven if credential is not None else None
    owner = token_owner.learn(attempt, item, locked, added_at=added_at)
    if owner:
        _restore_draft(attempt, item)
        refuse(attempt, Attempt.ANOTHER_OWNER)
        accepted = False
    if attempt.round != item.round:
        return Settled(item, changes, ours=_settle_earlier_round(attempt), owner=owner)
    if access.has_answered(viewer, item):
        ours = _settle_answered(attempt, viewer, item, accepted=accepted)
        return Settled(item, changes, answered=True, ours=ours, owner=owner)
    if not item.pending:
        _restore_draft(attempt, item)
        refuse(attempt, "deleted" if item.deleted else "closed")
        draft.close(attempt.reviewer, item)
    elif accepted:
        draft.delete_text_of(attempt, item)
        changes.include(_changes_for_recipients(item))
    return Settled(item, changes, owner=owner)


def record_status(attempt: Attempt, http_status: int | None) -> None:
    if http_status is not None:
        attempt.http_status = http_status
        Attempt.objects.filter(pk=attempt.pk).update(http_status=http_status)


@transaction.atomic
def refuse(attempt: Attempt, outcome: str) -> None:
    upstream = Upstream.lock(attempt.upstream_id)
    refused = Attempt.objects.filter(pk=attempt.pk, state__in=Attempt.UNSETTLED).update(
        state=Attempt.State.REFUSED, outcome=outcome, settled_at=timezone.now()
    )
    if refused:
        _publish_no_longer_underway(attempt)
        # An answer made elsewhere may have arrived since; logging it waited for this attempt.
        observed.catch_up(upstream, attempt.interaction_id)


@transaction.atomic
def leave_unconfirmed(attempt: Attempt) -> None:
    upstream = Upstream.lock(attempt.upstream_id)
    updated = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.ACCEPTED).update(
        state=Attempt.State.UNCONFIRMED
    )
    if not updated:
        return
    item = Interaction.objects.get(upstream=upstream, mobius_id=attempt.interaction_id)
    item.upstream = upstream
    _restore_draft(attempt, item)
    decision_log.append(observed.unconfirmed_entry_of(attempt, item))
    transaction.on_commit(_changes_for_recipients(item).publish)


def _publish_no_longer_underway(attempt: Attempt) -> None:
    if attempt.credential_kind != "service" and not attempt.accepted_at:
        return
    item = attempt.question()
    if item is not None and item.status == "pending":
        transaction.on_commit(_changes_for_recipients(item).publish)


def _accept(attempt: Attempt) -> None:
    attempt.state, attempt.accepted_at = Attempt.State.ACCEPTED, timezone.now()
    attempt.http_status = None
    attempt.save(update_fields=["state", "accepted_at", "http_status"])


def _restore_draft(attempt: Attempt, item: Interaction) -> None:
    if attempt.state == Attempt.State.ACCEPTED:
        draft.restore(attempt, item)


def _changes_for_recipients(item: Interaction) -> Changes:
    changes = Changes(interactions={item.mobius_id})
    changes.touch(people_of([item]))
    return changes


@transaction.atomic
def sent_from_here(
    reviewer: Reviewer, viewer: Viewer, item: Interaction, *, answers: Answers, comment: str
) -> bool:
    answer = own_answer(viewer, item)
    if not answer.matches(answers, comment):
        return False
    Upstream.lock(item.upstream_id)
    sent = _recognise(_attempts_of(reviewer, item), reviewer, viewer, item)
    if sent is not None:
        draft.settle(reviewer, item, sent)
    return sent is not None


def _settle_answered(
    attempt: Attempt, viewer: Viewer, item: Interaction, *, accepted: bool
) -> bool:
    attempts = _attempts_of(attempt.reviewer, item)
    source = attempt if accepted else None
    sent = _recognise(attempts, attempt.reviewer, viewer, item, accepted=source)
    for other in attempts:
        if other.state in Attempt.UNSETTLED and other != sent:
            refuse(other, "already_answered")
    draft.settle(attempt.reviewer, item, sent)
    return sent is not None and (
        sent.pk == attempt.pk or own_answer(viewer, item).matches(attempt.answers, attempt.comment)
    )


def _settle_earlier_round(attempt: Attempt) -> bool:
    """True if the answer arrived before changes were requested."""
    refuse(attempt, "round_over")
    attempt.refresh_from_db()
    return attempt.state == Attempt.State.ANSWERED


def _attempts_of(reviewer: Reviewer, item: Interaction) -> list[Attempt]:
    rows = Attempt.objects.filter(
        reviewer=reviewer,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        round=item.round,
    )
    return list(rows.select_for_update().order_by("pk"))


def _recognise(
    attempts: list[Attempt],
    reviewer: Reviewer,
    viewer: Viewer,
    item: Interaction,
    *,
    accepted: Attempt | None = None,
) -> Attempt | None:
    """Settle and log the attempt that the answer came from; None if it was made elsewhere."""
    settled = next(
        (attempt for attempt in attempts if attempt.state == Attempt.State.ANSWERED), None
    )
    if settled is not None:
        return settled
    sent = accepted or _find_source(own_answer(viewer, item), attempts)
    if sent is None:
        return None
    _log(sent, reviewer, viewer, item)
    sent.state, sent.outcome, sent.settled_at = Attempt.State.ANSWERED, RESPOND, timezone.now()
    sent.save(update_fields=["state", "outcome", "settled_at", "http_status"])
    if sent.returned:
        returned.forget(reviewer, item)
    if sent.credential_kind == "member":
        credentials.mark_used(reviewer)
    return sent


def _find_source(answer: OwnAnswer, attempts: list[Attempt]) -> Attempt | None:
    """The attempt that sent ``answer``: of those with its value, the last that began before it,
    else the first. Without any, the last that upstream accepted: it may have changed the value.
    """
    candidates = [attempt for attempt in attempts if answer.was_sent_by(attempt)]
    if not candidates:
        accepted = [attempt for attempt in attempts if attempt.state in _ACCEPTED_STATES]
        return accepted[-1] if accepted else None
    at = answer.at
    earlier = [attempt for attempt in candidates if at is not None and attempt.began_at <= at]
    return earlier[-1] if earlier else candidates[0]


def _log(attempt: Attempt, reviewer: Reviewer, viewer: Viewer, item: Interaction) -> None:
    logged = decision_log.answers_of(item.upstream, [item.mobius_id])
    if (item.mobius_id, viewer.mobius_id, item.round) in logged:
        return
    attempt.reviewer = reviewer
    decision_log.append(observed.entry_of(attempt, item, at=own_answer(viewer, item).at))


def _can_reopen(existing: Attempt | None, submission: Submission, item: Interaction) -> bool:
    if existing is None or not is_for(existing, item):
        return False
    if not existing.sent:
        return True
    if existing.outcome == Attempt.ANOTHER_OWNER:
        return False
    answer = [submission.answers, submission.comment]
    return same([existing.answers, existing.comment], answer)


def _shown(item: Interaction) -> dict[str, Any]:
    return {
        "message": item.message,
        "context": masked_context(item.context),
        "questions": item.questions,
        "updated_at": item.updated_at.isoformat(),
    }
