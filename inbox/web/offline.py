"""The web app manifest, and the service worker with its page for when the server is away."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

SURFACE = "#ffffff"
"""``--surface`` of tokens.css in daylight: the splash screen, which has one theme."""
ICONS = (
    ("icons/icon-192.png", "192x192", "any"),
    ("icons/icon-512.png", "512x512", "any"),
    ("icons/maskable-512.png", "512x512", "maskable"),
)


@login_not_required
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Has nothing that is anyone's."""
    page = render_to_string("offline/offline.html", {"request": request})
    response = render(
        request, "offline/service_worker.js", {"page": page}, content_type="text/javascript"
    )
    response["Cache-Control"] = "no-cache"
    return response


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    described = {
        "name": _("Reviewer inbox"),
        "short_name": _("Inbox"),
        "description": _("Questions from your workflows, in one inbox."),
        "lang": get_language(),
        "id": "/",
        "scope": "/",
        "start_url": reverse("inbox"),
        "display": "standalone",
        "theme_color": SURFACE,
        "background_color": SURFACE,
        "icons": [
            {"src": static(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
    }
    return JsonResponse(described, content_type="application/manifest+json")
