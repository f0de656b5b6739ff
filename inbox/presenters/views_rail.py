"""The saved views in the rail."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from inbox.access import Viewer
from inbox.models import SavedView
from inbox.presenters.run_query import RunQuery


@dataclass(frozen=True)
class RailView:
    """One of them; ``pk`` tells the page which one is open."""

    pk: int
    name: str
    href: str
    on: bool


def href_of(view: SavedView) -> str:
    """Its page. The link holds the filters, so it works for every lead, and when it is deleted."""
    return replace(RunQuery.read(dict(parse_qsl(view.query))), view=str(view.pk)).href()


def rail_views(views: Iterable[SavedView], here: str = "") -> tuple[RailView, ...]:
    """As the rail shows them. ``here`` is the number of the one that is open."""
    return tuple(
        RailView(view.pk, view.name, href_of(view), str(view.pk) == here) for view in views
    )


def own_views(viewer: Viewer) -> tuple[SavedView, ...]:
    """A lead's views by name; one query, none for others."""
    if not viewer.lead:
        return ()
    found = SavedView.objects.filter(owner_id=viewer.user_id)
    return tuple(sorted(found, key=lambda view: (view.name.casefold(), view.pk)))
