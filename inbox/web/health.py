from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from inbox.lib.metrics import exposition
from inbox.mirror import capabilities, freshness
from inbox.models import Upstream
from inbox.people import sessions
from inbox.upstream.readiness import Obstacle, readiness
from inbox.web.ui.api import api_text
from inbox.web.ui.freshness import explained, freshness_text, trouble_text
from inbox.web.ui.messages import sentences


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """``unavailable`` (503): a request cannot be served. ``degraded`` (200): pages open, but are
    not kept up to date. Only administrators get the reasons.
    """
    obstacle = readiness.check()
    if obstacle:
        status, reasons = "unavailable", [_(obstacle)]
    else:
        reasons = _sync_problems()
        status = "degraded" if reasons else "ready"
    state: dict[str, Any] = {"status": status}
    if obstacle is not Obstacle.UNREACHABLE and _is_administrator(request):
        state |= {"reasons": reasons, **_upstream()}
    return JsonResponse(state, status=503 if obstacle else 200)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 without the token."""
    token = settings.METRICS_TOKEN
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if not token or scheme != "Bearer" or not constant_time_compare(sent, token):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _sync_problems() -> list[str]:
    fresh, now = freshness.current(), timezone.now()
    found = []
    if fresh.key_refused or fresh.other_api:
        found.append(trouble_text(fresh.trouble, now))
    if fresh.dead:
        text = freshness_text(fresh, now)
        found.append(sentences(_("Pages are out of date."), text))
    return found


def _is_administrator(request: HttpRequest) -> bool:
    try:
        return request.user.is_staff and not sessions.has_expired(request.session)
    except (DatabaseError, InterfaceError):
        # Without its tables, no one can be signed in.
        return False


def _upstream() -> dict[str, Any]:
    fresh = freshness.current()
    return {
        "upstream": fresh.state,
        "upstream_heard_at": None if fresh.since is None else fresh.since.isoformat(),
        "sync_lag_seconds": round(fresh.lag, 3),
        "sync": freshness_text(fresh, timezone.now()),
        "sync_explained": explained(fresh),
        "api": api_text(Upstream.current()),
        "too_large_to_read": list(fresh.skipped),
        "list_pages_repeat": fresh.repeats,
        "capabilities": capabilities.facts(),
    }
