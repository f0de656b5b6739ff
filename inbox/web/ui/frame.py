"""The frame around every page: the viewer, freshness and counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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


def rail_counts(
    viewer: Viewer,
    upstream: Upstream,
    *,
    own: bool = False,
    notices: bool = True,
    unread: int | None = None,
    claimed: bool = False,
    snoozed: Collection[int] | None = None,
) -> dict[str, str]:
    """The counts in the rail, by name. One query; with ``own`` three, four if the viewer has ever
    snoozed a question.

    ``others`` are questions that wait for others, ``blocked``, for a lead, all that wait. With
    ``own`` also those that wait for the viewer, for pages that have not counted them; with
    ``notices`` the unread notifications; with ``claimed`` those that the viewer has claimed,
    snoozed or not, as their list has them. ``unread``: how many open questions the viewer has not
    seen, if the caller has counted them. ``snoozed`` is as in ``by_snooze``. Large counts stop at
    the rail's limit, so that they cost no more.
    """
    counted: dict[str, QuerySet[Any, Any]] = {}
    found: dict[str, int] = {}
    if notices:
        counted["notices"] = Notice.objects.filter(
            reviewer__user_id=viewer.user_id, upstream=upstream, read_at__isnull=True
        )
    if viewer.lead:
        waits = access.interactions(viewer, upstream).filter(status="pending", gone=False)
        counted["blocked"] = waits.order_by("created_at", "id")[: COUNTED + 1]
    if viewer.mobius_id:
        counted["others"] = rows_of(OTHERS, viewer, upstream)
    if own and viewer.mobius_id:
        snoozed = snooze.not_back(snooze.returns_of(viewer), timezone.now())
        opened = rows_of(OPEN, viewer, upstream, snoozed=snoozed)
        waiting = list(opened.values_list("via_group", "holds", "seen")[: COUNTED + 1])
        if len(waiting) <= COUNTED:
            found["inbox"] = len(waiting)
            found["groups"] = sum(via_group for via_group, *_ in waiting)
            unread = sum(seen is None for *_, seen in waiting)
        else:
            found["inbox"] = len(waiting)
            shared = opened.filter(via_group__in=(True,))
            counted["groups"] = shared.order_by("due_at", "id")[: COUNTED + 1]
        claimed = bool(snoozed) or len(waiting) > COUNTED
        if not claimed:
            found["claimed"] = sum(holds for _, holds, _ in waiting)
    if claimed and viewer.mobius_id:
        counted["claimed"] = rows_of(CLAIMED, viewer, upstream)
    if unread is not None:
        found["unread"] = unread
    elif viewer.mobius_id:
        rows = rows_of(OPEN, viewer, upstream, snoozed=snoozed, unread=True)
        counted["unread"] = rows.order_by("due_at", "id")[: COUNTED + 1]
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
    answers, if the view has read them; otherwise one query each reads them.
    """
    if views is None:
        views = shown_views(request.viewer, request.upstream)
    if counts is None:
        counts = rail_counts(request.viewer, request.upstream, own=True)
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
        "freshness": freshness.present(),
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
