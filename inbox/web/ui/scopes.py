from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inbox import access
from inbox.access import Viewer
from inbox.answering import snooze
from inbox.models import Recipient, Upstream
from inbox.web.ui.lists import MOST, ListForm, Number, OneOf, Search, Text
from inbox.web.ui.when import DATES

COUNTED = 200
"""Counts stop here; a higher number has a plus sign."""


@dataclass(frozen=True)
class Scope:
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
        """The first is that of ``order``."""
        return ("", "oldest") if self.key == DONE else tuple(SORTS)

    @property
    def unused(self) -> tuple[str, ...]:
        match self.key:
            case "done":
                return ("due", "claimed", "review", "unread", "drafts", "snoozed", "group_by")
            case "waiting-others":
                return ("claimed", "review", "unread", "snoozed", *OF_DONE)
            case "claimed":
                return ("claimed", "review", "snoozed", *OF_DONE)
            case "everyone":
                return ("target", "claimed", "review", "unread", "drafts", "snoozed", *OF_DONE)
            case _:
                return OF_DONE


OPEN, CLAIMED, OTHERS, DONE = "", "claimed", "waiting-others", "done"
EVERYONE = "everyone"
"""Everyone's open questions, for leads where there are no runs."""
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
        Scope(
            EVERYONE,
            _("Questions"),
            "runs",
            _("Soonest due first"),
            _("No open questions"),
            _("Everyone's open questions appear here."),
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
    """Unordered; none for an account without a Mobius ID."""
    if scope == EVERYONE:
        return _of_everyone(viewer, upstream)
    if not viewer.mobius_id:
        return Recipient.objects.none()
    rows = Recipient.objects.filter(upstream=upstream, user_id=viewer.mobius_id)
    match scope:
        case "claimed":
            return rows.filter(claimed=True)
        case "waiting-others":
            return rows.filter(waits_for_others=True)
        case "done":
            return rows.closed_by_index().filter(waits_for_others=False)
    opened = unseen(rows) if unread else rows.open_by_index()
    return by_snooze(scope, opened, viewer, snoozed=snoozed)


def has_everyone(viewer: Viewer, upstream: Upstream) -> bool:
    return viewer.lead and not upstream.has_runs


def _of_everyone(viewer: Viewer, upstream: Upstream) -> QuerySet[Recipient]:
    """One row for each question, whoever it asks."""
    if not has_everyone(viewer, upstream):
        return Recipient.objects.none()
    questions = access.interactions(viewer, upstream).open().exclude(pk__in=upstream.tests())
    rows = Recipient.objects.filter(upstream=upstream, interaction__in=questions)
    before = Recipient.objects.filter(interaction=OuterRef("interaction"), pk__lt=OuterRef("pk"))
    return rows.exclude(Exists(before))


def by_snooze(
    scope: str,
    rows: QuerySet[Recipient],
    viewer: Viewer,
    *,
    snoozed: Collection[int] | None = None,
) -> QuerySet[Recipient]:
    """``snoozed``: numbers of interactions, if they were read. A subquery costs more to build than
    all else of such a query.
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
    """An index has this condition."""
    return rows.filter(open=True, seen__isnull=True)


def shows(scope: str, row: Recipient) -> bool:
    """``OPEN`` lists it even while it is snoozed."""
    match scope:
        case "claimed":
            return row.claimed
        case "everyone":
            return row.interaction.is_open
        case "waiting-others":
            return row.waits_for_others
        case "done":
            over = not row.open and not row.waits_for_others and row.closed_at is not None
            return over and (row.answered_at is not None or row.interaction.closed_unanswered)
        case _:
            return row.open


def counted_words(count: int, *, most: int = COUNTED) -> str:
    """With a plus sign if it is higher than ``most``; empty for zero."""
    if count > most:
        return f"{most}+"
    return str(count) if count else ""


class Filters(ListForm):
    """``target`` is ``mine``, ``groups`` or the ID of a group. ``failed``: the run failed after the
    viewer's answer. ``view`` is the saved view that was opened, even after filters have changed.
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
    review = OneOf(["yes"])
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
        cleaned = super().clean()
        scope = SCOPES[cleaned["scope"]]
        cleaned |= dict.fromkeys(scope.unused, "")
        return cleaned | {"sort": cleaned["sort"] if cleaned["sort"] in scope.sorts else ""}

    @property
    def shown(self) -> Scope:
        return SCOPES[self.cleaned_data["scope"]]

    @property
    def rows(self) -> str:
        """A scope, or ``SNOOZED``."""
        return SNOOZED if self.cleaned_data["snoozed"] else self.shown.key

    @property
    def done(self) -> bool:
        return self.shown.key == DONE

    @property
    def everyone(self) -> bool:
        return self.shown.key == EVERYONE

    @property
    def sort_words(self) -> str:
        sort = self.cleaned_data["sort"]
        return str(SORTS[sort][1] if sort else self.shown.order)

    @property
    def order_words(self) -> str:
        group_by = self.cleaned_data["group_by"]
        grouped = [str(GROUPINGS[group_by][1])] if group_by else []
        return " · ".join([*grouped, self.sort_words])

    @property
    def exact(self) -> bool:
        """All open questions in the usual order, as the counts assume."""
        arranged = self.cleaned_data["sort"] or self.cleaned_data["group_by"]
        return self.counted and not self.narrowed and not arranged

    @property
    def list_href(self) -> str:
        return self.href()

    @property
    def selectable(self) -> bool:
        return self.shown.key in (OPEN, CLAIMED)

    @property
    def counted(self) -> bool:
        """The counts are those of this list."""
        return self.shown.key == OPEN


class FocusFilters(Filters):
    """``order``: the questions on entry, as ``numbers`` writes them."""

    url_name = "focus"
    not_filters = (*Filters.not_filters, "order")

    order = Text(longest=MOST * 20)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        scope = cleaned["scope"] if cleaned["scope"] == CLAIMED else OPEN
        return cleaned | {"scope": scope, "snoozed": "", "cursor": ""}

    @property
    def list_href(self) -> str:
        return Filters.link(**self.values(order=""))


def read_filters(query: Mapping[str, Any]) -> Filters:
    return FocusFilters.read(query) if query.get("order") else Filters.read(query)


def item_href(id_: str, filters: Filters, **more: object) -> str:
    if isinstance(filters, FocusFilters):
        return filters.href(item=id_, **more)
    return question_path("interaction", id_) + filters.querystring(**more)


@lru_cache(maxsize=4096)
def question_path(name: str, id_: str) -> str:
    """Cached: each row of a list has one."""
    return reverse(name, args=[id_])
