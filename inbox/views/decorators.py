"""Who may come in, said above the view."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect

from inbox.access import Viewer, viewer_of
from inbox.views.signed_out import kept_text

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class ReviewerRequest(HttpRequest):
    """A request behind ``reviewer_required``: ``viewer`` is who asks."""

    viewer: Viewer


def reviewer_required(view: View) -> View:
    """Let in who is signed in, with ``request.viewer`` set; ask all others to sign in.

    A page that was asked for is come back to. A form that was sent keeps its text: see
    ``inbox.views.signed_out``. A fragment is answered with 401 and changes nothing, for htmx would
    put a sign-in page into the hole of the fragment; a link that a person follows leads there.
    """

    @wraps(view)
    async def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.viewer = await sync_to_async(_who)(request)
        if request.viewer is None:
            return _turned_away(request)
        return await view(request, *args, **kwargs)

    return guarded


def lead_required(view: View) -> View:
    """Below ``reviewer_required``: for everybody but a team lead the page is not there."""

    @wraps(view)
    async def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.viewer.lead:
            raise Http404("No such page.")
        return await view(request, *args, **kwargs)

    return guarded


def _who(request: Any) -> Viewer | None:
    """Who is signed in. ``request.user`` is loaded from here on, with its reviewer."""
    return viewer_of(request.user) if request.user.is_authenticated else None


def _turned_away(request: Any) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        return kept_text(request)
    if request.headers.get("HX-Request"):
        if request.headers.get("HX-Source", "").startswith("a#"):
            # A person followed a link; anything else is the page reading itself again.
            return HttpResponseClientRedirect(redirect_to_login(request.get_full_path()).url)
        turned_away = HttpResponse("Signed out.", status=401, content_type="text/plain")
        turned_away["HX-Reswap"] = "none"
        return turned_away
    return redirect_to_login(request.get_full_path())
