from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.mobius.types import RunStatus
from inbox.models import Incident, Interaction, Mute, Notice, NotificationEvent, Upstream
from inbox.notify.incidents import ENDED, sentence
from inbox.notify.messages import questions_wait, said
from inbox.notify.plan import ALWAYS_TOLD
from inbox.people.names import Names, names_of
from inbox.web.ui.held import ANSWERED_FIRST, answered_first
from inbox.web.ui.labels import item_status
from inbox.web.ui.lists import PAGE, ListForm, Number, OneOf
from inbox.web.ui.messages import problem_text
from inbox.web.ui.outcome_messages import returned_reason, returned_words
from inbox.web.ui.when import Deadline, deadline


class NoticeFilters(ListForm):
    """``before`` is the ``pk`` of the last notification of the page before."""

    url_name = "notifications"
    place = ("before",)

    show = OneOf(["unread", "all"])
    before = Number()


@dataclass(frozen=True)
class Reason:
    """A kind of event, as it can be muted. ``until`` is null if it is muted for good."""

    kind: NotificationEvent.Kind
    muted: bool
    until: datetime | None
    always_told: bool


@dataclass(frozen=True)
class NoticeRow:
    """The newest notification about a question, or one that is about no question.

    - ``title`` and ``href`` are empty if the viewer may not see the question.
    - ``unread``: this one or an earlier one about the question.
    - ``reason``: what can be muted; None for what is sent nowhere.
    """

    notice: Notice
    words: str
    title: str = ""
    href: str = ""
    state: str = ""
    deadline: Deadline | None = None
    unread: bool = False
    reason: Reason | None = None


def notices_context(
    viewer: Viewer, upstream: Upstream, filters: NoticeFilters, now: datetime
) -> dict[str, Any]:
    """Newest first; ``until`` is when they were read from the database."""
    unread_only = filters.cleaned_data["show"] == "unread"
    own = Notice.objects.filter(reviewer__user_id=viewer.user_id, upstream=upstream)
    unread = own.filter(read_at__isnull=True)
    rows = (unread if unread_only else own).newest_of_each_question()
    if before := filters.cleaned_data["before"]:
        last = own.filter(pk=before).values("at")[:1]
        rows = rows.filter(at__lte=last).exclude(at=last, pk__gte=before)
    found = list(rows.order_by("-at", "-id")[: PAGE + 1])
    shown = found[:PAGE]
    about = {notice.interaction_id for notice in shown} - {""}
    still_unread = set(unread.filter(interaction_id__in=about).values_list("interaction_id"))
    seen = access.interactions(viewer, upstream)
    columns = ("mobius_id", "title", "state", "deleted", "due_at", "expires_at", "soft")
    wanted = seen.filter(mobius_id__in=about)
    items = {item.mobius_id: item for item in wanted.only(*columns, *ANSWERED_FIRST)}
    unsent = {notice.interaction_id for notice in shown if notice.kind == Notice.Kind.NOT_SENT}
    returned = (item for id_, item in items.items() if id_ in unsent)
    first = answered_first(viewer, upstream, returned)
    mutes = Mute.objects.filter(reviewer__user_id=viewer.user_id, workflow="").in_force(now)
    muted = dict(mutes.values_list("kind", "until"))
    strangers = [n.about for n in shown if n.kind == Notice.Kind.NO_ACCOUNT]
    people = names_of(upstream, strangers)
    shown_rows = [
        replace(
            _row(
                notice,
                items.get(notice.interaction_id),
                now,
                first=first.get(notice.interaction_id, ""),
                people=people,
            ),
            unread=notice.read_at is None or (notice.interaction_id,) in still_unread,
            reason=_reason(notice.event_kind, muted),
        )
        for notice in shown
    ]
    return {
        "filters": filters,
        "unread_only": unread_only,
        "rows": shown_rows,
        "any_unread": any(row.unread for row in shown_rows),
        "next_href": filters.href(before=shown[-1].pk) if len(found) > PAGE else "",
        "until": now.isoformat(),
    }


def _reason(kind: str, muted: Mapping[str, datetime | None]) -> Reason | None:
    if not kind or kind in NotificationEvent.WITHOUT_CHOICE:
        return None
    return Reason(
        NotificationEvent.Kind(kind),
        muted=kind in muted,
        until=muted.get(kind),
        always_told=kind in ALWAYS_TOLD,
    )


def _row(
    notice: Notice, item: Interaction | None, now: datetime, *, first: str, people: Names
) -> NoticeRow:
    if notice.kind == Notice.Kind.TOKEN_REMOVED:
        if notice.reason == Notice.ANOTHER_OWNER:
            removed = _("Your member token answered as someone else and was removed")
        else:
            removed = _("Your member token could no longer be read and was removed")
        to_do = _("Add a new token on the Account page")
        return NoticeRow(notice, removed, to_do, reverse("account"))
    if notice.kind in Incident.Kind:
        return _about_the_inbox(notice)
    if notice.kind in _ABOUT_NO_QUESTION:
        return _about_no_question(notice, people)
    words = _words(notice)
    if item is None:
        return NoticeRow(notice, words, state=_("You no longer have access to this question."))
    state = "" if item.pending else item_status(item.state, deleted=item.deleted).label
    if notice.kind == Notice.Kind.NOT_SENT:
        state = returned_reason(notice.reason, notice.message, first=first)
    return NoticeRow(
        notice,
        words,
        title=item.display_title,
        href=item.get_absolute_url(),
        state=state,
        deadline=deadline(item, now) if item.pending else None,
    )


_ABOUT_NO_QUESTION = (
    Notice.Kind.TOKEN_REFUSED,
    Notice.Kind.SUMMARY,
    Notice.Kind.RUN_FAILED,
    Notice.Kind.NO_ACCOUNT,
)


def _about_no_question(notice: Notice, people: Names) -> NoticeRow:
    match notice.kind:
        case Notice.Kind.TOKEN_REFUSED:
            refused = _("Mobius no longer accepts your member token")
            return NoticeRow(
                notice, refused, _("Add a new token on the Account page"), reverse("account")
            )
        case Notice.Kind.SUMMARY:
            words = _("Your account was given its Mobius ID")
            return NoticeRow(notice, words, questions_wait(notice.times), reverse("inbox"))
        case Notice.Kind.RUN_FAILED:
            words = _("Runs of %(workflow)s fail") % {"workflow": notice.about}
            failed = QueryDict(mutable=True)
            failed.update({"workflow": notice.about, "status": RunStatus.FAILED.value})
            href = f"{reverse('runs')}?{failed.urlencode()}"
            return NoticeRow(notice, words, _("Show the failed runs"), href)
        case _:
            words = _("%(name)s is asked and has no account here")
            name = people.of(notice.about)
            return NoticeRow(notice, words % {"name": name}, _("Open Blocked"), reverse("blocked"))


def _about_the_inbox(notice: Notice) -> NoticeRow:
    ended = notice.reason == ENDED
    words = problem_text(sentence(notice.kind, ended=ended))
    if ended or notice.kind == Incident.Kind.LOG_BROKEN:
        return NoticeRow(notice, words)
    return NoticeRow(notice, words, _("Open Connection"), reverse("connection"))


def _words(notice: Notice) -> str:
    match notice.kind:
        case Notice.Kind.NOT_SENT:
            return returned_words(notice.reason)
        case Notice.Kind.RELEASED:
            released = _("A question that %(name)s had claimed is available again")
            return released % {"name": notice.sender_name}
        case Notice.Kind.NO_CHECKER:
            return _("None of the people who can review a question has an account here")
        case Notice.Kind.TOO_FEW_LEFT:
            left = _("%(name)s was deactivated, and too few people are left to complete a question")
            return left % {"name": notice.sender_name}
        case Notice.Kind.NUDGE:
            return _nudged(notice)
        case _:
            return said(notice.kind, notice.sender_name)


def _nudged(notice: Notice) -> str:
    if notice.times == 1:
        return _("%(name)s nudged you") % {"name": notice.sender_name}
    words = ngettext(
        "%(name)s nudged you %(count)d time", "%(name)s nudged you %(count)d times", notice.times
    )
    return words % {"name": notice.sender_name, "count": notice.times}
