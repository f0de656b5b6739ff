"""Whose an answer is that was sent from here, whoever upstream names as responder.

An upstream that is answered with the service key may name the person, the key's own principal, the
group or no one. An answer that it accepted from here, or shows with the value and comment that were
sent, belongs to the person whose attempt it is.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inbox.mirror.upsert import chunks
from inbox.mobius import types
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.models.attempt import same


class Attribution:
    """The attempts at some questions, and the answers that are theirs."""

    def __init__(self, upstream: Upstream, ids: Iterable[str]) -> None:
        self._attempts: dict[str, list[Attempt]] = {}
        for some in chunks(ids):
            rows = Attempt.objects.filter(upstream=upstream, interaction_id__in=some)
            for row in rows.select_related("reviewer").order_by("-created_at", "-pk"):
                if row.sent and row.reviewer.mobius_id:
                    self._attempts.setdefault(row.interaction_id, []).append(row)
        self._people: set[str] | None = None

    def name_responders(self, row: Interaction) -> None:
        """Put the person behind each answer in the place of whoever upstream names."""
        attempts = self._attempts.get(row.mobius_id)
        if not attempts:
            return
        asked = self._asked(row)
        for attempt in attempts:
            person = attempt.reviewer.mobius_id
            if any(answer.get("user_id") == person for answer in row.responses):
                continue
            answer = next((one for one in row.responses if _is_of(attempt, one, row, asked)), None)
            if answer is not None:
                answer["user_id"] = person
            elif not row.responses and _completed(row.status) and attempt.accepted_at:
                row.responses = [_answer(attempt, row.completed_at)]
            else:
                continue
            if _completed(row.status) and row.takes_one_answer:
                row.responder_id = person

    def _asked(self, row: Interaction) -> set[str]:
        """People who can have answered with a token of their own."""
        if row.target_type == "user":
            return {row.target_id}
        if row.members is not None:
            return set(row.members)
        if self._people is None:
            ids = Reviewer.objects.exclude(mobius_id=None).values_list("mobius_id", flat=True)
            self._people = {str(one) for one in ids}
        return self._people


def _is_of(attempt: Attempt, answer: dict[str, Any], row: Interaction, asked: set[str]) -> bool:
    """``answer``, which upstream has under another name, is what ``attempt`` sent."""
    named, value, comment = answer.get("user_id"), answer.get("value"), answer.get("comment") or ""
    accepted = attempt.accepted_at is not None
    if named in asked:
        # The key's principal may be one of those who were asked.
        by_key = attempt.credential_kind == "service" and accepted
        alike = _alike(attempt.value, value) and (not comment or _alike(attempt.comment, comment))
        return by_key and alike
    if attempt.made(value, comment, _at(answer)):
        return True
    if not accepted or not row.takes_one_answer:
        return accepted and same(value, attempt.value)
    # Another choice than the one that was sent, under another name, is somebody else's.
    nobody = named in (None, "", row.target_id, row.group_id)
    return nobody or row.mode == "input" or _alike(attempt.value, value)


def _alike(sent: Any, kept: Any) -> bool:
    """The same, or perhaps the same in a form of upstream's own."""
    return type(sent) is not type(kept) or same(_plain(sent), _plain(kept))


def _plain(value: Any) -> Any:
    """Without what upstream may change: white space, case, the order of choices."""
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    if isinstance(value, list):
        return sorted((_plain(one) for one in value), key=str)
    return value


def _answer(attempt: Attempt, at: datetime | None) -> dict[str, Any]:
    answer = types.Answer(
        user_id=attempt.reviewer.mobius_id, value=attempt.value, comment=attempt.comment, at=at
    )
    return answer.model_dump(mode="json")


def _at(answer: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(answer["at"]) if answer.get("at") else None


def _completed(status: str) -> bool:
    return status == types.InteractionStatus.COMPLETED
