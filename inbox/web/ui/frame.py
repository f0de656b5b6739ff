"""The frame around every page: the viewer, freshness and counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from inbox import access
from inbox.access import Viewer
from inbox.mirror import freshness
from inbox.models import Batch, Notice, SavedView, Upstream
from inbox.services import incidents, snooze
from inbox.services.connection import connection
from inbox.services.guard import choice_of
from inbox.web.ui.batches import shown_batches
from inbox.web.ui.held import HeldAnswer, held_answers
from inbox.web.ui.messages import problem_text
from inbox.web.ui.request import ReviewerRequest, is_fragment
from inbox.web.ui.saved_views import shown_views
from inbox.web.ui.scopes import (
    CLAIMED,
    COUNTED,
    OPEN,
    OTHERS,
    counted_words,
    rows_of,
)

Key = TypeVar("Key", str, int)


@dataclass(frozen=True)
class OpenCounts:
    """How many questions are open for the viewer, counted up to one more than ``COUNTED``; and of
    those how many ask a group, are claimed by the viewer, or have not been seen. ``snoozed`` are
    the interactions that the viewer has snoozed, which are not counted, as in ``by_snooze``.
    """

    total: int
    via_group: int
    claimed: int
    unread: int
    snoozed: Collection[int]

    @property
    def whole(self) -> bool:
        """Whether all were counted."""
        return self.total <= COUNTED


def count_open(
    rows: Collection[tuple[bool, bool, datetime | None]], snoozed: Collection[int]
) -> OpenCounts:
    """Count the viewer's open ``rows``: ``via_group``, ``claimed`` and ``seen`` of each."""
    return OpenCounts(
        total=len(rows),
        via_group=sum(via_group for via_group, _, _ in rows),
        claimed=sum(claimed for _, claimed, _ in rows),
        unread=sum(seen is None for _, _, seen in rows),
        snoozed=snoozed,
    )


def open_counts(viewer: Viewer, upstream: Upstream) -> OpenCounts:
    """Read the viewer's open rows, and count them. Two queries, three if the viewer has ever
    snoozed a question; none for an account without a Mobius ID.
    """
    if not viewer.mobius_id:
        return count_open((), ())
    snoozed = snooze.not_back(snooze.returns_of(viewer), timezone.now())
    opened = rows_of(OPEN, viewer, upstream, snoozed=snoozed)
    rows = opened.values_list("via_group", "claimed", "seen")[: COUNTED + 1]
    return count_open(list(rows), snoozed)


def rail_counts(
    viewer: Viewer,
    upstream: Upstream,
    opened: OpenCounts | None,
    *,
    notices: bool = True,
) -> dict[str, str]:
    """The counts in the rail, by name. One query at most.

    ``others`` are the questions that wait for others; ``blocked``, for a lead, all that wait;
    ``notices``, if asked for, the unread notifications. Without ``opened``, only the unread ones of
    the viewer's open questions are counted. Large counts stop at the rail's limit, so that they
    cost no more.
    """
    counted: dict[str, QuerySet[Any, Any]] = {}
    found: dict[str, int] = {}
    if notices:
        counted["notices"] = Notice.objects.filter(
            reviewer__user_id=viewer.user_id, upstream=upstream, read_at__isnull=True
        )
    if viewer.lead:
        waits = access.interactions(viewer, upstream).filter(status="pending", deleted=False)
        counted["blocked"] = waits.order_by("created_at", "id")[: COUNTED + 1]
    if viewer.mobius_id:
        counted["others"] = rows_of(OTHERS, viewer, upstream)
        snoozed = None if opened is None else opened.snoozed
        if opened is None or not opened.whole:
            unread = rows_of(OPEN, viewer, upstream, snoozed=snoozed, unread=True)
            counted["unread"] = unread.order_by("due_at", "id")[: COUNTED + 1]
        if opened is not None:
            found["inbox"] = opened.total
            if opened.whole:
                found["unread"], found["groups"] = opened.unread, opened.via_group
            else:
                shared = rows_of(OPEN, viewer, upstream, snoozed=snoozed)
                shared = shared.filter(via_group__in=(True,))
                counted["groups"] = shared.order_by("due_at", "id")[: COUNTED + 1]
            if opened.whole and not snoozed:
                found["claimed"] = opened.claimed
            else:
                # The list of claimed questions has those that are snoozed too.
                counted["claimed"] = rows_of(CLAIMED, viewer, upstream)
    found |= numbers_of(upstream, counted)
    return {name: counted_words(count) for name, count in found.items()}


class RowCount(Subquery):
    """The number of rows that a query finds."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0


def numbers_of(upstream: Upstream, rows: Mapping[Key, QuerySet[Any, Any]]) -> dict[Key, int]:
    """How many rows each query finds. One query, none without ``rows``."""
    if not rows:
        return {}
    counts = [RowCount(each.values("pk")) for each in rows.values()]
    return dict(zip(rows, Upstream.objects.values_list(*counts).get(pk=upstream.pk), strict=True))


def frame(
    request: ReviewerRequest,
    *,
    section: str,
    counts: Mapping[str, str] | None = None,
    views: Iterable[SavedView] | None = None,
    held: Iterable[HeldAnswer] | None = None,
    beside_list: bool = False,
) -> dict[str, Any]:
    """The context of ``base.html``. ``beside_list``: the page has the place of an open question.

    ``counts`` are the numbers in the rail, ``views`` the saved views and ``held`` the viewer's held
    answers, if the view has read them. Otherwise they are read here.
    """
    if views is None:
        views = shown_views(request.viewer, request.upstream)
    if counts is None:
        counts = rail_counts(
            request.viewer, request.upstream, open_counts(request.viewer, request.upstream)
        )
    return {
        "guard": choice_of(request.user.reviewer).guard,
        "held": own_held(request) if held is None else held,
        "beside_list": beside_list,
        "section": section,
        "counts": counts,
        "views": views,
        "open_view": next(
            (view.pk for view in views if str(view.pk) == request.GET.get("view")), None
        ),
        "freshness": freshness.current(),
        "incidents": [problem_text(incidents.sentence(kind)) for kind in incidents.current()]
        if request.viewer.administrator
        else [],
        "connection_problem": problem_text(connection.shown())
        if request.viewer.administrator
        else "",
    }


def render_page(
    request: ReviewerRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str,
    parts: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page in its frame. ``parts``: what htmx gets instead if it asks for the element with this
    ID alone, as a template with the same context.
    """
    for target, part in (parts or {}).items():
        if is_fragment(request, target):
            return render(request, part, context, status=status)
    return render(request, template, {**context, **frame(request, section=section)}, status=status)


def own_held(
    request: ReviewerRequest, batches: Sequence[Batch] | None = None
) -> tuple[HeldAnswer, ...]:
    """The viewer's held answers, whatever their guard is now: it may have changed since.

    ``batches`` are their ``shown_batches``, if the view has read them.
    """
    viewer, upstream = request.viewer, request.upstream
    shown = shown_batches(viewer, upstream) if batches is None else batches
    return held_answers(viewer, upstream, timezone.now(), shown)


def held_after(request: ReviewerRequest) -> dict[str, Any]:
    """The viewer's held answers, for the part of a page that follows an answer or an undo. Empty
    for any other part: its page has them already.
    """
    if request.method != "POST":
        return {}
    guard = choice_of(request.user.reviewer).guard
    return {"held_after": True, "held": own_held(request), "guard": guard}
