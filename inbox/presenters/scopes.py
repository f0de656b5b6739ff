"""The parts of a person's list: what waits, what they hold, what waits for others, what is done."""

from dataclasses import dataclass

from django.db.models import QuerySet

from inbox.access import Viewer
from inbox.models import Recipient, Upstream

COUNTED = 200
"""Counts stop here: past it a number has a plus sign and costs no more."""


@dataclass(frozen=True)
class Scope:
    """``key`` is its word in the address; ``order`` says what comes first in it."""

    key: str
    title: str
    icon: str
    order: str
    empty: str
    empty_text: str

    @property
    def section(self) -> str:
        """Its place in the rail."""
        return self.key or "inbox"


OPEN, CLAIMED, OTHERS, DONE = "", "claimed", "waiting-others", "done"
SCOPES = {
    scope.key: scope
    for scope in (
        Scope(
            OPEN,
            "Inbox",
            "inbox",
            "Soonest due first",
            "Nothing is waiting for you",
            "When a workflow needs you, its question appears here.",
        ),
        Scope(
            CLAIMED,
            "Claimed by me",
            "claimed",
            "Soonest due first",
            "You haven't claimed any questions",
            "Claim a group's question to tell the others that they don't need to answer it.",
        ),
        Scope(
            OTHERS,
            "Waiting for others",
            "hourglass",
            "Soonest due first",
            "Nothing is waiting for others",
            "Questions that you have answered and that wait for others appear here.",
        ),
        Scope(
            DONE,
            "Done",
            "done",
            "Newest first",
            "Nothing here yet",
            "Questions that you answered, and those that expired or were cancelled, appear here.",
        ),
    )
}


def rows_of(scope: str, viewer: Viewer, upstream: Upstream) -> QuerySet[Recipient]:
    """The viewer's rows of a scope, unordered; none for an account without a Mobius id."""
    if not viewer.mobius_id:
        return Recipient.objects.none()
    rows = Recipient.objects.filter(upstream=upstream, user_id=viewer.mobius_id)
    # A bare column, as the condition of the partial indexes has it; ``open`` is in a whole one,
    # where SQLite does not look a bare column up.
    match scope:
        case "claimed":
            return rows.filter(holds=True)
        case "waiting-others":
            return rows.filter(waits=True)
        case "done":
            return rows.filter(open__in=(False,), waits=False)
        case _:
            return rows.filter(open__in=(True,))


def shows(scope: str, row: Recipient) -> bool:
    """The part of the list shows a row of the viewer's; its interaction is loaded with it."""
    match scope:
        case "claimed":
            return row.holds
        case "waiting-others":
            return row.waits
        case "done":
            over = not row.open and not row.waits and row.closed_at is not None
            return over and (row.answered_at is not None or row.interaction.status == "expired")
        case _:
            return row.open


def counted_words(count: int) -> str:
    """A number beside a name; nothing for none."""
    if count > COUNTED:
        return f"{COUNTED}+"
    return str(count) if count else ""
