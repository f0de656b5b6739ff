"""Other evidence of the decision log's length: the note in ``DATA_DIR``, answered attempts, and
answers in the mirror by people with an account. A chain that was cut off is consistent in itself.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from inbox.models import Attempt, Decision, DecisionHead, Recipient, Reviewer
from inbox.models.decision import RESPOND
from inbox.services.audit import entry_count
from inbox.services.audit.entry_count import Note
from inbox.services.audit.flaw import Flaw
from inbox.services.problem import Problem


def problem(note: Note) -> Problem | None:
    """What is missing from a log whose chain is intact; None if nothing is.

    ``note`` was read before the chain, since later commits may have updated it by now.
    """
    return missing_noted_entry(note) or _missing_answers()


def missing_noted_entry(note: Note) -> Problem | None:
    """Why the log does not have the noted entry; None if it does."""
    if entry_count.holds(note):
        return None
    facts: dict[str, object] = {"file": entry_count.FILE}
    if note.number is None:
        return Problem(Flaw.NOT_NOTED, facts)
    head = DecisionHead.objects.first()
    end = head.number if head is not None else 0
    if end >= note.number:
        return Problem(Flaw.NOTED_OTHERWISE, facts | {"entry": note.number})
    facts["entry"] = end + 1
    if end + 1 == note.number:
        return Problem(Flaw.NOTED_MISSING, facts)
    return Problem(Flaw.NOTED_MISSING_UNTIL, facts | {"last": note.number})


def attempts_without_entry() -> QuerySet[Attempt]:
    """Attempts that became an answer but are missing from the log."""
    entries = _entries("interaction_id").filter(
        Q(operation_id=OuterRef("operation_id")) | Q(actor=OuterRef("reviewer__mobius_id"))
    )
    return Attempt.objects.filter(~Exists(entries), state=Attempt.State.ANSWERED).order_by("pk")


def answers_without_entry() -> QuerySet[Recipient]:
    """Answers in the mirror by people with an account that are missing from the log.

    Answers that may belong to an attempt are logged once that is settled (``observed.enter``).
    """
    entries = _entries("interaction__mobius_id").filter(actor=OuterRef("user_id"))
    coming = Attempt.objects.filter(
        Q(reviewer__mobius_id=OuterRef("user_id")) | Q(state=Attempt.State.OPEN),
        upstream=OuterRef("upstream"),
        interaction_id=OuterRef("interaction__mobius_id"),
        state__in=Attempt.UNSETTLED,
    )
    people = Reviewer.objects.exclude(mobius_id=None).values("mobius_id")
    return Recipient.objects.filter(
        ~Exists(entries), ~Exists(coming), answered_at__isnull=False, user_id__in=people
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
