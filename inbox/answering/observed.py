"""Answers made outside this app are logged once, as observed.

The sync also sees our own answers, often before the response to our POST, and upstream may name
someone else as responder. So nothing is logged while an attempt of that person is open, or anyone's
if one answer is enough: whatever settles the attempt knows whose answer it is and logs it. Both
lock the upstream's row, so neither overtakes the other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from inbox.access.redaction import masked
from inbox.answering import returned
from inbox.answering.underway import OwnAnswer
from inbox.audit import decision_log
from inbox.audit.decision_log import Entry, entry_by
from inbox.audit.origin import Origin
from inbox.mirror.observers import MirroredAnswer
from inbox.mirror.upsert import chunks
from inbox.models import Attempt, Decision, Interaction, Upstream
from inbox.models.decision import RESPOND, UNCONFIRMED

NEVER_ARRIVED = "never_arrived"
"""The outcome of an attempt that was given up without a sign of it."""


def enter(upstream: Upstream, answers: Sequence[MirroredAnswer]) -> None:
    """Log those of ``answers`` that belong to no attempt and are not logged yet.

    Call it inside the transaction that projected them, which has locked the upstream's row.
    """
    attempted: set[tuple[str, str | None]] = set()
    coming_soon: set[str] = set()
    for ids in chunks({answer.item.mobius_id for answer in answers}):
        unsettled = Attempt.objects.filter(
            upstream=upstream, interaction_id__in=ids, state__in=Attempt.UNSETTLED
        )
        columns = ("interaction_id", "reviewer__mobius_id", "state")
        for interaction_id, user_id, state in unsettled.values_list(*columns):
            attempted.add((interaction_id, user_id))
            if state == Attempt.State.OPEN:
                coming_soon.add(interaction_id)
    outside: dict[tuple[str, str, int], MirroredAnswer] = {}
    for answer in answers:
        key = (answer.item.mobius_id, answer.user_id)
        undecided = answer.item.mobius_id in coming_soon and answer.item.takes_one_answer
        if key not in attempted and not undecided:
            outside[(*key, answer.round)] = answer
    logged: set[tuple[str, str, int]] = set()
    for ids in chunks({interaction_id for interaction_id, *_ in outside}):
        logged |= decision_log.answers_of(upstream, ids)
    entries = []
    for answer_key, answer in outside.items():
        if answer_key not in logged:
            late = _late(upstream, answer)
            entries.append(_entry(upstream, answer) if late is None else _ours(late, answer))
    decision_log.append(*entries)


def is_outside(item: Interaction, user_id: str | None) -> bool:
    """False while an attempt of theirs is not settled."""
    rows = Decision.objects.of(item.upstream).filter(verb=RESPOND, interaction_id=item.mobius_id)
    return rows.filter(actor=user_id or "", observed=True).exists()


def catch_up(upstream: Upstream, interaction_id: str) -> None:
    item = Interaction.objects.filter(upstream=upstream, mobius_id=interaction_id).first()
    enter(upstream, [] if item is None else MirroredAnswer.all_of(item))


def _late(upstream: Upstream, answer: MirroredAnswer) -> Attempt | None:
    own_answer = OwnAnswer(
        answer.response["answers"], answer.response.get("comment") or "", answer.at
    )
    refused = Attempt.objects.filter(
        upstream=upstream,
        interaction_id=answer.item.mobius_id,
        reviewer__mobius_id=answer.user_id,
        state=Attempt.State.REFUSED,
        round=answer.round,
    )
    attempts = refused.select_related("reviewer__user")
    return next((attempt for attempt in attempts if own_answer.was_sent_by(attempt)), None)


def _ours(attempt: Attempt, answer: MirroredAnswer) -> Entry:
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.ANSWERED, outcome=RESPOND)
    returned.forget(attempt.reviewer, answer.item)
    return entry_of(attempt, answer.item, at=answer.at)


def entry_of(attempt: Attempt, item: Interaction, *, at: datetime | None) -> Entry:
    return _sent(attempt, item, RESPOND, at=at, http_status=attempt.http_status)


def unconfirmed_entry_of(attempt: Attempt, item: Interaction) -> Entry:
    return _sent(attempt, item, UNCONFIRMED)


def _sent(attempt: Attempt, item: Interaction, verb: str, **fields: Any) -> Entry:
    return entry_by(
        attempt.reviewer,
        verb=verb,
        upstream=item.upstream,
        origin=Origin(attempt.address),
        item=item,
        credential_kind=attempt.credential_kind,
        operation_id=attempt.operation_id,
        answers=masked(attempt.answers),
        round=attempt.round,
        comment=attempt.comment,
        shown=attempt.shown,
        decided_at=attempt.created_at,
        sent_at=attempt.began_at,
        **fields,
    )


def _entry(upstream: Upstream, answer: MirroredAnswer) -> Entry:
    item, response = answer.item, answer.response
    return Entry(
        verb=RESPOND,
        upstream=upstream,
        actor=answer.user_id,
        at=answer.at,
        item=item,
        answers=masked(response["answers"]),
        round=answer.round,
        comment=response.get("comment") or "",
        observed=True,
    )
