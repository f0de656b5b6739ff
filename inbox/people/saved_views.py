"""Saved views: the person's own, and those shared with one of their groups."""

from enum import StrEnum

from django.db import IntegrityError, transaction

from inbox.access import NotTheirs, Viewer
from inbox.models import Group, SavedView

MAX_VIEWS = 50
"""The most views of one person: the rail has no room for more."""


class NoSuchView(NotTheirs):
    pass


class Reason(StrEnum):
    TOO_MANY = "too_many"
    NAME_TAKEN = "name_taken"


class NotSaved(ValueError):
    def __init__(self, reason: Reason, name: str) -> None:
        super().__init__(reason, name)
        self.reason, self.name = reason, name


def get_own(viewer: Viewer, number: int) -> SavedView:
    """Raises ``NoSuchView``."""
    own = SavedView.objects.filter(owner_id=viewer.user_id, pk=number)
    view = own.select_related("group").first()
    if view is None or (view.page == SavedView.Page.RUNS and not viewer.lead):
        raise NoSuchView(number)
    return view


def save(viewer: Viewer, *, page: str, name: str, query: str, group: Group | None) -> SavedView:
    """Raises ``NotSaved``."""
    if SavedView.objects.filter(owner_id=viewer.user_id).count() >= MAX_VIEWS:
        raise NotSaved(Reason.TOO_MANY, name)
    view = SavedView(owner_id=viewer.user_id, page=page, name=name, query=query, group=group)
    return _write(view)


def change(viewer: Viewer, number: int, *, name: str, group: Group | None) -> SavedView:
    """Raises ``NoSuchView``, ``NotSaved``."""
    view = get_own(viewer, number)
    view.name, view.group = name, group
    return _write(view)


def update(viewer: Viewer, number: int, *, query: str) -> SavedView:
    """Raises ``NoSuchView``."""
    view = get_own(viewer, number)
    view.query = query
    view.save(update_fields=["query"])
    return view


def delete(viewer: Viewer, number: int) -> SavedView:
    """Raises ``NoSuchView``."""
    view = get_own(viewer, number)
    SavedView.objects.filter(pk=view.pk).delete()
    return view


def _write(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise NotSaved(Reason.NAME_TAKEN, view.name) from None
    return view
