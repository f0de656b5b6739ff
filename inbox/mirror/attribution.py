"""Names the people who sent answers from here, even if upstream names someone else.

With the service key, upstream may name the person, the key's own principal, the group or no one as
responder. An answer that it accepted from here, or that has the value and comment that were sent,
belongs to the person whose attempt it is. Where a response names the owner of the token that it
was sent with, that name stays.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inbox.mirror.rows import response_json
from inbox.mirror.upsert import chunks
from inbox.mobius import types
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.models.answers import from_json, value_of
from inbox.models.attempt import same
from inbox.models.interaction import answered_at


class Attribution:
    def __init__(self, upstream: Upstream, ids: Iterable[str]) -> None:
        self._names_owners = upstream.adapter.answers_prove_tokens
        self._attempts: dict[str, list[Attempt]] = {}
        for chunk in chunks(ids):
            rows = Attempt.objects.filter(upstream=upstream, interaction_id__in=chunk)
            for row in rows.select_related("reviewer").order_by("-created_at", "-pk"):
                if row.sent and row.reviewer.mobius_id:
                    self._attempts.setdefault(row.interaction_id, []).append(row)
        self._people: set[str] | None = None

    def name_responders(self, row: Interaction) -> None:
        attempts = self._attempts.get(row.mobius_id)
        if not attempts:
            return
        candidates = self._possible_responders(row)
        for attempt in attempts:
            user_id = attempt.reviewer.mobius_id
            responses = [one for one in row.responses if one["round"] == attempt.round]
            if any(answer.get("user_id") == user_id for answer in responses):
                continue
            if self._names_owners and attempt.credential_kind == "member":
                responses = [one for one in responses if not one.get("user_id")]
            answer = next(
                (
                    response
                    for response in responses
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
    responder, answers = answer.get("user_id"), answer["answers"]
    comment = answer.get("comment") or ""
    accepted = attempt.accepted_at is not None
    if responder in candidates:
        # The key's principal may be one of the people asked.
        by_key = attempt.credential_kind == "service" and accepted
        same_comment = not comment or _alike(attempt.comment, comment)
        return by_key and same_comment and _alike(value_of(attempt.answers), value_of(answers))
    if attempt.matches(answers, comment, answered_at(answer)):
        return True
    if not accepted:
        return False
    if not row.takes_one_answer:
        return same(answers, attempt.answers)
    # A different choice with someone else's name is not this attempt's answer.
    unnamed = responder in (None, "", row.target_id, row.group_id)
    return unnamed or row.mode == "input" or _alike(value_of(attempt.answers), value_of(answers))


def _alike(sent: Any, shown: Any) -> bool:
    """Upstream may reformat values."""
    return type(sent) is not type(shown) or same(_plain(sent), _plain(shown))


def _plain(value: Any) -> Any:
    """Drops what upstream may change: white space, case, the order of choices."""
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    if isinstance(value, list):
        return sorted((_plain(choice) for choice in value), key=str)
    return value


def _answer(attempt: Attempt, at: datetime | None) -> dict[str, Any]:
    answer = types.Answer(
        user_id=attempt.reviewer.mobius_id,
        answers=from_json(attempt.answers),
        comment=attempt.comment,
        at=at,
        round=attempt.round,
    )
    return response_json(answer)


def _completed(status: str) -> bool:
    return status == types.InteractionStatus.COMPLETED
