"""What prevents accidental answers: the server asks first, or the answer can be undone.

The person chooses, and ``ANSWER_GUARD`` and ``UNDO_SECONDS`` are the installation's defaults. A
question that expires soon, that a link opened with a suggested answer, or whose context has
``"confirm": "always"``, is always asked first. Only the page's form is asked: an answer sent by a
script is complete.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from inbox.models import Guard, Interaction, Reviewer

SECONDS = (5, 10, 30, 60)
MARGIN = timedelta(seconds=15)
"""A question must stay open for this long after the time to undo."""
LATE = timedelta(seconds=10)
"""Tolerance for a page that switches to *Ask first* late because its clock or its request is slow.
"""


@dataclass(frozen=True)
class Form:
    """``guard`` is the page's, which may be older than the person's choice. ``suggested``: a link
    had filled in the answer.
    """

    guard: str
    suggested: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Choice:
    guard: Guard
    seconds: int


def undo_offered() -> bool:
    return bool(settings.UNDO_SECONDS > 0)


def choice_of(reviewer: Reviewer) -> Choice:
    seconds = reviewer.undo_seconds or settings.UNDO_SECONDS
    guard = Guard(reviewer.answer_guard or settings.ANSWER_GUARD)
    return Choice(guard if undo_offered() else Guard.CONFIRM, seconds)


def choose(*, reviewer: Reviewer, guard: Guard, seconds: int) -> None:
    reviewer.answer_guard, reviewer.undo_seconds = guard, seconds
    reviewer.save(update_fields=["answer_guard", "undo_seconds"])


def must_confirm(item: Interaction) -> bool:
    return isinstance(item.context, dict) and item.context.get("confirm") == "always"


def confirm_from(reviewer: Reviewer, item: Interaction) -> datetime | None:
    """The time from which too little is left to undo an answer; None if it never expires."""
    if item.expires_at is None:
        return None
    return item.expires_at - MARGIN - timedelta(seconds=choice_of(reviewer).seconds)


def guard_of(
    reviewer: Reviewer, item: Interaction, now: datetime, *, suggested: bool = False
) -> Guard:
    """``suggested``: the link that opened the question suggests an answer."""
    confirm = suggested or _must_confirm_now(reviewer, item, now)
    return Guard.CONFIRM if confirm else choice_of(reviewer).guard


def asks_first(reviewer: Reviewer, item: Interaction, now: datetime, form: Form) -> bool:
    """A form that offered to undo the answer may be ``LATE``."""
    at = now - LATE if form.guard == Guard.UNDO else now
    return guard_of(reviewer, item, at, suggested=form.suggested) == Guard.CONFIRM


def wait_of(
    reviewer: Reviewer, item: Interaction, now: datetime, form: Form | None
) -> timedelta | None:
    """None to send it at once: it was confirmed, or must be. ``form`` is None for a script."""
    form = form or Form(guard="")
    confirmed = form.confirmed and form.guard == Guard.CONFIRM
    if confirmed or asks_first(reviewer, item, now, form):
        return None
    return timedelta(seconds=choice_of(reviewer).seconds)


def _must_confirm_now(reviewer: Reviewer, item: Interaction, now: datetime) -> bool:
    soon = confirm_from(reviewer, item)
    return must_confirm(item) or (soon is not None and now >= soon)
