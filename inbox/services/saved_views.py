"""A lead's saved views of the run monitor."""

from enum import StrEnum

from django.db import IntegrityError, transaction

from inbox.access import Viewer
from inbox.models import SavedView

MAX_VIEWS = 50
"""Views of one person: the rail has no room for more."""


class NoSuchView(LookupError):
    """The view does not exist, or is another person's."""


class Reason(StrEnum):
    """Why a view was not saved."""

    TOO_MANY = "too_many"
    NAME_TAKEN = "name_taken"


class NotSaved(ValueError):
    """Nothing was saved under ``name``."""

    def __init__(self, reason: Reason, name: str) -> None:
        super().__init__(reason, name)
        self.reason, self.name = reason, name


def get_own(viewer: Viewer, number: int) -> SavedView:
    """The viewer's own view. Raises ``NoSuchView``."""
    view = SavedView.objects.filter(owner_id=viewer.user_id, pk=number).first()
    if view is None:
        raise NoSuchView(number)
    return view


def save(viewer: Viewer, *, name: str, query: str) -> SavedView:
    """Save ``query`` under ``name``. Raises ``NotSaved``."""
    if SavedView.objects.filter(owner_id=viewer.user_id).count() >= MAX_VIEWS:
        raise NotSaved(Reason.TOO_MANY, name)
    return _write(SavedView(owner_id=viewer.user_id, name=name, query=query))


def rename(viewer: Viewer, number: int, *, name: str) -> SavedView:
    """Give a view another name. Raises ``NoSuchView``, ``NotSaved``."""
    view = get_own(viewer, number)
    view.name = name
    return _write(view)


def delete(viewer: Viewer, number: int) -> str:
    """Delete a view and return its name. Raises ``NoSuchView``."""
    view = get_own(viewer, number)
    view.delete()
    return view.name


def _write(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise NotSaved(Reason.NAME_TAKEN, view.name) from None
    return view
