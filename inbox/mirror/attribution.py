"""Who sent an answer from here, even if upstream names someone else as responder.

With the service key, upstream may name the person, the key's own principal, the group or no one as
responder. An answer that it accepted from here, or that has the value and comment that were sent,
belongs to the person whose attempt it is.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inbox.mirror.upsert import chunks
from inbox.mobius import types
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.models.attempt import same
from inbox.models.interaction import answered_at


class Attribution:
    """Matches answers to the attempts that sent them."""

    def __init__(self, upstream: Upstream, ids: Iterable[str]) -> None:
        self._attempts: dict[str, list[Attempt]] = {}
        for chunk in chunks(ids):
            rows = Attempt.objects.filter(upstream=upstream, interaction_id__in=chunk)
            for row in rows.select_related("reviewer").order_by("-created_at", "-pk"):
                if row.sent and row.reviewer.mobius_id:
                    self._attempts.setdefault(row.interaction_id, []).append(row)
        self._people: set[str] | None = None

    def name_responders(self, row: Interaction) -> None:
        """Set the responders of answers that were sent from here to the people who sent them."""
        attempts = self._attempts.get(row.mobius_id)
        if not attempts:
            return
        candidates = self._possible_responders(row)
        for attempt in attempts:
            user_id = attempt.reviewer.mobius_id
            if any(answer.get("user_id") == user_id for answer in row.responses):
                continue
            answer = next(
                (
                    response
                    for response in row.responses
                    if _was_sent_by(attempt, response, row, candidates)
                ),
                None,
            )
            if answer is not None:
                answer["user_id"] = user_id
            elif not row.responses and _completed(row.status) and attempt.accepted_at:
                row.responses = [_answer(attempt, row.completed_at)]
            else:
                continue
            if _completed(row.status) and row.takes_one_answer:
                row.responder_id = user_id

    def _possible_responders(self, row: Interaction) -> set[str]:
        """Mobius IDs of people who may have answered with their own token."""
        if row.target_type == "user":
            return {row.target_id}
        if row.members is not None:
            return set(row.members)
        if self._people is None:
            ids = Reviewer.objects.exclude(mobius_id=None).values_list("mobius_id", flat=True)
            self._people = {str(user_id) for user_id in ids}
        return self._people


def _was_sent_by(
    attempt: Attempt, answer: dict[str, Any], row: Interaction, candidates: set[str]
) -> bool:
    """Whether ``attempt`` sent ``answer``, which upstream has under another name."""
    responder, value = answer.get("user_id"), answer.get("value")
    comment = answer.get("comment") or ""
    accepted = attempt.accepted_at is not None
    if responder in candidates:
        # The key's principal may be one of the people asked.
        by_key = attempt.credential_kind == "service" and accepted
        alike = _alike(attempt.value, value) and (not comment or _alike(attempt.comment, comment))
        return by_key and alike
    if attempt.matches(value, comment, answered_at(answer)):
        return True
    if not accepted:
        return False
    if not row.takes_one_answer:
        return same(value, attempt.value)
    # A different choice with someone else's name is not this attempt's answer.
    unnamed = responder in (None, "", row.target_id, row.group_id)
    return unnamed or row.mode == "input" or _alike(attempt.value, value)


def _alike(sent: Any, shown: Any) -> bool:
    """Whether both may be the same answer, given that upstream may reformat values."""
    return type(sent) is not type(shown) or same(_plain(sent), _plain(shown))


def _plain(value: Any) -> Any:
    """The value without what upstream may change: white space, case, the order of choices."""
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    if isinstance(value, list):
        return sorted((_plain(choice) for choice in value), key=str)
    return value


def _answer(attempt: Attempt, at: datetime | None) -> dict[str, Any]:
    answer = types.Answer(
        user_id=attempt.reviewer.mobius_id, value=attempt.value, comment=attempt.comment, at=at
    )
    return answer.model_dump(mode="json")


def _completed(status: str) -> bool:
    return status == types.InteractionStatus.COMPLETED
