"""The changes of questions on a page of the list, and new questions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.people.names import names_of
from inbox.services import snooze
from inbox.web.inbox.filters import counted_choices, found_words
from inbox.web.inbox.order import order_of
from inbox.web.inbox.place import Place, place_in, place_of
from inbox.web.inbox.queries import closed_meanwhile, list_rows, narrowed, sample, with_columns
from inbox.web.inbox.rows import Row, groups_in, inbox_rows, people_in
from inbox.web.ui.batches import failed_items, shown_batches
from inbox.web.ui.groups import group_names
from inbox.web.ui.held import answers_in_batches, held_answers
from inbox.web.ui.lists import PAGE, Choice
from inbox.web.ui.people import People
from inbox.web.ui.scopes import OPEN, SNOOZED, Filters, by_snooze, shows


@dataclass(frozen=True)
class Arrivals:
    """The IDs of new questions that a page does not show until the viewer asks for them."""

    ids: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """``1 new``, ``50 or more new``."""
        count = len(self.ids)
        if count >= PAGE:
            return _("%(count)d or more new") % {"count": PAGE}
        return ngettext("%(count)d new", "%(count)d new", count) % {"count": count}

    @property
    def action(self) -> str:
        """The bar's label for screen readers: ``Show 1 new question``."""
        count = len(self.ids)
        if count >= PAGE:
            return _("Show %(count)d or more new questions") % {"count": PAGE}
        words = ngettext("Show %(count)d new question", "Show %(count)d new questions", count)
        return words % {"count": count}


@dataclass(frozen=True)
class Numbers:
    """What is counted on a page of the list, and in the frame around it.

    ``open`` is the number of open questions, ``found`` that of a narrowed list, ``counts`` those in
    the rail. ``bands`` are the counts by band, empty if the page counts its rows itself.
    ``choices`` are the filters that have a count. ``place`` is that of the open question.
    """

    open: str
    found: str
    counts: Mapping[str, str]
    bands: Mapping[str, str]
    choices: tuple[Choice, ...]
    place: Place


@dataclass(frozen=True)
class InboxChanges:
    """Changed questions of a page, for ``inbox/_changes.html``.

    ``rows`` are those that stay on the page, even if they have closed since, ``left`` the IDs
    of those that leave it. ``numbers`` is None if they were not asked for.
    """

    filters: Filters
    rows: tuple[Row, ...]
    left: tuple[str, ...]
    arrivals: Arrivals
    numbers: Numbers | None

    @property
    def here(self) -> str:
        """The page of the list."""
        return self.filters.href()


@dataclass(frozen=True)
class Found:
    """What became of changed questions: the IDs of ``new`` ones, the rows of those that stay on the
    page, and the IDs of those that leave it. ``bands`` are those of the new ones.
    """

    new: tuple[str, ...]
    kept: list[Recipient] = field(default_factory=list)
    left: frozenset[str] = frozenset()
    bands: tuple[str, ...] = ()


def inbox_changes(
    viewer: Viewer,
    upstream: Upstream,
    filters: Filters,
    now: datetime,
    *,
    changed: Collection[str],
    shown: Collection[str],
    until: str = "",
    current: str = "",
    answered_here: Collection[str] = (),
    rows_only: bool = False,
) -> InboxChanges:
    """Read the questions ``changed``, of which a page shows those in ``shown``. ``until`` is that
    of the page, ``answered_here`` as in ``closed_meanwhile``. With ``rows_only`` nothing is
    counted, unless the list is narrowed: a filter can depend on what changes no other number.

    The number of queries is fixed, however long the list is: new questions are only counted. A
    narrowed list is counted by one more query.
    """
    returns = snooze.returns_of(viewer)
    counts = None
    if filters.narrowed or not rows_only:
        counts = sample(viewer, upstream, now, returns=returns, notices=False)
    one_page = not filters.cleaned_data["cursor"] and not until
    if counts is not None and not shown and one_page and filters.exact and counts.whole:
        # The counts have read all questions of this page.
        found = Found(tuple(id_ for id_ in counts.claimed_by if id_ in changed))
    else:
        found = _find(
            viewer,
            upstream,
            filters,
            now,
            changed=changed,
            shown=shown,
            until=until,
            answered_here=answered_here,
            returns=returns,
        )
    groups = group_names(upstream, groups_in(found.kept))
    numbers = None
    if counts is not None:
        count = 0 if one_page else PAGE + 1
        if filters.narrowed and not count:
            count = list_rows(viewer, upstream, filters)[: PAGE + 1].count()
        numbers = Numbers(
            open=counts.words(counts.total),
            found=found_words(filters, count),
            counts=counts.rail,
            bands=counts.band_counts(found.bands) if filters.exact and not one_page else {},
            choices=counted_choices(
                filters,
                counts,
                groups,
                changed_groups=_groups_of(viewer, upstream, changed) if filters.counted else (),
            ),
            place=place_in(viewer, counts, filters, current)
            or place_of(viewer, upstream, filters, current),
        )
    return InboxChanges(
        filters=filters,
        rows=tuple(
            _rows(
                viewer,
                upstream,
                filters,
                now,
                found.kept,
                current=current,
                groups=groups,
                returns=returns,
            )
        ),
        left=tuple(id_ for id_ in shown if id_ in found.left),
        arrivals=Arrivals(found.new),
        numbers=numbers,
    )


def _rows(
    viewer: Viewer,
    upstream: Upstream,
    filters: Filters,
    now: datetime,
    kept: Sequence[Recipient],
    *,
    current: str,
    groups: Mapping[str, str],
    returns: Mapping[int, datetime],
) -> list[Row]:
    """The rows of the questions that stay on the page."""
    if not kept:
        return []
    batches = shown_batches(viewer, upstream)
    held = held_answers(viewer, upstream, now, batches)
    return inbox_rows(
        kept,
        viewer=viewer,
        upstream=upstream,
        people=People(names_of(people_in(kept, filters)), viewer.mobius_id),
        groups=groups,
        filters=filters,
        now=now,
        current=current,
        held=(*held, *answers_in_batches(viewer, upstream, now, batches)),
        returns=returns,
        failed=failed_items(batches),
    )


def _find(
    viewer: Viewer,
    upstream: Upstream,
    filters: Filters,
    now: datetime,
    *,
    changed: Collection[str],
    shown: Collection[str],
    until: str,
    answered_here: Collection[str],
    returns: Mapping[int, datetime],
) -> Found:
    """Read the rows of the changed questions. Two queries at most, and one more for a search."""
    recipients = _recipients(viewer, upstream, changed)
    order, cursor = order_of(filters, returns), filters.cleaned_data["cursor"]
    found = order.annotated(narrowed(recipients, viewer, upstream, filters, even_seen=True))
    if filters.rows in (OPEN, SNOOZED):
        snoozed = snooze.not_back(returns, now)
        found = by_snooze(filters.rows, found, viewer, snoozed=snoozed)
    one_page = not cursor and not until
    if not one_page:
        found = found.annotate(on_page=order.keyset.between(cursor, until))
    rows = {
        row.interaction.mobius_id: row
        for row in with_columns(found, filters)
        if shows(filters.shown.key, row)
    }
    here = {id_ for id_, row in rows.items() if getattr(row, "on_page", one_page)}
    seen = {id_ for id_, row in rows.items() if filters.cleaned_data["unread"] and not row.unread}
    new = tuple(id_ for id_ in rows if id_ in here - seen and id_ not in shown)
    kept = [row for id_, row in rows.items() if id_ in shown]
    left = {id_ for id_ in shown if id_ not in rows}
    if left:
        no_longer_listed = recipients.filter(interaction__mobius_id__in=left)
        closed = closed_meanwhile(viewer, filters, no_longer_listed, answered_here)
        kept += with_columns(closed, filters)
        left -= {row.interaction.mobius_id for row in kept}
    bands = tuple(order.heading(rows[id_], now).key for id_ in new)
    return Found(new, kept, frozenset(left), bands)


def _groups_of(viewer: Viewer, upstream: Upstream, changed: Collection[str]) -> set[str]:
    """The IDs of the groups that asked the viewer these questions, whatever became of them."""
    rows = _recipients(viewer, upstream, changed).filter(via_group=True)
    return {id_ for id_ in rows.values_list("interaction__group_id", flat=True) if id_}


def _recipients(viewer: Viewer, upstream: Upstream, ids: Collection[str]) -> QuerySet[Recipient]:
    """The viewer's rows of these questions. Not found by the recipient's own upstream: SQLite would
    walk all of the viewer's rows then.
    """
    return Recipient.objects.filter(
        user_id=viewer.mobius_id or "",
        interaction__upstream=upstream,
        interaction__mobius_id__in=ids,
    )
