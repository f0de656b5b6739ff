"""The parts of a person's list of questions, and the addresses that show them."""

from dataclasses import dataclass

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.web.ui.lists import ListForm, Search, Text

COUNTED = 200
"""Counts stop here; a higher number has a plus sign."""


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
        """The section of the rail."""
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
    """Whether the scope lists the viewer's row; its interaction is loaded with it."""
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
    """A count beside a name; empty for none."""
    if count > COUNTED:
        return f"{COUNTED}+"
    return str(count) if count else ""


class Filters(ListForm):
    """What the address asks for. ``target`` is ``mine``, ``groups`` or the ID of a group."""

    url_name = "inbox"
    everything = ("scope", "cursor")

    scope = forms.ChoiceField(choices=[(key, key) for key in SCOPES], required=False)
    type = Text(longest=40)
    target = Text(longest=200)
    q = Search(longest=200)
    cursor = Text(longest=100)

    @property
    def shown(self) -> Scope:
        """The scope shown."""
        return SCOPES[self.cleaned_data["scope"]]

    @property
    def done(self) -> bool:
        """Whether the list shows closed questions, newest first."""
        return self.shown.key == DONE

    @property
    def counted(self) -> bool:
        """The part that the counts are of."""
        return self.shown.key == OPEN


def item_href(id_: str, filters: Filters) -> str:
    """The page of an item, with the list beside it as it is filtered now."""
    return reverse("interaction", args=[id_]) + filters.querystring()
