"""Answers that Mobius has accepted and does not show yet, and answers that are being sent.

Meanwhile the person cannot answer the question again, and where one answer is enough, nobody can.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inbox.models import Attempt, Interaction
from inbox.presenters.when import moment
from inbox.reviewers.service_key import one_answer_is_enough

RECEIVED = "Answer received"


@dataclass(frozen=True)
class Underway:
    """An answer that keeps the reader from answering now. ``mine``: it is the reader's own."""

    mine: bool
    title: str
    text: str


@dataclass(frozen=True)
class Sent:
    """What was sent to an open question and is not in. ``unconfirmed_at`` is when Mobius accepted
    the reader's answer, where it has not shown it for so long that it can be sent again.
    """

    underway: Underway | None = None
    unconfirmed_at: datetime | None = None


def sent_to(user_id: int, item: Interaction) -> Sent:
    """What was sent to the question, as far as it concerns this account. One query."""
    rows = Attempt.objects.filter(
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        state__in=Attempt.UNSETTLED,
    )
    attempts = list(rows.select_related("reviewer__user").order_by("pk")) if item.pending else []
    mine = [one for one in attempts if one.reviewer.user_id == user_id]
    if any(one.state == Attempt.State.ACCEPTED for one in mine):
        return Sent(Underway(True, RECEIVED, what_follows(item)))
    left = [one.accepted_at for one in mine if one.state == Attempt.State.UNCONFIRMED]
    others = [one for one in attempts if one not in mine] if one_answer_is_enough(item) else []
    underway = (_of_another(one) for one in others)
    return Sent(next(filter(None, underway), None), next(reversed(left), None))


def _of_another(attempt: Attempt) -> Underway | None:
    name = attempt.reviewer.name
    if attempt.state == Attempt.State.ACCEPTED:
        at = moment(attempt.accepted_at or attempt.created_at, timezone.now())
        text = "Mobius is still processing the answer."
        return Underway(False, f"{name} answered this at {at}", text)
    if attempt.state == Attempt.State.OPEN and attempt.credential_kind == "service":
        text = "You can answer if that answer turns out not to have arrived."
        return Underway(False, f"{name} is answering this", text)
    return None


def what_follows(item: Interaction) -> str:
    """Behind ``RECEIVED``."""
    if not item.says_how_many:
        return "Mobius may still be processing it, or others may have to answer."
    if one_answer_is_enough(item):
        return "Mobius is still processing it."
    return "Others still have to answer."
