"""What the form of a saved view says."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.services.saved_views import MAX_VIEWS, NotSaved, Reason


def not_saved(refused: NotSaved) -> str:
    """Why a view can't have its name or can't be saved."""
    if refused.reason is Reason.NAME_TAKEN:
        return _("You already have a view called %(name)s.") % {"name": refused.name}
    many = ngettext(
        "You already have %(count)d view. Delete one first.",
        "You already have %(count)d views. Delete one first.",
        MAX_VIEWS,
    )
    return many % {"count": MAX_VIEWS}
