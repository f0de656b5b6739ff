"""The parts of a person's list of questions, its filters, and the addresses that show them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.services import snooze
from inbox.web.ui.lists import MOST, ListForm, Number, OneOf, Search, Text
from inbox.web.ui.when import DATES

COUNTED = 200
"""Counts stop here; a higher number has a plus sign."""


@dataclass(frozen=True)
class Scope:
    """``key`` is its name in the address; ``order`` says what is listed first."""

    key: str
    title: Promise
    icon: str
    order: Promise
    empty: Promise
    empty_text: Promise

    @property
    def section(self) -> str:
        return self.key or "inbox"

    @property
    def sorts(self) -> tuple[str, ...]:
        """The orders in which it can be listed; the first is that of ``order``."""
        return ("", "oldest") if self.key == DONE else tuple(SORTS)

    @property
    def unused(self) -> tuple[str, ...]:
        """The filters that it does not offer."""
        match self.key:
            case "done":
                return ("due", "claimed", "unread", "drafts", "snoozed", "group_by")
            case "waiting-others":
                return ("claimed", "unread", "snoozed", *OF_DONE)
            case "claimed":
                return ("claimed", "snoozed", *OF_DONE)
            case _:
                return OF_DONE


OPEN, CLAIMED, OTHERS, DONE = "", "claimed", "waiting-others", "done"
SNOOZED = "snoozed"
"""The open questions that the viewer has snoozed, which ``OPEN`` leaves out."""
OF_DONE = ("answer", "closed", "failed")
"""The filters that only *Done* offers."""
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
            _("Claim a group's question to let the others know that they don't need to answer it."),
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


SORTS = {
    "": (_("Soonest due first"), _("Soonest due first")),
    "newest": (_("Newest first"), _("Newest first")),
    "oldest": (_("Oldest first"), _("Oldest first")),
    "workflow": (_("By workflow"), _("Sorted by workflow")),
    "requester": (_("By requester"), _("Sorted by requester")),
}
GROUPINGS = {
    "due": (_("Due date"), _("Grouped by due date")),
    "workflow": (_("Workflow"), _("Grouped by workflow")),
    "requester": (_("Requester"), _("Grouped by requester")),
}
AGES = {
    "today": (_("Today"), _("Asked today")),
    "1h": (_("More than an hour ago"), _("Asked more than an hour ago")),
    "4h": (_("More than 4 hours ago"), _("Asked more than 4 hours ago")),
    "1d": (_("More than a day ago"), _("Asked more than a day ago")),
    "7d": (_("More than 7 days ago"), _("Asked more than 7 days ago")),
}
DUE = {
    "late": (_("Overdue"), _("Overdue")),
    "hour": (_("Within an hour"), _("Due within an hour")),
    "today": (_("Today"), _("Due today")),
    "week": (_("Within 7 days"), _("Due within 7 days")),
    "none": (_("No deadline"), _("No deadline")),
}
CLAIMS = {
    "no": (_("Unclaimed"), _("Unclaimed")),
    "me": (_("Claimed by me"), _("Claimed by me")),
    "others": (_("Claimed by someone else"), _("Claimed by someone else")),
}
ANSWERS = {
    "approved": (_("Approved"), _("Approved")),
    "rejected": (_("Rejected"), _("Rejected")),
    "other": (_("Any other answer"), _("Neither approved nor rejected")),
    "none": (_("Not answered"), _("Not answered")),
}
"""Values of the filters, each with the label of the option and that of the chip."""


def rows_of(
    scope: str,
    viewer: Viewer,
    upstream: Upstream,
    *,
    snoozed: Collection[int] | None = None,
    unread: bool = False,
) -> QuerySet[Recipient]:
    """The viewer's rows of a scope, unordered; none for an account without a Mobius ID.
    ``snoozed`` is as in ``by_snooze``; ``unread``: of the open ones only those that the viewer has
    not seen.
    """
    if not viewer.mobius_id:
        return Recipient.objects.none()
    rows = Recipient.objects.filter(upstream=upstream, user_id=viewer.mobius_id)
    # As a bare column, like the condition of the partial indexes; but ``open`` is in a full index,
    # in which SQLite does not look up a bare column.
    match scope:
        case "claimed":
            return rows.filter(claimed=True)
        case "waiting-others":
            return rows.filter(waits_for_others=True)
        case "done":
            return rows.filter(open__in=(False,), waits_for_others=False)
    opened = unseen(rows) if unread else rows.filter(open__in=(True,))
    return by_snooze(scope, opened, viewer, snoozed=snoozed)


def by_snooze(
    scope: str,
    rows: QuerySet[Recipient],
    viewer: Viewer,
    *,
    snoozed: Collection[int] | None = None,
) -> QuerySet[Recipient]:
    """The open ``rows`` without those that the viewer has snoozed; for ``SNOOZED`` only those.

    ``snoozed``: the numbers of these interactions, if the caller has read them. A subquery costs
    more to build than all else of such a query.
    """
    if snoozed is None:
        waiting = snooze.snoozes_of(viewer).waiting(timezone.now()).values("interaction")
        own = Q(interaction__in=waiting)
    else:
        own = Q(interaction__in=snoozed)
    if scope == SNOOZED:
        return rows.filter(own)
    return rows if snoozed is not None and not snoozed else rows.exclude(own)


def unseen(rows: QuerySet[Recipient]) -> QuerySet[Recipient]:
    """Those that wait for their person, who has not seen them. An index has this condition."""
    return rows.filter(open=True, seen__isnull=True)


def shows(scope: str, row: Recipient) -> bool:
    """Whether the scope lists the viewer's row; its interaction is loaded with it.

    ``OPEN`` lists it even while it is snoozed.
    """
    match scope:
        case "claimed":
            return row.claimed
        case "waiting-others":
            return row.waits_for_others
        case "done":
            over = not row.open and not row.waits_for_others and row.closed_at is not None
            return over and (row.answered_at is not None or row.interaction.status == "expired")
        case _:
            return row.open


def counted_words(count: int, *, most: int = COUNTED) -> str:
    """A count beside a name, with a plus sign if it is higher than ``most``; empty for zero."""
    if count > most:
        return f"{most}+"
    return str(count) if count else ""


class Filters(ListForm):
    """The filters in the address. ``target`` is ``mine``, ``groups`` or the ID of a group,
    ``requester`` and ``run`` are Mobius IDs. ``unread`` keeps those that the viewer has not seen,
    ``drafts`` those with a draft of the viewer's, ``snoozed`` those that the viewer has snoozed,
    which are left out otherwise, ``failed`` those whose run failed after the viewer's answer.
    ``view`` is the number of the saved view that was opened, even after its filters have changed.
    """

    url_name = "inbox"
    not_filters: ClassVar[tuple[str, ...]] = ("scope", "sort", "group_by", "view", "cursor")

    scope = OneOf(SCOPES)
    type = Text(label=_("Type"), longest=40)
    target = Text(label=_("Assignee"), longest=200)
    workflow = Text(label=_("Workflow"))
    requester = Text(label=_("Requester"), longest=200)
    run = Text(label=_("Run"), longest=200)
    age = OneOf(AGES, label=_("Asked"))
    due = OneOf(DUE, label=_("Due"))
    claimed = OneOf(CLAIMS, label=pgettext_lazy("filter", "Claim"))
    unread = OneOf(["yes"])
    drafts = OneOf(["yes"])
    snoozed = OneOf(["yes"])
    answer = OneOf(ANSWERS, label=_("Answer"))
    closed = OneOf(DATES, label=_("Closed"))
    failed = OneOf(["yes"])
    q = Search(longest=200)
    sort = OneOf(SORTS, label=_("Sort"))
    group_by = OneOf(GROUPINGS, label=_("Group by"))
    view = Number()
    cursor = Text(longest=1500)

    def clean(self) -> dict[str, Any]:
        """Drop filters that the scope does not offer."""
        cleaned = super().clean()
        scope = SCOPES[cleaned["scope"]]
        cleaned |= dict.fromkeys(scope.unused, "")
        return cleaned | {"sort": cleaned["sort"] if cleaned["sort"] in scope.sorts else ""}

    @property
    def shown(self) -> Scope:
        return SCOPES[self.cleaned_data["scope"]]

    @property
    def rows(self) -> str:
        """Which rows are listed: a scope, or ``SNOOZED``."""
        return SNOOZED if self.cleaned_data["snoozed"] else self.shown.key

    @property
    def done(self) -> bool:
        """Whether the list shows closed questions, newest first."""
        return self.shown.key == DONE

    @property
    def sort_words(self) -> str:
        """What is listed first."""
        sort = self.cleaned_data["sort"]
        return str(SORTS[sort][1] if sort else self.shown.order)

    @property
    def order_words(self) -> str:
        """How the list is grouped, if it is, and what is listed first."""
        group_by = self.cleaned_data["group_by"]
        grouped = [str(GROUPINGS[group_by][1])] if group_by else []
        return " · ".join([*grouped, self.sort_words])

    @property
    def exact(self) -> bool:
        """Whether it shows all open questions in the usual order, as the counts assume."""
        arranged = self.cleaned_data["sort"] or self.cleaned_data["group_by"]
        return self.counted and not self.narrowed and not arranged

    @property
    def list_href(self) -> str:
        return self.href()

    @property
    def selectable(self) -> bool:
        """Whether questions can be selected for a batch: those that wait for the viewer are."""
        return self.shown.key in (OPEN, CLAIMED)

    @property
    def counted(self) -> bool:
        """Whether the counts are those of this list."""
        return self.shown.key == OPEN


class FocusFilters(Filters):
    """The filters of the list that focus mode goes through. ``order`` are the numbers of its
    questions as they stood on entry, as ``numbers`` writes them.
    """

    url_name = "focus"
    not_filters = (*Filters.not_filters, "order")

    order = Text(longest=MOST * 20)

    def clean(self) -> dict[str, Any]:
        """Only open questions that aren't snoozed can be gone through."""
        cleaned = super().clean()
        scope = cleaned["scope"] if cleaned["scope"] == CLAIMED else OPEN
        return cleaned | {"scope": scope, "snoozed": "", "cursor": ""}

    @property
    def list_href(self) -> str:
        return Filters.link(**self.values(order=""))


def read_filters(query: Mapping[str, Any]) -> Filters:
    """The filters of a list, or of focus mode, that a form carries along."""
    return FocusFilters.read(query) if query.get("order") else Filters.read(query)


def item_href(id_: str, filters: Filters, **more: object) -> str:
    """The page of a question beside the list as it is filtered now; in focus mode, alone."""
    if isinstance(filters, FocusFilters):
        return filters.href(item=id_, **more)
    return question_path("interaction", id_) + filters.querystring(**more)


@lru_cache(maxsize=4096)
def question_path(name: str, id_: str) -> str:
    """The address ``name`` of a question; cached, since each row of a list has four."""
    return reverse(name, args=[id_])
