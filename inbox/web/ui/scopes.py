"""The parts of a person's list of questions, and the addresses that show them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.access import Viewer
from inbox.models import Recipient, Upstream

COUNTED = 200
"""Counts stop here: past it a number has a plus sign and costs no more."""


@dataclass(frozen=True)
class Scope:
    """``key`` is its word in the address; ``order`` says what comes first in it."""

    key: str
    title: Promise
    icon: str
    order: Promise
    empty: Promise
    empty_text: Promise

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
            _("Inbox"),
            "inbox",
            _("Soonest due first"),
            _("Nothing is waiting for you"),
            _("When a workflow needs you, its question appears here."),
        ),
        Scope(
            CLAIMED,
            _("Claimed by me"),
            "claimed",
            _("Soonest due first"),
            _("You haven't claimed any questions"),
            _("Claim a group's question to tell the others that they don't need to answer it."),
        ),
        Scope(
            OTHERS,
            _("Waiting for others"),
            "hourglass",
            _("Soonest due first"),
            _("Nothing is waiting for others"),
            _("Questions you've answered that are still waiting for others appear here."),
        ),
        Scope(
            DONE,
            _("Done"),
            "done",
            _("Newest first"),
            _("Nothing here yet"),
            _("Questions you answered, and those that expired or were cancelled, appear here."),
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


@dataclass(frozen=True)
class Filters:
    """What the query string asks for. ``target`` is empty, ``mine``, ``groups`` or a group's id.

    ``scope`` is a key of ``inbox.web.ui.scopes.SCOPES``.
    """

    scope: str = ""
    type: str = ""
    target: str = ""
    q: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Filters":
        """Read a query string; what it does not know is left out."""
        scope = str(query.get("scope") or "")
        return cls(
            scope=scope if scope in SCOPES else "",
            type=str(query.get("type") or "")[:40],
            target=str(query.get("target") or "")[:200],
            q=" ".join(str(query.get("q") or "").split())[:200],
            cursor=str(query.get("cursor") or "")[:100],
        )

    def query(self, **more: str) -> str:
        """The query string, with its question mark, or nothing."""
        said = {
            "scope": self.scope,
            "type": self.type,
            "target": self.target,
            "q": self.q,
            "cursor": self.cursor,
            **more,
        }
        text = urlencode({key: value for key, value in said.items() if value})
        return f"?{text}" if text else ""

    @property
    def shown(self) -> Scope:
        """The part of the list."""
        return SCOPES[self.scope]

    @property
    def done(self) -> bool:
        """What is over, newest first."""
        return self.scope == DONE

    @property
    def counted(self) -> bool:
        """The part that the counts are of."""
        return self.scope == OPEN

    @property
    def narrowed(self) -> bool:
        """Something is left out of the list."""
        return bool(self.type or self.target or self.q)

    def replace(self, **changes: Any) -> "Filters":
        """The same filters with some changed, from their first page."""
        return replace(self, **{"cursor": "", **changes})


def inbox_href(filters: Filters) -> str:
    """The list as it is filtered."""
    return reverse("inbox") + filters.query()


def item_href(id_: str, filters: Filters) -> str:
    """The page of an item, with the list beside it as it is filtered now."""
    return reverse("interaction", args=[id_]) + filters.query()
