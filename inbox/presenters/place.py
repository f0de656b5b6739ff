"""Where an item stands in its list: before it, after it, and what opens once it is answered."""

from dataclasses import dataclass

from inbox.access import Viewer
from inbox.models import Interaction, Recipient, Upstream
from inbox.presenters.asks import COUNTED, cursor_at, in_order, narrowed
from inbox.presenters.filters import Filters, inbox_href, item_href
from inbox.presenters.scopes import CLAIMED, OPEN, rows_of


@dataclass(frozen=True)
class Place:
    """``words`` is ``3 of 7``, empty for an item that the list does not hold."""

    words: str = ""
    previous_href: str = ""
    next_href: str = ""


def place_of(viewer: Viewer, upstream: Upstream, filters: Filters, id_: str) -> Place:
    """The neighbours of an item among the first 200 of its list. One query.

    Of what is done there is no next: there it is what waits that one goes on with.
    """
    filters = filters.but(scope=OPEN) if filters.done else filters.but()
    rows = in_order(narrowed(rows_of(filters.scope, viewer, upstream), filters), COUNTED + 1)
    ids = list(rows.values_list("interaction__mobius_id", flat=True))
    shown = ids[:COUNTED]
    if id_ not in shown:
        return Place(next_href=item_href(shown[0], filters) if shown else "")
    at = shown.index(id_)
    total = f"{len(shown)}+" if len(ids) > COUNTED else str(len(shown))
    return Place(
        f"{at + 1} of {total}",
        item_href(ids[at - 1], filters) if at else "",
        item_href(ids[at + 1], filters) if at + 1 < len(ids) else "",
    )


def next_href(viewer: Viewer, upstream: Upstream, item: Interaction, filters: Filters) -> str:
    """The page after an answer: the next item of the list, else its first, else the list."""
    filters = filters.but(scope=CLAIMED if filters.scope == CLAIMED else OPEN)
    waiting = narrowed(rows_of(filters.scope, viewer, upstream), filters)
    waiting = waiting.exclude(interaction=item)
    row = Recipient.objects.filter(interaction=item, user_id=viewer.mobius_id or "").first()
    after = cursor_at(item.due_at, row.pk) if row is not None else ""
    for cursor in (after, ""):
        found = in_order(waiting, 1, cursor).values_list("interaction__mobius_id", flat=True)
        for id_ in found:
            return item_href(id_, filters)
    return inbox_href(filters)
