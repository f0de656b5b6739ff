"""Who may come in, said above the view."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect

from inbox.access import Viewer, viewer_of
from inbox.live.watching import watching
from inbox.models import Upstream
from inbox.views.signed_out import kept_text

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class ReviewerRequest(HttpRequest):
    """A request behind ``reviewer_required``: who asks, and the Mobius project of the pages."""

    viewer: Viewer
    upstream: Upstream


def reviewer_required(view: View) -> View:
    """Let in who is signed in, with ``request.viewer`` and ``request.upstream`` set; ask all others
    to sign in.

    A page that was asked for is come back to. A form that was sent keeps its text: see
    ``inbox.views.signed_out``. A fragment is answered with 401 and changes nothing, for htmx would
    put a sign-in page into the hole of the fragment; a link that a person follows leads there.
    """

    @wraps(view)
    async def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not await sync_to_async(_identify)(request):
            return _turned_away(request)
        watching.page_asked_for()
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


def administrator_required(view: View) -> View:
    """Below ``reviewer_required``: for everybody but an administrator the page is not there."""

    @wraps(view)
    async def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.viewer.administrator:
            raise Http404("No such page.")
        return await view(request, *args, **kwargs)

    return guarded


def _identify(request: Any) -> bool:
    """Set what views read of the request: once here, so that no view reads it again."""
    if not request.user.is_authenticated:
        return False
    request.viewer = viewer_of(request.user)
    request.upstream = Upstream.present()
    return True


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
