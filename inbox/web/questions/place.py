from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Case, When
from django.utils.translation import gettext as _

from inbox.access import Viewer
from inbox.models import Interaction, Recipient
from inbox.web.questions.order import order_of
from inbox.web.questions.queries import Sample, available, narrowed
from inbox.web.ui.held import on_their_way
from inbox.web.ui.lists import PAGE
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import CLAIMED, COUNTED, OPEN, Filters, item_href, rows_of


@dataclass(frozen=True)
class Place:
    """``words`` is ``3 of 7``, empty for a question outside the list. ``open_href`` is the next
    question that the viewer can answer; after the last, the first.
    """

    id: str = ""
    words: str = ""
    previous_href: str = ""
    next_href: str = ""
    open_href: str = ""


def place_of(own: OwnData, filters: Filters, id_: str) -> Place:
    """*Done* has no next question: the neighbours are in the open list."""
    if filters.done:
        filters = filters.replace(scope=OPEN)
    viewer, upstream = own.viewer, own.upstream
    rows = rows_of(filters.rows, viewer, upstream, snoozed=own.snoozed)
    order, rows = order_of(filters, own.returns), narrowed(rows, own, filters)
    answered = When(on_their_way(viewer.user_id, upstream), then=True)
    shown = order.first(rows, "", COUNTED + 1).annotate(answered=Case(answered, default=False))
    columns = ("interaction__mobius_id", "interaction__claimed_by", "answered")
    listed = list(shown.values_list(*columns))
    claims = {row_id: claimed_by for row_id, claimed_by, _answered in listed}
    answered_ids = {row_id for row_id, _claimed_by, answered in listed if answered}
    return place_among(claims, viewer, filters, id_, answered=answered_ids)


def place_among(
    claimed_by: Mapping[str, str | None],
    viewer: Viewer,
    filters: Filters,
    id_: str,
    *,
    answered: Collection[str] = (),
) -> Place:
    """``claimed_by`` is in the order of the list. ``answered`` questions are still to be sent."""
    ids = list(claimed_by)
    shown = ids[:COUNTED]
    at = shown.index(id_) if id_ in shown else -1
    following = shown[at + 1 :] + shown[: max(at, 0)]
    free_or_own = (None, "", viewer.mobius_id)
    waiting = (next_id for next_id in following if next_id not in answered)
    free = next((next_id for next_id in waiting if claimed_by[next_id] in free_or_own), None)
    open_href = item_href(free, filters) if free is not None else ""
    if at < 0:
        return Place(next_href=item_href(shown[0], filters) if shown else "", open_href=open_href)
    total = f"{len(shown)}+" if len(ids) > COUNTED else str(len(shown))
    return Place(
        id_,
        _("%(number)d of %(total)s") % {"number": at + 1, "total": total},
        item_href(ids[at - 1], filters) if at else "",
        item_href(ids[at + 1], filters) if at + 1 < len(ids) else "",
        open_href,
    )


def place_in(
    viewer: Viewer,
    counts: Sample,
    filters: Filters,
    current: str,
    *,
    answered: Collection[str] = (),
) -> Place | None:
    if not current:
        return Place()
    if not filters.exact:
        return None
    return place_among(counts.claimed_by, viewer, filters, current, answered=answered)


def after_answer(filters: Filters) -> Filters:
    """Its first page, and never *Done*."""
    return filters.replace(scope=CLAIMED if filters.shown.key == CLAIMED else OPEN)


def next_item(
    own: OwnData, item: Interaction, filters: Filters, shown: Collection[int] = ()
) -> Interaction | None:
    """``shown`` rows come before rows that are still behind the bar. Skips questions that others
    have claimed, or the viewer has snoozed or answered.
    """
    waiting = available(own, filters).exclude(interaction=item)
    order = order_of(filters, own.returns)
    own_row = Recipient.objects.filter(interaction=item, user_id=own.viewer.mobius_id or "")
    row = order.annotated(own_row).only(order.keyset.time).first()
    here = order.keyset.cursor(row) if row is not None else ""
    on_page = waiting.filter(pk__in=shown)
    tries = [(waiting, here), (waiting, "")]
    if len(shown) >= PAGE:  # the next page of the list comes before the top of this one
        tries = [(on_page, here), (waiting, here), (on_page, ""), (waiting, "")]
    elif shown:
        tries = [(on_page, here), (on_page, ""), *tries]
    for rows, cursor in tries:
        first = order.first(rows, cursor, 1).select_related("interaction")
        for found in first.only("interaction"):
            return found.interaction
    return None
