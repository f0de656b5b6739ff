"""One row of a person's list."""

from dataclasses import dataclass
from datetime import datetime

from inbox.mobius.types import PolicyKind
from inbox.models import Interaction, Recipient
from inbox.presenters.answers import Words, question_of, value_words
from inbox.presenters.effect import progress
from inbox.presenters.people import Face, People
from inbox.presenters.when import Deadline, deadline, moment
from inbox.presenters.words import Kind, kind


@dataclass(frozen=True)
class Row:
    """What ``inbox/_row.html`` shows.

    ``group`` is empty for the reader's own, ``of`` is 0 where one answer is enough, ``holder`` is
    who holds it. ``ended`` says how a closed one ended, and ``when``.
    """

    id: str
    run_id: str
    href: str
    title: str
    kind: Kind
    meta: str
    deadline: Deadline | None
    group: str
    have: int
    of: int
    holder: Face | None
    current: bool
    ended: Words | None
    when: str

    @property
    def held_label(self) -> str:
        """Said of the holder's face."""
        return f"Held by {self.holder.name}" if self.holder is not None else ""

    @property
    def held(self) -> bool:
        """Somebody else holds it: it is shown in quieter words."""
        return self.holder is not None and self.holder.name != "You"


def row(
    recipient: Recipient,
    *,
    people: People,
    group: str,
    href: str,
    now: datetime,
    current: bool = False,
) -> Row:
    """The row of one recipient; its interaction is loaded with it."""
    item = recipient.interaction
    counts = progress(item)
    have, of = counts if counts is not None else (0, 0)
    asked_by = people.name(item.asked_by) if item.asked_by else ""
    holds = bool(item.claimed_by) and item.policy.get("kind") in (None, PolicyKind.ANY)
    limit = deadline(item.due_at, item.expires_at, now, soft=item.soft)
    return Row(
        id=item.mobius_id,
        run_id=item.run_id or "",
        href=href,
        title=item.title or "A question without words",
        kind=kind(item.type),
        meta=" · ".join(part for part in (item.workflow or "Asked directly", asked_by) if part),
        deadline=limit if recipient.open else None,
        group=group if recipient.via_group else "",
        have=have,
        of=of,
        holder=people.face(item.claimed_by) if holds and recipient.open else None,
        current=current,
        ended=None if recipient.open else _ended(recipient, item),
        when=moment(recipient.closed_at, now) if recipient.closed_at and not recipient.open else "",
    )


def _ended(recipient: Recipient, item: Interaction) -> Words:
    if recipient.answered_at is not None:
        return value_words(question_of(item), recipient.value)
    if item.status == "expired":
        return Words("Expired", icon="failed")
    return Words("Closed", icon="done")
