"""What the frame around every page shows: who is signed in, how fresh it is, what waits."""

from collections.abc import Iterable, Mapping
from typing import Any

from inbox.mirror import freshness
from inbox.models import SavedView, Upstream
from inbox.presenters.rail import rail_counts
from inbox.presenters.views_rail import own_views
from inbox.services.connection import connection
from inbox.views.request import ReviewerRequest


def frame(
    request: ReviewerRequest,
    upstream: Upstream,
    *,
    section: str,
    counts: Mapping[str, str] | None = None,
    views: Iterable[SavedView] | None = None,
) -> dict[str, Any]:
    """The context of ``base.html``.

    ``counts`` are the numbers in the rail, where the view knows them; else one query finds them.
    ``views`` are a lead's saved views, where the view knows them; else one query of a lead's.
    """
    if views is None:
        views = own_views(request.viewer)
    if counts is None:
        counts = rail_counts(request.viewer, upstream, own=True)
    return {
        "viewer": request.viewer,
        "section": section,
        "counts": counts,
        "views": views,
        "open_view": request.GET.get("view", ""),
        "freshness": freshness.present(),
        "connection_problem": connection.shown() if request.viewer.administrator else "",
    }
