from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import IntegerField, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render

from inbox import access
from inbox.answering.guard import choice_of
from inbox.mirror import freshness
from inbox.models import Notice, Upstream
from inbox.models.interaction import OPEN as OPEN_STATUSES
from inbox.notify import incidents
from inbox.upstream.connection import connection
from inbox.web.ui.messages import problem_text
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.request import ReviewerRequest, is_fragment
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
    """Counted up to one more than ``COUNTED``, without ``snoozed`` interactions."""

    total: int
    via_group: int
    claimed: int
    unread: int
    snoozed: Collection[int]

    @property
    def whole(self) -> bool:
        return self.total <= COUNTED


def count_open(
    rows: Collection[tuple[bool, bool, datetime | None]], snoozed: Collection[int]
) -> OpenCounts:
    return OpenCounts(
        total=len(rows),
        via_group=sum(via_group for via_group, _, _ in rows),
        claimed=sum(claimed for _, claimed, _ in rows),
        unread=sum(seen is None for _, _, seen in rows),
        snoozed=snoozed,
    )


def open_counts(own: OwnData) -> OpenCounts:
    if not own.viewer.mobius_id:
        return count_open((), ())
    opened = rows_of(OPEN, own.viewer, own.upstream, snoozed=own.snoozed)
    rows = opened.values_list("via_group", "claimed", "seen")[: COUNTED + 1]
    return count_open(list(rows), own.snoozed)


def rail_counts(own: OwnData, opened: OpenCounts | None, *, notices: bool = True) -> dict[str, str]:
    """Counts stop at the rail's limit, so that large ones cost no more. Without ``opened``, only
    unread questions are counted.
    """
    viewer, upstream = own.viewer, own.upstream
    counted: dict[str, QuerySet[Any, Any]] = {}
    found: dict[str, int] = {}
    if notices:
        unread_notices = Notice.objects.filter(
            reviewer__user_id=viewer.user_id, upstream=upstream, read_at__isnull=True
        )
        counted["notices"] = unread_notices.newest_of_each_question()
    if viewer.lead:
        rows = access.interactions(viewer, upstream).filter(deleted=False)
        rows = rows.exclude(pk__in=upstream.tests())
        waits = rows.filter(status="pending").order_by("created_at", "id")
        if upstream.adapter.has_reviews:
            # Without an order, which these together have no index for.
            waits = rows.filter(status__in=OPEN_STATUSES).order_by()
        counted["blocked"] = waits[: COUNTED + 1]
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
    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0


def numbers_of(upstream: Upstream, rows: Mapping[Key, QuerySet[Any, Any]]) -> dict[Key, int]:
    if not rows:
        return {}
    counts = [RowCount(each.values("pk")) for each in rows.values()]
    return dict(zip(rows, Upstream.objects.values_list(*counts).get(pk=upstream.pk), strict=True))


def frame(
    request: ReviewerRequest,
    *,
    section: str,
    counts: Mapping[str, str] | None = None,
    beside_list: bool = False,
) -> dict[str, Any]:
    """``beside_list``: the page has the place of an open question."""
    own = request.own
    if counts is None:
        counts = rail_counts(own, open_counts(own))
    return {
        "guard": choice_of(request.user.reviewer).guard,
        "held": own.held,
        "beside_list": beside_list,
        "section": section,
        "counts": counts,
        "views": own.views,
        "open_view": next(
            (view.pk for view in own.views if str(view.pk) == request.GET.get("view")), None
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
    """``parts``: templates for htmx, by the ID of the element it asks for."""
    for target, part in (parts or {}).items():
        if is_fragment(request, target):
            return render(request, part, context, status=status)
    return render(request, template, {**context, **frame(request, section=section)}, status=status)


def held_after(request: ReviewerRequest) -> dict[str, Any]:
    """Empty unless the request changed them: the page has them already."""
    if request.method != "POST":
        return {}
    guard = choice_of(request.user.reviewer).guard
    return {"held_after": True, "held": request.own.held, "guard": guard}
