"""An item's place in its list: the item before, the item after, and what opens next."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from inbox.access import Viewer
from inbox.models import Interaction, Recipient, Upstream
from inbox.web.inbox.queries import COUNTED, SOONEST_DUE, narrowed
from inbox.web.ui.scopes import CLAIMED, OPEN, Filters, item_href, rows_of


@dataclass(frozen=True)
class Place:
    """``words`` is ``3 of 7``, empty for an item that is not in the list.

    ``open_href`` is the next item that nobody else has claimed; after the last, the first.
    """

    words: str = ""
    previous_href: str = ""
    next_href: str = ""
    open_href: str = ""


def place_of(viewer: Viewer, upstream: Upstream, filters: Filters, id_: str) -> Place:
    """The neighbours of an item among the first 200 of its list. One query.

    In *Done* there is no next item: the neighbours are those of the open list.
    """
    scope = OPEN if filters.done else filters.shown.key
    filters = filters.replace(scope=scope)
    rows = SOONEST_DUE.sorted(narrowed(rows_of(scope, viewer, upstream), filters))
    held = rows.values_list("interaction__mobius_id", "interaction__claimed_by")
    holders = dict(held[: COUNTED + 1])
    return place_among(holders, viewer, filters, id_)


def place_among(
    holders: Mapping[str, str | None], viewer: Viewer, filters: Filters, id_: str
) -> Place:
    """``place_of`` for a list that has been read: who has claimed each of its items, in order."""
    ids = list(holders)
    shown = ids[:COUNTED]
    at = shown.index(id_) if id_ in shown else -1
    following = shown[at + 1 :] + shown[: max(at, 0)]
    free_or_own = (None, "", viewer.mobius_id)
    free = next((next_id for next_id in following if holders[next_id] in free_or_own), None)
    open_href = item_href(free, filters) if free is not None else ""
    if at < 0:
        return Place(next_href=item_href(shown[0], filters) if shown else "", open_href=open_href)
    total = f"{len(shown)}+" if len(ids) > COUNTED else str(len(shown))
    return Place(
        _("%(number)d of %(total)s") % {"number": at + 1, "total": total},
        item_href(ids[at - 1], filters) if at else "",
        item_href(ids[at + 1], filters) if at + 1 < len(ids) else "",
        open_href,
    )


def after_answer(filters: Filters) -> Filters:
    """The list to continue with after an answer: from its start, and never *Done*."""
    return filters.replace(scope=CLAIMED if filters.shown.key == CLAIMED else OPEN)


def next_item(
    viewer: Viewer, upstream: Upstream, item: Interaction, filters: Filters
) -> Interaction | None:
    """The question after an answered one: the next in the list, else the first, else None.

    Questions that someone else has claimed are left out.
    """
    waiting = narrowed(rows_of(filters.shown.key, viewer, upstream), filters)
    unclaimed = Q(interaction__claimed_by=None) | Q(interaction__claimed_by="")
    own = Q(interaction__claimed_by=viewer.mobius_id)
    waiting = waiting.exclude(interaction=item).filter(unclaimed | own)
    row = Recipient.objects.filter(interaction=item, user_id=viewer.mobius_id or "").first()
    for cursor in (SOONEST_DUE.cursor(row) if row is not None else "", ""):
        found = SOONEST_DUE.after(waiting, cursor).select_related("interaction").first()
        if found is not None:
            return found.interaction
    return None
