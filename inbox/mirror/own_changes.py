"""People's own actions do not make a question unread or changed for them."""

from collections.abc import Iterable

from inbox.mirror.observers import MirroredAnswer
from inbox.models import Interaction, Recipient
from inbox.models.interaction import CHECKS

_CLAIM = frozenset({"claimed_by", "claimed_at"})
_ANSWER = _CLAIM | {
    "status",
    "state",
    "responses",
    "responder_id",
    "value",
    "comment",
    "completed_at",
    "unknown_fields",
}
_NOT_COMPARED = frozenset({"id", "upstream_id", "updated_at", "seq", "raw", "counted"})


def keep_seen(pairs: Iterable[tuple[Interaction, Interaction]]) -> None:
    """Move what people have seen past their own claims, releases, answers and reviews.

    ``pairs``: stored and new rows. Who has answered or reviewed it has seen the question. A claim
    or a release leaves an unread or changed question so.
    """
    for stored, row in pairs:
        if not row.is_open:
            continue
        own = Recipient.objects.filter(interaction_id=row.pk)
        answered = _answered_by(stored, row)
        if acted := answered | _checked_by(stored, row):
            own.filter(user_id__in=acted).update(seen=row.updated_at)
        author = author_of(stored, row)
        if author is not None and author not in answered:
            seen = own.filter(user_id=author, seen__gte=stored.updated_at)
            seen.update(seen=row.updated_at)


def author_of(stored: Interaction, row: Interaction) -> str | None:
    """The Mobius ID of the person whose claim, release or answer is the only change, or None."""
    differing = {
        field.attname
        for field in row._meta.concrete_fields
        if field.attname not in _NOT_COMPARED
        and getattr(stored, field.attname) != getattr(row, field.attname)
    }
    people = set(_answered_by(stored, row))
    if stored.claimed_by != row.claimed_by and not people:
        people.add(row.claimed_by or stored.claimed_by or "")
    known = differing <= (_ANSWER if people and "responses" in differing else _CLAIM)
    return people.pop() if known and len(people) == 1 else None


def _answered_by(stored: Interaction, row: Interaction) -> set[str]:
    before = {(answer.user_id, answer.round) for answer in MirroredAnswer.all_of(stored)}
    return {
        answer.user_id
        for answer in MirroredAnswer.all_of(row)
        if (answer.user_id, answer.round) not in before
    }


def _checked_by(stored: Interaction, row: Interaction) -> set[str]:
    before = len(stored.lifecycle)
    checks = (event for event in row.lifecycle[before:] if event["action"] in CHECKS)
    return {event["actor_id"] for event in checks if event["actor_id"]}
