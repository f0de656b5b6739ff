from dataclasses import dataclass

from django.db.models import Case, Value, When
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import access
from inbox.access import Viewer
from inbox.models import SavedView, Upstream
from inbox.people.saved_views import MAX_VIEWS
from inbox.web.ui.lists import ListForm, querystring

SHOWN = 2 * MAX_VIEWS
"""How many views the rail has: one's own, then those of others."""


def shown_views(viewer: Viewer, upstream: Upstream) -> tuple[SavedView, ...]:
    own_first = Case(When(owner_id=viewer.user_id, then=Value(0)), default=Value(1))
    rows = access.saved_views(viewer, upstream).select_related("group")
    found = rows.order_by(own_first, "name", "id")[:SHOWN]
    return tuple(sorted(found, key=lambda view: (view.name.casefold(), view.pk)))


def open_view(viewer: Viewer, upstream: Upstream, page: str, number: str) -> SavedView | None:
    """None for another page's, or one that the viewer may not open."""
    if not number:
        return None
    rows = access.saved_views(viewer, upstream).filter(page=page, pk=number)
    return rows.select_related("group").first()


@dataclass(frozen=True)
class ChangedView:
    """``update_href`` is empty if the view is someone else's."""

    update_href: str
    new_href: str


def changed_view(viewer: Viewer, view: SavedView | None, filters: ListForm) -> ChangedView | None:
    if view is None:
        return None
    values = filters.values(view="", cursor="")
    if type(filters).read(QueryDict(view.query)).values(view="", cursor="") == values:
        return None
    own = view.owner_id == viewer.user_id
    update_href = reverse("view-update", args=[view.pk]) + querystring(values) if own else ""
    return ChangedView(update_href, _new_href(filters))


def form_title(view: SavedView | None) -> str:
    return _("Edit view") if view else _("Save view")


@dataclass(frozen=True)
class FormLink:
    title: str
    href: str


def form_link(viewer: Viewer, view: SavedView | None, filters: ListForm) -> FormLink:
    """To edit the viewer's own open view, or else to save a new one."""
    if view is not None and view.owner_id == viewer.user_id:
        return FormLink(form_title(view), reverse("view-edit", args=[view.pk]))
    return FormLink(form_title(None), _new_href(filters))


def _new_href(filters: ListForm) -> str:
    values = {"page": filters.url_name, **filters.values(cursor="")}
    return reverse("view-new") + querystring(values)
