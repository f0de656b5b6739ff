from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from inbox.access import Viewer
from inbox.answering.batches import MOST as MOST_SELECTED
from inbox.answering.batches import dismiss_shown, note_shown
from inbox.models import Recipient, Reviewer, SavedView, Upstream
from inbox.people import credentials, service_key
from inbox.people.names import Names, names_of
from inbox.web.questions.changes import Arrivals
from inbox.web.questions.filters import choices, filter_chips, found_words
from inbox.web.questions.order import Order, order_of
from inbox.web.questions.place import place_in
from inbox.web.questions.queries import (
    Sample,
    answered_today,
    answered_words,
    closed_meanwhile,
    list_rows,
    sample,
    with_columns,
)
from inbox.web.questions.rows import Row, groups_in, inbox_rows, people_in
from inbox.web.ui.batches import batch_lines
from inbox.web.ui.groups import group_names
from inbox.web.ui.held import ReturnedLines, returned_lines
from inbox.web.ui.lists import MOST, PAGE, Choice, Page, numbers
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.saved_views import changed_view, form_link, open_view
from inbox.web.ui.scopes import (
    CLAIMED,
    OPEN,
    OTHERS,
    SCOPES,
    Filters,
    FocusFilters,
)
from inbox.web.ui.when import Band, next_midnight


@dataclass(frozen=True)
class Section:
    """``count`` has a plus sign if there may be more."""

    band: Band
    count: str
    rows: tuple[Row, ...]


def list_beside(
    request: ReviewerRequest,
    filters: Filters,
    *,
    current: str,
    shown: Sequence[int] = (),
    moved_on: bool = False,
    answered_here: Collection[str] = (),
) -> dict[str, Any]:
    """``shown`` rows stay, and new ones wait, unless the page would be empty. Rows that have closed
    since stay until the viewer has ``moved_on``.
    """
    own, now = request.own, timezone.now()
    if not request.htmx:
        dismissed = dismiss_shown(own.batches)
        own.batches = [row for row in own.batches if row.pk not in dismissed]
    note_shown(own.batches)
    viewer, upstream = own.viewer, own.upstream
    order, cleaned = order_of(filters, own.returns), filters.cleaned_data
    page, ended, counts = _page(
        own,
        filters,
        order,
        shown=shown,
        answered_here=answered_here,
        left=current if moved_on else None,
    )
    groups = group_names(upstream, {*counts.groups, *groups_in(page.rows)})
    people = People(names_of(upstream, people_in(page.rows, filters)), viewer.mobius_id)
    rows = inbox_rows(own, page.rows, filters, now, groups=groups, current=current, people=people)
    view = open_view(viewer, upstream, SavedView.Page.INBOX, cleaned["view"])
    nothing_left = filters.shown.key == OPEN and not filters.narrowed and not page.rows
    answered = answered_words(answered_today(viewer, upstream, now)) if nothing_left else ""
    found = len(page.rows) + len(page.new) - ended
    scopes = () if filters.done or filters.everyone else _scopes(filters, counts.rail)
    return {
        "filters": filters,
        "title": view.name if view else str(filters.shown.title),
        "sections": _sections(
            filters, rows, page, counts, order=order, names=people.names, now=now
        ),
        "exact": _counts_bands(filters, page),
        "open": counts.words(counts.total),
        "found": found_words(filters, PAGE + 1 if cleaned["cursor"] or page.cursor else found),
        "counts": counts.rail,
        "choices": choices(upstream, filters, counts, groups),
        "scopes": scopes,
        "scope_is_filter": any(scope.on for scope in scopes),
        "chips": filter_chips(
            filters,
            page.rows,
            people=people,
            groups=groups,
            own_groups=counts.groups if len(counts.groups) > 1 else (),
        ),
        "arrivals": Arrivals(tuple(row.interaction.mobius_id for row in page.new)),
        "place": place_in(viewer, counts, filters, current, answered=own.on_their_way.keys()),
        "view_form": form_link(viewer, view, filters),
        "changed_view": changed_view(viewer, view, filters),
        "returned": (
            returned_lines(viewer, upstream) if counts.rail.get("notices") else ReturnedLines()
        ),
        "batches": batch_lines(own.batches),
        "answered": answered,
        "needs_token": nothing_left and not answered and _needs_token(viewer, upstream),
        "snoozed": len(own.snoozed),
        "most_selected": MOST_SELECTED,
        **_hrefs(filters, page),
    }


def _hrefs(filters: Filters, page: Page[Recipient]) -> dict[str, str]:
    shown, unsearched = numbers(row.pk for row in page.rows), filters.replace(q="")
    answerable = filters.rows in (OPEN, CLAIMED) and page.rows
    csv = reverse("answers-csv") + filters.querystring(scope="", cursor="")
    return {
        "shown": shown,
        "refresh_href": filters.href(shown=shown),
        "changes_href": reverse("inbox-changes") + filters.querystring(until=page.cursor),
        "next_href": filters.href(cursor=page.cursor) if page.cursor else "",
        "snooze_query": filters.querystring(back="inbox"),
        "focus_href": FocusFilters.link(**filters.values(cursor="")) if answerable else "",
        "csv_href": csv if filters.done else "",
        "filters_href": reverse("inbox-filters") + filters.querystring(cursor=""),
        "clear_search_href": "" if unsearched.narrowed else unsearched.href(),
        "all_href": Filters.link(scope=filters.shown.key, view=filters.cleaned_data["view"]),
    }


def _scopes(filters: Filters, counts: Mapping[str, str]) -> tuple[Choice, ...]:
    """*Done* has a tab of its own on a phone."""
    return tuple(
        Choice(
            str(SCOPES[key].title),
            Filters.link(scope=key),
            on=filters.shown.key == key,
            key=key,
            count=counts.get(name, ""),
        )
        for key, name in ((CLAIMED, "claimed"), (OTHERS, "others"))
    )


def _page(
    own: OwnData,
    filters: Filters,
    order: Order,
    *,
    shown: Sequence[int],
    answered_here: Collection[str],
    left: str | None,
) -> tuple[Page[Recipient], int, Sample]:
    """The rows, how many of them have closed, and the counts. Closed rows other than ``left`` leave
    the page.
    """
    # A row that the filter *Unread* has listed stays when it has been seen.
    rows = list_rows(own, filters, even_seen=True)
    first = list_rows(own, filters) if filters.cleaned_data["unread"] else rows
    cursor = filters.cleaned_data["cursor"]
    fresh = list(with_columns(order.first(first, cursor, PAGE + 1), filters))
    kept, ended = list[Recipient](), set[int]()
    if shown:
        kept = list(with_columns(order.first(rows.filter(pk__in=shown), "", MOST), filters))
        mine = Recipient.objects.filter(user_id=own.viewer.mobius_id or "", pk__in=shown)
        mine = mine.filter(interaction__upstream=own.upstream)
        over = closed_meanwhile(own.viewer, filters, mine, answered_here)
        if left is not None:
            over = over.filter(interaction__mobius_id=left)
        ended = set(over.values_list("pk", flat=True))
        if ended:
            stay = mine.filter(pk__in=ended | {row.pk for row in kept})
            kept = list(with_columns(order.keyset.sorted(order.annotated(stay)), filters))
    has_all = filters.exact and not cursor and len(fresh) <= PAGE
    counts = sample(own, timezone.now(), listed=fresh if has_all else None)
    return order.keyset.page(fresh, kept), len(ended), counts


def _needs_token(viewer: Viewer, upstream: Upstream) -> bool:
    """The viewer can't answer any question until they add a member token."""
    token = credentials.state_of(viewer.user_id, upstream)
    if token is not credentials.Token.NONE:
        return token is credentials.Token.LOST
    reviewer = Reviewer.objects.get(user=viewer.user_id)
    return not service_key.may_answer_for(reviewer, upstream)


def _sections(
    filters: Filters,
    shown: list[Row],
    page: Page[Recipient],
    counts: Sample,
    *,
    order: Order,
    names: Names,
    now: datetime,
) -> tuple[Section, ...]:
    headings: dict[str, Band] = {}
    rows: dict[str, list[Row]] = {}
    tomorrow = next_midnight(now)
    for recipient, line in zip(page.rows, shown, strict=True):
        heading = order.heading(recipient, now, tomorrow, names)
        headings.setdefault(heading.key, heading)
        rows.setdefault(heading.key, []).append(line)
    last = next(reversed(rows), "")
    words: dict[str, str] = {}
    for key, lines in rows.items():
        # Rows that have closed meanwhile are not counted.
        count = sum(line.ended is None for line in lines)
        words[key] = f"{count}+" if page.cursor and key == last else str(count)
    if _counts_bands(filters, page):
        words |= counts.band_counts(order.heading(row, now, tomorrow).key for row in page.new)
    elif filters.done:
        words = {}
    return tuple(
        Section(headings[key], words.get(key, ""), tuple(lines)) for key, lines in rows.items()
    )


def _counts_bands(filters: Filters, page: Page[Recipient]) -> bool:
    return filters.exact and bool(filters.cleaned_data["cursor"] or page.cursor)
