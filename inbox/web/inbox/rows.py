"""One row of a person's list."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from inbox.access import Action
from inbox.models import Interaction, Recipient
from inbox.web.ui.answers import Member, Words, members, progress, question_of, value_words
from inbox.web.ui.claims import since_label, stale
from inbox.web.ui.people import Face, People
from inbox.web.ui.when import Deadline, deadline, moment
from inbox.web.ui.words import Kind, asked_in, item_status, kind

FACES = 5
IN_A_ROW = frozenset({Action.CLAIM, Action.RELEASE})
"""What a row has a button for."""


@dataclass(frozen=True)
class Row:
    """What ``inbox/_row.html`` shows.

    ``group`` is empty for the reader's own, ``of`` is 0 where one answer is enough, ``holder`` is
    who holds it, ``mine`` says that it is the reader, ``held_since`` since when. ``faces`` are
    those who answer together, where the reader is shown them. ``ended`` says how a closed one
    ended, and ``when``. ``action`` is ``claim``, ``release`` or empty.
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
    mine: bool
    held_since: str
    stale: bool
    faces: tuple[Member, ...]
    action: str
    current: bool
    ended: Words | None
    when: str

    @property
    def held_label(self) -> str:
        """The label of the holder's face."""
        if self.holder is None:
            return ""
        facts = {"name": self.holder.full, "since": self.held_since}
        words = _("Claimed by %(name)s %(since)s") if self.held else _("Claimed by you %(since)s")
        return (words % facts).strip()

    @property
    def more(self) -> int:
        """How many of the members have no face in the row."""
        return max(0, len(self.faces) - FACES)

    @property
    def shown_faces(self) -> tuple[Member, ...]:
        """The faces in the row, those who have answered first."""
        return tuple(sorted(self.faces, key=lambda face: face.given is None))[:FACES]

    @cached_property
    def action_words(self) -> str:
        """The button's label."""
        match self.action:
            case Action.CLAIM:
                return _("Claim")
            case Action.RELEASE:
                return _("Release")
            case _:
                return ""

    @property
    def action_key(self) -> str:
        """The key of the button."""
        return {"claim": "c", "release": "e"}.get(self.action, "")

    @cached_property
    def action_href(self) -> str:
        """Where the button posts to."""
        return reverse(self.action, args=[self.id])

    @property
    def check_href(self) -> str:
        """Where the script checks the question after a failed request."""
        return reverse("check", args=[self.id])

    @property
    def held(self) -> bool:
        """Somebody else has claimed it, so the row is dimmed."""
        return self.holder is not None and not self.mine


def row(
    recipient: Recipient,
    *,
    people: People,
    group: str,
    href: str,
    now: datetime,
    current: bool = False,
    can: Collection[Action] = (),
) -> Row:
    """The row of one recipient; its interaction is loaded with it. ``can``: what they may do."""
    item = recipient.interaction
    alive = recipient.open or recipient.waits
    counts = progress(item)
    have, of = counts if counts is not None else (0, 0)
    asked_by = people.name(item.asked_by) if item.asked_by else ""
    holds = bool(item.claimed_by) and item.takes_one_answer
    limit = deadline(item.due_at, item.expires_at, now, soft=item.soft)
    return Row(
        id=item.mobius_id,
        run_id=item.run_id or "",
        href=href,
        title=item.display_title,
        kind=kind(item.type),
        meta=" · ".join(part for part in (asked_in(item.workflow, item.run_id), asked_by) if part),
        deadline=limit if alive else None,
        group=group if recipient.via_group else "",
        have=have,
        of=of,
        holder=people.face(item.claimed_by) if holds and recipient.open else None,
        mine=people.is_reader(item.claimed_by),
        held_since=since_label(item, now) if holds else "",
        stale=holds and recipient.open and stale(item, now),
        faces=members(item, people) if alive else (),
        action=_action(can),
        current=current,
        ended=None if alive else _ended(recipient, item),
        when=moment(recipient.closed_at, now) if recipient.closed_at and not alive else "",
    )


def _action(can: Collection[Action]) -> str:
    return next((action for action in (Action.CLAIM, Action.RELEASE) if action in can), "")


def _ended(recipient: Recipient, item: Interaction) -> Words:
    if recipient.answered_at is not None:
        return value_words(question_of(item), recipient.value)
    if item.status == "expired":
        status = item_status(item.state)
        return Words(status.label, icon=status.icon)
    return Words(_("Closed"), icon="done")
