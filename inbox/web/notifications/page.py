"""The page of a person's notifications."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.models import Incident, Interaction, Notice, Upstream
from inbox.services.incidents import OVER, sentence
from inbox.web.ui.held import ANSWERED_FIRST, answered_first, returned_reason, returned_words
from inbox.web.ui.lists import ListForm, Number, OneOf
from inbox.web.ui.messages import problem_text
from inbox.web.ui.people import Face
from inbox.web.ui.when import Deadline, deadline
from inbox.web.ui.words import item_status

PAGE = 50


class NoticeFilters(ListForm):
    """``show`` is ``unread``, or anything else for all; ``before`` is the ``pk`` of the last
    notification of the page before.
    """

    url_name = "notifications"
    place = ("before",)

    show = OneOf(["unread", "all"])
    before = Number()


@dataclass(frozen=True)
class NoticeRow:
    """A notification. It has neither title nor link if the viewer may not see the question.
    ``state`` says how a closed question ended, or why an answer was not sent.
    """

    pk: int
    sender: Face
    words: str
    title: str
    href: str
    state: str
    deadline: Deadline | None
    at: datetime
    new: bool


@dataclass(frozen=True)
class NoticeList:
    """A page of notifications, newest first. ``until`` is when it was read."""

    rows: tuple[NoticeRow, ...]
    unread_only: bool
    next_href: str
    until: str

    @property
    def new(self) -> int:
        """How many on this page are unread."""
        return sum(row.new for row in self.rows)


def notice_list(
    viewer: Viewer, upstream: Upstream, filters: NoticeFilters, now: datetime
) -> NoticeList:
    """The viewer's notifications. Two queries, three if one names who answered first."""
    unread_only = filters.cleaned_data["show"] == "unread"
    own = Notice.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream)
    rows = own.filter(read_at__isnull=True) if unread_only else own
    if before := filters.cleaned_data["before"]:
        last = own.filter(pk=before).values("at")[:1]
        rows = rows.filter(at__lte=last).exclude(at=last, pk__gte=before)
    found = list(rows.order_by("-at", "-id")[: PAGE + 1])
    shown = found[:PAGE]
    seen = access.interactions(viewer, upstream)
    wanted = seen.filter(mobius_id__in=[notice.interaction_id for notice in shown])
    columns = ("mobius_id", "title", "state", "gone", "due_at", "expires_at", "soft")
    items = {item.mobius_id: item for item in wanted.only(*columns, *ANSWERED_FIRST)}
    unsent = {notice.interaction_id for notice in shown if notice.kind == Notice.Kind.NOT_SENT}
    first = answered_first(viewer, (item for id_, item in items.items() if id_ in unsent))
    return NoticeList(
        rows=tuple(
            _row(
                notice,
                items.get(notice.interaction_id),
                now,
                first=first.get(notice.interaction_id, ""),
            )
            for notice in shown
        ),
        unread_only=unread_only,
        next_href=filters.href(before=shown[-1].pk) if len(found) > PAGE else "",
        until=now.isoformat(),
    )


def _row(notice: Notice, item: Interaction | None, now: datetime, *, first: str) -> NoticeRow:
    if notice.kind == Notice.Kind.TOKEN_REMOVED:
        return _about_the_account(notice)
    if notice.kind in Incident.Kind:
        return _about_the_inbox(notice)
    unsent = notice.kind == Notice.Kind.NOT_SENT
    return NoticeRow(
        pk=notice.pk,
        sender=Face(notice.sender, notice.sender_name, notice.sender_name),
        words=_words(notice),
        title=item.display_title if item is not None else "",
        href=item.get_absolute_url() if item is not None else "",
        state=(
            returned_reason(notice.reason, notice.message, first=first)
            if unsent and item is not None
            else _state(item)
        ),
        deadline=(
            deadline(item.due_at, item.expires_at, now, soft=item.soft)
            if item is not None and item.pending
            else None
        ),
        at=notice.at,
        new=notice.read_at is None,
    )


def _about_the_account(notice: Notice) -> NoticeRow:
    return NoticeRow(
        pk=notice.pk,
        sender=Face("", notice.sender_name, notice.sender_name),
        words=_("Your member token could no longer be read and was removed"),
        title=_("Add a new token on the Account page"),
        href=reverse("account"),
        state="",
        deadline=None,
        at=notice.at,
        new=notice.read_at is None,
    )


def _about_the_inbox(notice: Notice) -> NoticeRow:
    over = notice.reason == OVER
    has_page = notice.kind != Incident.Kind.LOG_BROKEN and not over
    return NoticeRow(
        pk=notice.pk,
        sender=Face("", notice.sender_name, notice.sender_name),
        words=problem_text(sentence(notice.kind, over=over)),
        title=_("Open Connection") if has_page else "",
        href=reverse("connection") if has_page else "",
        state="",
        deadline=None,
        at=notice.at,
        new=notice.read_at is None,
    )


def _state(item: Interaction | None) -> str:
    if item is None:
        return _("You no longer have access to this question.")
    return "" if item.pending else item_status(item.state, gone=item.gone).label


def _words(notice: Notice) -> str:
    match notice.kind:
        case Notice.Kind.NOT_SENT:
            return returned_words(notice.reason)
        case Notice.Kind.RELEASED:
            released = _("A question that %(name)s had claimed is available again")
            return released % {"name": notice.sender_name}
        case _:
            return _nudged(notice)


def _nudged(notice: Notice) -> str:
    if notice.times == 1:
        return _("%(name)s nudged you") % {"name": notice.sender_name}
    words = ngettext(
        "%(name)s nudged you %(count)d time", "%(name)s nudged you %(count)d times", notice.times
    )
    return words % {"name": notice.sender_name, "count": notice.times}
