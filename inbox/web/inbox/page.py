"""The page of a person's list: bands, counts, filters, and the next page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from inbox.access import Viewer
from inbox.models import Batch, Recipient, Reviewer, SavedView, Upstream
from inbox.people import credentials, service_key
from inbox.people.names import names_of
from inbox.services import snooze
from inbox.services.batches import MOST as MOST_SELECTED
from inbox.web.inbox.changes import Arrivals
from inbox.web.inbox.filters import choices, filter_chips, found_words
from inbox.web.inbox.order import Order, order_of
from inbox.web.inbox.place import Place, place_in
from inbox.web.inbox.queries import (
    Sample,
    answered_today,
    answered_words,
    closed_meanwhile,
    list_rows,
    sample,
    with_columns,
)
from inbox.web.inbox.rows import Row, groups_in, inbox_rows, people_in
from inbox.web.ui.batches import BatchLines, batch_lines, failed_items, shown_batches
from inbox.web.ui.frame import own_held
from inbox.web.ui.groups import group_names
from inbox.web.ui.held import HeldAnswer, ReturnedLines, answers_in_batches, returned_lines
from inbox.web.ui.lists import MOST, PAGE, Choice, Page, numbers
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.saved_views import ChangedView, FormLink, changed_view, form_link, open_view
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
    """A band with its rows. ``count`` is a number, with a plus sign if there may be more."""

    band: Band
    count: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class InboxList:
    """The list as ``inbox/_list.html`` shows it.

    ``view`` is the saved view that is open, ``view_form`` the form to save one or to change it,
    ``changed_view`` what is offered once its filters have changed.

    ``choices`` are the filters that are always above the list, ``chips`` the other active ones.
    ``shown`` are the numbers of its rows, ``until`` the position of its last row if there is
    another page. ``exact``: the bands are counted on all pages, not only their rows on this one.
    ``place`` is that of the open question, None in a filtered list. ``returned`` are the viewer's
    answers that could not be sent, ``batches`` what they did with several questions.
    ``found`` says how many questions a narrowed list has, and ``answered`` how many the viewer has
    answered today, if nothing is left in the inbox; ``needs_token``: nothing is left, they have
    answered none today, and can't answer any without a member token. ``snoozed`` is how many they
    have snoozed, ``held`` are their held answers.
    """

    filters: Filters
    sections: tuple[Section, ...]
    choices: tuple[Choice, ...]
    chips: tuple[Choice, ...]
    open: str
    counts: Mapping[str, str]
    arrivals: Arrivals
    shown: str
    until: str
    exact: bool
    place: Place | None
    view: SavedView | None
    view_form: FormLink
    changed_view: ChangedView | None
    returned: ReturnedLines
    batches: BatchLines
    found: str
    answered: str
    needs_token: bool
    snoozed: int
    held: Collection[HeldAnswer]

    @property
    def title(self) -> str:
        """The name of the open view, or of the scope."""
        return self.view.name if self.view else str(self.filters.shown.title)

    @property
    def here(self) -> str:
        return self.filters.href()

    @property
    def most_selected(self) -> int:
        """How many questions a batch can have."""
        return MOST_SELECTED

    @property
    def refresh_href(self) -> str:
        return self.filters.href(shown=self.shown)

    @property
    def changes_href(self) -> str:
        """Where a page requests the changes of some questions; it adds their IDs."""
        return reverse("inbox-changes") + self.filters.querystring(until=self.until)

    @property
    def focus_href(self) -> str:
        """The same questions in focus mode; empty where none can be answered."""
        answerable = self.filters.rows in (OPEN, CLAIMED) and self.sections
        return FocusFilters.link(**self.filters.values(cursor="")) if answerable else ""

    @property
    def next_href(self) -> str:
        return self.filters.href(cursor=self.until) if self.until else ""

    @cached_property
    def scopes(self) -> tuple[Choice, ...]:
        """The scopes that a phone shows as filters; *Done* has a tab of its own there."""
        if self.filters.done:
            return ()
        return tuple(
            Choice(
                str(SCOPES[key].title),
                Filters.link(scope=key),
                on=self.filters.shown.key == key,
                key=key,
                count=self.counts.get(name, ""),
            )
            for key, name in ((CLAIMED, "claimed"), (OTHERS, "others"))
        )

    @property
    def scope_is_filter(self) -> bool:
        """Whether phones show this scope as a filter, which *All* leaves again."""
        return any(choice.on for choice in self.scopes)

    @property
    def csv_href(self) -> str:
        """These answers as CSV; empty for other lists."""
        path = reverse("answers-csv") + self.filters.querystring(scope="", cursor="")
        return path if self.filters.done else ""

    @property
    def filters_href(self) -> str:
        return reverse("inbox-filters") + self.filters.querystring(cursor="")

    @property
    def clear_search_href(self) -> str:
        """The list without its search; empty if other filters narrow it too."""
        unsearched = self.filters.replace(q="")
        return "" if unsearched.narrowed else unsearched.href()

    @property
    def all_href(self) -> str:
        """The same list, or open view, without filters."""
        values = self.filters.cleaned_data
        return Filters.link(scope=self.filters.shown.key, view=values["view"])

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for section in self.sections for row in section.rows)


def inbox_list(
    viewer: Viewer,
    upstream: Upstream,
    filters: Filters,
    now: datetime,
    *,
    current: str = "",
    shown: Sequence[int] = (),
    moved_on: bool = False,
    answered_here: Collection[str] = (),
    held: Collection[HeldAnswer] = (),
    batches: Sequence[Batch],
) -> InboxList:
    """Read one page of the list, with its counts; ``current`` is the open question, ``held`` are
    the viewer's held answers, ``batches`` their ``shown_batches``.

    With ``shown`` those rows stay and are updated, and new ones wait. If the page would be empty,
    it is filled instead. Rows that have closed since stay until the viewer has ``moved_on``, except
    those ``answered_here``, as in ``closed_meanwhile``.
    """
    returns = snooze.returns_of(viewer)
    snoozed = snooze.not_back(returns, now)
    # A row that the filter *Unread* has listed stays when it has been seen.
    rows = list_rows(viewer, upstream, filters, even_seen=True, snoozed=snoozed)
    order, kept = order_of(filters, returns), list[Recipient]()
    ended = set[int]()
    cursor = filters.cleaned_data["cursor"]
    unread = bool(filters.cleaned_data["unread"])
    first = list_rows(viewer, upstream, filters, snoozed=snoozed) if unread else rows
    fresh = list(with_columns(order.first(first, cursor, PAGE + 1), filters))
    if shown:
        kept = list(with_columns(order.first(rows.filter(pk__in=shown), "", MOST), filters))
        own = Recipient.objects.filter(user_id=viewer.mobius_id or "", pk__in=shown)
        own = own.filter(interaction__upstream=upstream)
        over = closed_meanwhile(viewer, filters, own, answered_here)
        if moved_on:
            over = over.filter(interaction__mobius_id=current)
        ended = set(over.values_list("pk", flat=True))
        if ended:
            stay = own.filter(pk__in=ended | {row.pk for row in kept})
            kept = list(with_columns(order.keyset.sorted(order.annotated(stay)), filters))
    page = order.keyset.page(fresh, kept)
    has_all = filters.exact and not cursor and len(fresh) <= PAGE
    counts = sample(
        viewer,
        upstream,
        now,
        returns=returns,
        listed=fresh if has_all else None,
    )
    view = open_view(viewer, upstream, SavedView.Page.INBOX, filters.cleaned_data["view"])
    groups = group_names(upstream, {*counts.groups, *groups_in(page.rows)})
    people = People(names_of(people_in(page.rows, filters)), viewer.mobius_id)
    in_batches = answers_in_batches(viewer, upstream, now, batches)
    on_their_way = (*held, *in_batches)
    nothing_left = filters.shown.key == OPEN and not filters.narrowed and not page.rows
    answered = answered_words(answered_today(viewer, upstream, now)) if nothing_left else ""
    lines = inbox_rows(
        page.rows,
        failed=failed_items(batches),
        viewer=viewer,
        upstream=upstream,
        people=people,
        groups=groups,
        filters=filters,
        now=now,
        current=current,
        held=on_their_way,
        returns=returns,
    )
    return InboxList(
        filters=filters,
        sections=_sections(filters, lines, page, counts, order=order, now=now),
        choices=choices(filters, counts, groups),
        chips=filter_chips(
            filters,
            page.rows,
            people=people,
            groups=groups,
            own_groups=counts.groups if len(counts.groups) > 1 else (),
        ),
        open=counts.words(counts.total),
        counts=counts.rail,
        arrivals=Arrivals(tuple(row.interaction.mobius_id for row in page.new)),
        shown=numbers(row.pk for row in page.rows),
        until=page.cursor,
        exact=_counts_bands(filters, page),
        place=place_in(
            viewer, counts, filters, current, answered={answer.id for answer in on_their_way}
        ),
        view=view,
        view_form=form_link(viewer, view, filters),
        changed_view=changed_view(viewer, view, filters),
        returned=(
            returned_lines(viewer, upstream) if counts.rail.get("notices") else ReturnedLines()
        ),
        batches=batch_lines(batches),
        found=found_words(
            filters,
            PAGE + 1 if cursor or page.cursor else len(page.rows) + len(page.new) - len(ended),
        ),
        answered=answered,
        needs_token=nothing_left and not answered and _needs_token(viewer, upstream),
        snoozed=len(snoozed),
        held=held,
    )


def _needs_token(viewer: Viewer, upstream: Upstream) -> bool:
    """Whether the viewer can't answer any question until they add a member token."""
    token = credentials.state_of(viewer.user_id, upstream)
    if token is not credentials.Token.NONE:
        return token is credentials.Token.LOST
    reviewer = Reviewer.objects.get(user=viewer.user_id)
    return not service_key.may_answer_for(reviewer, upstream)


def list_beside(
    request: ReviewerRequest,
    filters: Filters,
    *,
    current: str,
    shown: Sequence[int] = (),
    moved_on: bool = False,
    answered_here: Collection[str] = (),
) -> InboxList:
    """``inbox_list`` as a page shows it, with what the viewer's held answers and batches add."""
    batches = shown_batches(request.viewer, request.upstream)
    return inbox_list(
        request.viewer,
        request.upstream,
        filters,
        timezone.now(),
        current=current,
        shown=shown,
        moved_on=moved_on,
        answered_here=answered_here,
        held=own_held(request, batches),
        batches=batches,
    )


def _sections(
    filters: Filters,
    shown: list[Row],
    page: Page[Recipient],
    counts: Sample,
    *,
    order: Order,
    now: datetime,
) -> tuple[Section, ...]:
    headings: dict[str, Band] = {}
    rows: dict[str, list[Row]] = {}
    tomorrow = next_midnight(now)
    for recipient, line in zip(page.rows, shown, strict=True):
        heading = order.heading(recipient, now, tomorrow)
        headings.setdefault(heading.key, heading)
        rows.setdefault(heading.key, []).append(line)
    last = next(reversed(rows), "")
    words: dict[str, str] = {}
    for key, lines in rows.items():
        # Those that have closed meanwhile are not counted.
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
    """Whether the bands may have rows on other pages, and the counts know how many."""
    return filters.exact and bool(filters.cleaned_data["cursor"] or page.cursor)
