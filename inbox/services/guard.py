"""What prevents accidental answers: the page asks first, or the answer can be undone.

The person chooses, and ``ANSWER_GUARD`` and ``UNDO_SECONDS`` are the installation's defaults. A
question that expires soon, that a link opened with a suggested answer, or whose context has
``"confirm": "always"``, is always asked first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from inbox.models import Guard, Interaction, Reviewer

SECONDS = (5, 10, 30, 60)
"""What a person may choose."""
MARGIN = timedelta(seconds=15)
"""A question must stay open for this long after the time to undo."""
LATE = timedelta(seconds=10)
"""Tolerance for a page that switches to *Ask first* late because its clock or its request is slow.
"""


@dataclass(frozen=True)
class Choice:
    """A person's guard, and how long they can undo an answer with ``UNDO``."""

    guard: Guard
    seconds: int


def undo_offered() -> bool:
    """Whether the installation lets people undo answers."""
    return bool(settings.UNDO_SECONDS > 0)


def choice_of(reviewer: Reviewer) -> Choice:
    """The person's guard; the installation's default where they have not chosen."""
    seconds = reviewer.undo_seconds or settings.UNDO_SECONDS
    guard = Guard(reviewer.answer_guard or settings.ANSWER_GUARD)
    return Choice(guard if undo_offered() else Guard.CONFIRM, seconds)


def choose(*, reviewer: Reviewer, guard: Guard, seconds: int) -> None:
    reviewer.answer_guard, reviewer.undo_seconds = guard, seconds
    reviewer.save(update_fields=["answer_guard", "undo_seconds"])


def must_confirm(item: Interaction) -> bool:
    """Whether the workflow requires *Ask first*, whatever the person has chosen."""
    return isinstance(item.context, dict) and item.context.get("confirm") == "always"


def confirm_from(reviewer: Reviewer, item: Interaction) -> datetime | None:
    """The time from which too little is left to undo an answer; None if it never expires."""
    if item.expires_at is None:
        return None
    return item.expires_at - MARGIN - timedelta(seconds=choice_of(reviewer).seconds)


def guard_of(
    reviewer: Reviewer, item: Interaction, now: datetime, *, suggested: bool = False
) -> Guard:
    """What guards the person's answer to the question now.

    ``suggested``: the link that opened it suggests an answer.
    """
    confirm = suggested or _must_confirm_now(reviewer, item, now)
    return Guard.CONFIRM if confirm else choice_of(reviewer).guard


def wait_of(
    reviewer: Reviewer, item: Interaction, now: datetime, *, used: str = ""
) -> timedelta | None:
    """How long an answer to the question is held; None to send it at once.

    ``used``: the guard of the form that sent it, which may be older than the person's choice. An
    answer that was confirmed is sent at once; one that could be undone is held even if it is
    ``LATE``. Empty if no form says.
    """
    guard = Guard(used) if used in Guard.values else choice_of(reviewer).guard
    at = now - LATE if used == Guard.UNDO else now
    if guard == Guard.CONFIRM or not undo_offered() or _must_confirm_now(reviewer, item, at):
        return None
    return timedelta(seconds=choice_of(reviewer).seconds)


def _must_confirm_now(reviewer: Reviewer, item: Interaction, now: datetime) -> bool:
    """Whether the answer must be confirmed now, whatever the person has chosen."""
    soon = confirm_from(reviewer, item)
    return must_confirm(item) or (soon is not None and now >= soon)
