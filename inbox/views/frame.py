"""What the frame around every page shows: who is signed in, how fresh it is, what waits."""

from typing import Any

from django.utils import timezone

from inbox.mirror import freshness
from inbox.models import Upstream
from inbox.presenters.asks import sample


def frame(request: Any, upstream: Upstream, *, section: str, waiting: str = "") -> dict[str, Any]:
    """The context of ``base.html``.

    ``waiting`` is the count of the inbox where the view knows it; else one query finds it.
    """
    if not waiting:
        counts = sample(request.viewer, upstream, timezone.now())
        waiting = counts.words(counts.total)
    return {
        "viewer": request.viewer,
        "section": section,
        "counts": {"inbox": "" if waiting == "0" else waiting},
        "freshness": freshness.present(),
        "keys": request.user.reviewer.keys_enabled,
    }


def is_fragment(request: Any, target: str) -> bool:
    """A swap asks for the element ``target`` alone, not for a page."""
    headers = request.headers
    if headers.get("HX-Request") != "true" or headers.get("HX-History-Restore-Request") == "true":
        return False
    return str(headers.get("HX-Target", "")).rpartition("#")[2] == target
