"""Other evidence of the decision log's length: the anchor files, answered attempts, and answers in
the mirror by people with an account. A chain that was cut off is consistent in itself.
"""

from collections.abc import Iterator
from itertools import islice

from django.contrib.auth import get_user_model
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from inbox.audit import anchor
from inbox.audit.anchor import Head
from inbox.audit.flaw import Flaw
from inbox.audit.problem import Problem
from inbox.models import Attempt, Decision, Recipient, Reviewer
from inbox.models.decision import LOG_RESEALED, RESPOND

CHUNK = 500
"""Heads that are compared by one query."""


def problem() -> Problem | None:
    """None if nothing is missing."""
    return anchored_problem() or _missing_answers()


def anchored_problem(*, whole: bool = True) -> Problem | None:
    """Without ``whole``, compares the newest heads only."""
    for file in anchor.files():
        try:
            found = missing_head(file.name, file.heads(whole=whole))
        except OSError:
            found = Problem(Flaw.NOT_NOTED, {"file": file.name})
        if found is not None:
            return found
    return None


def missing_head(file: str, heads: Iterator[Head]) -> Problem | None:
    """The first entry that differs from the ``heads`` in ``file``, from the last declared break on.

    Only a new installation may have no heads.
    """
    any_head, differs, last = False, 0, 0
    while part := list(islice(heads, CHUNK)):
        any_head = True
        entries = _entries_at([head.number for head in part if head.number])
        for head in part:
            entry_hash, verb = entries.get(head.number, ("", ""))
            if head.hash != entry_hash and head.number:
                last = max(last, head.number)
                differs = differs or (head.number if entry_hash else 0)
            elif head.resealed and verb == LOG_RESEALED:
                differs = last = 0
    if not any_head and (Decision.objects.exists() or get_user_model().objects.exists()):
        return Problem(Flaw.NOT_NOTED, {"file": file})
    if differs:
        return Problem(Flaw.NOTED_OTHERWISE, {"file": file, "entry": differs})
    if not last:
        return None
    end = Decision.objects.aggregate(end=Max("number"))["end"] or 0
    facts = {"file": file, "entry": end + 1}
    if end + 1 == last:
        return Problem(Flaw.NOTED_MISSING, facts)
    return Problem(Flaw.NOTED_MISSING_UNTIL, facts | {"last": last})


def _entries_at(numbers: list[int]) -> dict[int, tuple[str, str]]:
    rows = Decision.objects.filter(number__in=numbers).values_list("number", "hash", "verb")
    return {number: (hash_, verb) for number, hash_, verb in rows}


def attempts_without_entry() -> QuerySet[Attempt]:
    entries = _entries("interaction_id").filter(
        Q(operation_id=OuterRef("operation_id")) | Q(actor=OuterRef("reviewer__mobius_id"))
    )
    return Attempt.objects.filter(~Exists(entries), state=Attempt.State.ANSWERED).order_by("pk")


def answers_without_entry() -> QuerySet[Recipient]:
    """Answers that may belong to an attempt are logged when that is settled."""
    entries = _entries("interaction__mobius_id").filter(actor=OuterRef("user_id"))
    coming = Attempt.objects.filter(
        Q(reviewer__mobius_id=OuterRef("user_id")) | Q(state=Attempt.State.OPEN),
        upstream=OuterRef("upstream"),
        interaction_id=OuterRef("interaction__mobius_id"),
        state__in=Attempt.UNSETTLED,
    )
    people = Reviewer.objects.exclude(mobius_id=None).values("mobius_id")
    return Recipient.objects.filter(
        ~Exists(entries),
        ~Exists(coming),
        checks=False,
        answered_at__isnull=False,
        user_id__in=people,
    ).order_by("pk")


def _entries(interaction_id: str) -> QuerySet[Decision]:
    return Decision.objects.filter(
        verb=RESPOND,
        interaction_id=OuterRef(interaction_id),
        base_url=OuterRef("upstream__base_url"),
        project=OuterRef("upstream__project"),
    )


def _missing_answers() -> Problem | None:
    attempt = attempts_without_entry().select_related("reviewer__user").first()
    if attempt is not None:
        count = attempts_without_entry().count()
        kind = Flaw.SENT_ANSWER if count == 1 else Flaw.SENT_ANSWERS
        person = attempt.reviewer.mobius_id or attempt.reviewer.user.get_username()
        return _missing(kind, count, person, attempt.interaction_id)
    answer = answers_without_entry().select_related("interaction").first()
    if answer is not None:
        count = answers_without_entry().count()
        kind = Flaw.MIRRORED_ANSWER if count == 1 else Flaw.MIRRORED_ANSWERS
        return _missing(kind, count, answer.user_id, answer.interaction.mobius_id)
    return None


def _missing(kind: Flaw, count: int, person: str, question: str) -> Problem:
    return Problem(kind, {"count": count, "person": person, "question": question})
