"""Answers that were not made here enter the decision log once, as observed.

The sync meets our own answers too, often before the answer to our POST has come back, and upstream
may name somebody else as responder. So while an attempt of the person at the question is open, or,
where one answer is enough, anybody's, nothing is entered: whoever settles the attempt knows whose
answer it is, and enters it. Both hold the upstream's row, so neither overtakes the other.
"""

from collections.abc import Sequence
from datetime import datetime

from inbox.mirror.observers import Answer
from inbox.mirror.upsert import chunks
from inbox.models import Attempt, Interaction, Upstream
from inbox.services.answer_state import Mine
from inbox.services.audit import decision_log
from inbox.services.audit.decision_log import Entry, entry_by
from inbox.services.origin import Origin

RESPOND = "respond"
UNCONFIRMED = "answer_unconfirmed"
"""Mobius accepted an answer, and has not confirmed it for five minutes."""
NEVER_ARRIVED = "never_arrived"
"""The outcome of an attempt of which nothing was heard for so long that it was given up."""


def enter(upstream: Upstream, answers: Sequence[Answer]) -> None:
    """Enter those of ``answers`` that are nobody's attempt and are not entered yet.

    Inside the transaction that has projected them, which holds the upstream's row.
    """
    skip: set[tuple[str, str | None]] = set()
    coming_soon: set[str] = set()
    for ids in chunks({answer.item.mobius_id for answer in answers}):
        skip |= decision_log.answers_of(upstream, ids)
        coming = Attempt.objects.filter(
            upstream=upstream, interaction_id__in=ids, state__in=Attempt.UNSETTLED
        )
        skip |= set(coming.values_list("interaction_id", "reviewer__mobius_id"))
        on_its_way = coming.filter(state=Attempt.State.OPEN)
        coming_soon |= set(on_its_way.values_list("interaction_id", flat=True))
    new = {(answer.item.mobius_id, answer.user_id): answer for answer in answers}
    entries = []
    for key, answer in new.items():
        undecided = answer.item.mobius_id in coming_soon and answer.item.takes_one_answer
        if key not in skip and not undecided:
            late = _late(upstream, answer)
            entries.append(_entry(upstream, answer) if late is None else _ours(late, answer))
    decision_log.append(*entries)


def catch_up(upstream: Upstream, interaction_id: str) -> None:
    """The same for one question, after an attempt at it has turned out to be none."""
    item = Interaction.objects.filter(upstream=upstream, mobius_id=interaction_id).first()
    enter(upstream, [] if item is None else Answer.all_of(item))


def _late(upstream: Upstream, answer: Answer) -> Attempt | None:
    """One of ours that was refused or given up, and has arrived after all."""
    given = Mine(answer.told.get("value"), answer.told.get("comment") or "", _at(answer))
    lost = Attempt.objects.filter(
        upstream=upstream,
        interaction_id=answer.item.mobius_id,
        reviewer__mobius_id=answer.user_id,
        state=Attempt.State.REFUSED,
    )
    attempts = lost.select_related("reviewer__user")
    return next((attempt for attempt in attempts if given.is_of(attempt)), None)


def _ours(attempt: Attempt, answer: Answer) -> Entry:
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.ANSWERED, outcome=RESPOND)
    return entry_of(attempt, answer.item, at=_at(answer))


def entry_of(attempt: Attempt, item: Interaction, *, at: datetime | None) -> Entry:
    """The entry of an answer that an attempt has made."""
    return entry_by(
        attempt.reviewer,
        verb=RESPOND,
        upstream=item.upstream,
        origin=Origin(attempt.address),
        at=at,
        item=item,
        credential_kind=attempt.credential_kind,
        operation_id=attempt.operation_id,
        value=attempt.value,
        comment=attempt.comment,
        shown=attempt.shown,
        http_status=attempt.http_status,
    )


def unconfirmed_entry_of(attempt: Attempt, item: Interaction) -> Entry:
    """The entry of an answer that upstream took and does not show."""
    return entry_by(
        attempt.reviewer,
        verb=UNCONFIRMED,
        upstream=item.upstream,
        origin=Origin(attempt.address),
        item=item,
        credential_kind=attempt.credential_kind,
        operation_id=attempt.operation_id,
        value={"answer": attempt.value},
        comment=attempt.comment,
        shown=attempt.shown,
    )


def _entry(upstream: Upstream, answer: Answer) -> Entry:
    item, told = answer.item, answer.told
    return Entry(
        verb=RESPOND,
        upstream=upstream,
        actor=answer.user_id,
        at=_at(answer),
        item=item,
        value=told.get("value"),
        comment=told.get("comment") or "",
        observed=True,
    )


def _at(answer: Answer) -> datetime:
    told, item = answer.told, answer.item
    if told.get("at"):
        return datetime.fromisoformat(told["at"])
    return item.completed_at or item.updated_at
