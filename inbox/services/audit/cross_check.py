"""What else says how long the decision log is: the note in ``DATA_DIR``, answered attempts, and
answers of people with an account in the mirror. A chain that was cut off fits by itself.
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from inbox.models import Attempt, Decision, DecisionHead, Recipient, Reviewer
from inbox.models.decision import RESPOND
from inbox.services.audit import entry_count
from inbox.services.audit.entry_count import Note


def problem(note: Note) -> str:
    """What is missing from a log whose chain fits; empty where nothing is. ``note`` was read before
    the chain: what is committed later may be noted by now.
    """
    return beyond(note) or _missing_answers()


def beyond(note: Note) -> str:
    """Why the log does not hold the entry that was noted; empty where it does."""
    if entry_count.holds(note):
        return ""
    if note.number is None:
        return (
            f"entries at the end may be missing: {entry_count.FILE} doesn't say how many there "
            "are. It was removed or damaged, or the database was moved"
        )
    head = DecisionHead.objects.first()
    end = head.number if head is not None else 0
    if end >= note.number:
        return (
            f"entry {note.number:,} doesn't match: {entry_count.FILE} recorded a different hash, "
            "so the log was cut off before it and continued"
        )
    first = f"entry {end + 1:,} doesn't match: "
    if end + 1 == note.number:
        return f"{first}it's missing, although {entry_count.FILE} recorded it"
    return (
        f"{first}all entries from it to entry {note.number:,} are missing, although "
        f"{entry_count.FILE} recorded them"
    )


def attempts_without_entry() -> "QuerySet[Attempt]":
    """Attempts that became an answer, which the log does not have."""
    entries = _entries("interaction_id").filter(
        Q(operation_id=OuterRef("operation_id")) | Q(actor=OuterRef("reviewer__mobius_id"))
    )
    return Attempt.objects.filter(~Exists(entries), state=Attempt.State.ANSWERED).order_by("pk")


def answers_without_entry() -> "QuerySet[Recipient]":
    """Answers in the mirror by people with an account, which the log does not have. What an attempt
    may be of is entered once that is settled (``observed.enter``).
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


def _entries(interaction_id: str) -> "QuerySet[Decision]":
    return Decision.objects.filter(
        verb=RESPOND,
        interaction_id=OuterRef(interaction_id),
        base_url=OuterRef("upstream__base_url"),
        project=OuterRef("upstream__project"),
    )


def _missing_answers() -> str:
    attempt = attempts_without_entry().select_related("reviewer").first()
    if attempt is not None:
        who = attempt.reviewer.mobius_id or "somebody"
        return _missing(attempts_without_entry(), who, attempt.interaction_id, "was sent from here")
    answer = answers_without_entry().select_related("interaction").first()
    if answer is not None:
        item = answer.interaction.mobius_id
        return _missing(answers_without_entry(), answer.user_id, item, "is in the mirror")
    return ""


def _missing(rows: "QuerySet[Any]", who: str, item: str, known: str) -> str:
    count = rows.count()
    first = f"the answer of {who} to {item}, which {known}, has no entry"
    return first if count == 1 else f"{first}, nor have {count - 1:,} more"
