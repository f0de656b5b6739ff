"""A person's own answer to a question, and answers that Mobius has and does not show yet.

While Mobius has accepted an answer and does not show it yet, the person can't answer again; if one
answer is enough, no one can.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from inbox.access import Viewer
from inbox.models import Attempt, Interaction, Upstream
from inbox.models.answers import Answers
from inbox.models.attempt import same
from inbox.models.interaction import answered_at


@dataclass(frozen=True)
class OwnAnswer:
    answers: Answers
    comment: str
    at: datetime | None

    def matches(self, answers: Answers, comment: str) -> bool:
        return same(self.answers, answers) and self.comment == comment

    def was_sent_by(self, attempt: Attempt) -> bool:
        return attempt.matches(self.answers, self.comment, self.at)


def own_answer(viewer: Viewer, item: Interaction) -> OwnAnswer:
    """In this round. Raises LookupError if there is none."""
    for response in item.current_responses:
        if response.get("user_id") == viewer.mobius_id:
            at = answered_at(response) or (item.completed_at if not item.pending else None)
            return OwnAnswer(response["answers"], response.get("comment") or "", at)
    raise LookupError("not answered by this person")


@dataclass(frozen=True)
class Underway:
    """``accepted_at`` is None while it is held or being sent."""

    mine: bool
    name: str
    accepted_at: datetime | None


@dataclass(frozen=True)
class Sent:
    """Answers that were sent to an open question and that Mobius does not show yet.

    Attributes:
        unconfirmed_at: when the viewer's answer was accepted that can be sent again.
        received: Mobius IDs of people whose answers are accepted, where several answer.
        held: also while it is being sent.
        returned: why the viewer's held answer was not sent (``Attempt.returned``).
    """

    underway: Underway | None = None
    unconfirmed_at: datetime | None = None
    received: frozenset[str] = frozenset()
    held: Attempt | None = None
    returned: str = ""
    returned_message: str = ""


def sent_to(user_id: int, item: Interaction, *, ignoring: Attempt | None = None) -> Sent:
    if not item.pending:
        return Sent()
    own_rows = Q(reviewer__user_id=user_id) & (Q(state=Attempt.State.HELD) | ~Q(returned=""))
    rows = Attempt.objects.filter(
        Q(state__in=Attempt.UNSETTLED) | own_rows,
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
    )
    if ignoring is not None:
        rows = rows.exclude(pk=ignoring.pk)
    found = list(rows.select_related("reviewer__user").order_by("pk"))
    mine = [attempt for attempt in found if attempt.reviewer.user_id == user_id]
    held = next((attempt for attempt in mine if attempt.state == Attempt.State.HELD), None)
    last_returned = next((attempt for attempt in reversed(mine) if attempt.returned), None)
    attempts = [attempt for attempt in found if attempt.state in Attempt.UNSETTLED]
    own = [attempt for attempt in mine if attempt.state in Attempt.UNSETTLED]
    held = held or next((attempt for attempt in own if attempt.on_its_way), None)
    accepted = [attempt for attempt in attempts if attempt.state == Attempt.State.ACCEPTED]
    ids = {attempt.reviewer.mobius_id for attempt in accepted} if item.shared else set()
    received = frozenset(id_ for id_ in item.missing if id_ in ids)
    own_attempt = next((attempt for attempt in accepted if attempt in own), held)
    if own_attempt is not None:
        return Sent(_underway(own_attempt, mine=True), received=received, held=held)
    unconfirmed_at = [
        attempt.accepted_at for attempt in own if attempt.state == Attempt.State.UNCONFIRMED
    ]
    others = [attempt for attempt in attempts if attempt not in own and _blocks(attempt)]
    blocked = bool(others) and item.takes_one_answer
    return Sent(
        underway=_underway(others[0], mine=False) if blocked else None,
        unconfirmed_at=unconfirmed_at[-1] if unconfirmed_at else None,
        received=received,
        returned=last_returned.returned if last_returned else "",
        returned_message=last_returned.returned_message if last_returned else "",
    )


def accepted_answers(
    upstream: Upstream, items: Collection[Interaction]
) -> dict[str, set[str | None]]:
    """Mobius IDs by the question's ID."""
    rows = Attempt.objects.filter(
        state=Attempt.State.ACCEPTED,
        upstream=upstream,
        interaction_id__in=[item.mobius_id for item in items],
    )
    accepted: dict[str, set[str | None]] = defaultdict(set)
    for id_, person in rows.values_list("interaction_id", "reviewer__mobius_id"):
        accepted[id_].add(person)
    return accepted


def _blocks(attempt: Attempt) -> bool:
    by_key = attempt.state == Attempt.State.OPEN and attempt.credential_kind == "service"
    return by_key or attempt.state == Attempt.State.ACCEPTED


def _underway(attempt: Attempt, *, mine: bool) -> Underway:
    accepted = attempt.state == Attempt.State.ACCEPTED
    at = (attempt.accepted_at or attempt.created_at) if accepted else None
    return Underway(mine, attempt.reviewer.name, at)
