from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.models import Recipient, Upstream
from inbox.web.questions.filters import counted_choices, found_words
from inbox.web.questions.order import order_of
from inbox.web.questions.place import place_in, place_of
from inbox.web.questions.queries import closed_meanwhile, list_rows, narrowed, sample, with_columns
from inbox.web.questions.rows import groups_in, inbox_rows
from inbox.web.ui.groups import group_names
from inbox.web.ui.lists import PAGE
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import OPEN, SNOOZED, Filters, by_snooze, rows_of, shows


@dataclass(frozen=True)
class Arrivals:
    """IDs of new questions that wait until the viewer asks for them."""

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
        """``Show 1 new question``, for screen readers."""
        count = len(self.ids)
        if count >= PAGE:
            return _("Show %(count)d or more new questions") % {"count": PAGE}
        words = ngettext("Show %(count)d new question", "Show %(count)d new questions", count)
        return words % {"count": count}


@dataclass(frozen=True)
class ChangedRows:
    """New, kept and removed rows. ``bands`` are of the new ones."""

    new: tuple[str, ...]
    kept: list[Recipient] = field(default_factory=list)
    left: frozenset[str] = frozenset()
    bands: tuple[str, ...] = ()


def inbox_changes(
    own: OwnData,
    filters: Filters,
    now: datetime,
    *,
    changed: Collection[str],
    shown: Collection[str],
    until: str = "",
    current: str = "",
    answered_here: Collection[str] = (),
    rows_only: bool = False,
) -> dict[str, Any]:
    """``shown`` are the rows on the page, ``until`` is the cursor of its next page. ``rows_only``:
    count nothing, unless the list is narrowed, since a filter can depend on any change.
    """
    viewer, upstream = own.viewer, own.upstream
    counts = None
    if filters.narrowed or not rows_only:
        counts = sample(own, now, notices=False)
    one_page = not filters.cleaned_data["cursor"] and not until
    if counts is not None and not shown and one_page and filters.exact and counts.whole:
        # The counts have read all questions of this page.
        found = ChangedRows(tuple(id_ for id_ in counts.claimed_by if id_ in changed))
    else:
        found = _find(
            own,
            filters,
            now,
            changed=changed,
            shown=shown,
            until=until,
            answered_here=answered_here,
        )
    groups = group_names(upstream, groups_in(found.kept))
    numbers = None
    if counts is not None:
        count = 0 if one_page else PAGE + 1
        if filters.narrowed and not count:
            count = list_rows(own, filters)[: PAGE + 1].count()
        numbers = {
            "open": counts.words(counts.total),
            "found": found_words(filters, count),
            "counts": counts.rail,
            "bands": counts.band_counts(found.bands) if filters.exact and not one_page else {},
            "choices": counted_choices(
                filters,
                counts,
                groups,
                has_groups=upstream.has_groups,
                has_reviews=upstream.adapter.has_reviews,
                changed_groups=_groups_of(viewer, upstream, changed) if filters.counted else (),
            ),
            "place": place_in(viewer, counts, filters, current) or place_of(own, filters, current),
        }
    return {
        "filters": filters,
        "rows": inbox_rows(own, found.kept, filters, now, groups=groups, current=current),
        "left": [id_ for id_ in shown if id_ in found.left],
        "arrivals": Arrivals(found.new),
        "numbers": numbers,
    }


def _find(
    own: OwnData,
    filters: Filters,
    now: datetime,
    *,
    changed: Collection[str],
    shown: Collection[str],
    until: str,
    answered_here: Collection[str],
) -> ChangedRows:
    viewer, upstream = own.viewer, own.upstream
    recipients = _recipients(viewer, upstream, changed)
    if filters.everyone:
        everyone = rows_of(filters.rows, viewer, upstream)
        recipients = everyone.filter(interaction__mobius_id__in=changed)
    order, cursor = order_of(filters, own.returns), filters.cleaned_data["cursor"]
    found = order.annotated(narrowed(recipients, own, filters, even_seen=True))
    if filters.rows in (OPEN, SNOOZED):
        found = by_snooze(filters.rows, found, viewer, snoozed=own.snoozed)
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
    return ChangedRows(new, kept, frozenset(left), bands)


def _groups_of(viewer: Viewer, upstream: Upstream, changed: Collection[str]) -> set[str]:
    rows = _recipients(viewer, upstream, changed).filter(via_group=True)
    return {id_ for id_ in rows.values_list("interaction__group_id", flat=True) if id_}


def _recipients(viewer: Viewer, upstream: Upstream, ids: Collection[str]) -> QuerySet[Recipient]:
    """Not by the recipient's own upstream: SQLite would walk all of the viewer's rows then."""
    return Recipient.objects.filter(
        user_id=viewer.mobius_id or "",
        interaction__upstream=upstream,
        interaction__mobius_id__in=ids,
    )
