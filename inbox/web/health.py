"""Liveness, readiness and metrics."""

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

from inbox.metrics import exposition
from inbox.mirror import capabilities, database, freshness
from inbox.mirror.freshness import Reason
from inbox.people import sessions
from inbox.services import installation
from inbox.web.ui.freshness import explained, freshness_text, trouble_text
from inbox.web.ui.messages import sentences

_UNREACHABLE = (Reason.DATABASE_UNREACHABLE, Reason.DATABASE_SILENT)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Liveness: the process responds."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """``ready``, ``degraded`` (200) or ``unavailable`` (503); administrators also get the reasons.

    Unavailable: a request cannot be served. Degraded: pages open, but are not kept up to date.
    """
    reachable, problem = _database()
    if problem:
        status, reasons = "unavailable", [problem]
    else:
        reasons = _sync_problems()
        status = "degraded" if reasons else "ready"
    state: dict[str, Any] = {"status": status}
    if reachable and _is_administrator(request):
        state |= {"reasons": reasons, **_upstream()}
    return JsonResponse(state, status=503 if problem else 200)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, for those who have the token; 404 for anyone else."""
    token = settings.METRICS_TOKEN
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if not token or scheme != "Bearer" or not constant_time_compare(sent, token):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _database() -> tuple[bool, str]:
    """Whether the database can be read, and why no request can be served; empty if one can."""
    if freshness.sync_status.facts.database_problem in _UNREACHABLE:
        # A probe would wait for it too.
        return False, _("The database can't be reached.")
    try:
        if not installation.is_migrated():
            return True, _("Some migrations haven't been applied.")
    except (DatabaseError, InterfaceError):
        return False, _("The database can't be reached.")
    return True, _("The last write to the database failed.") if database.watch.failed else ""


def _sync_problems() -> list[str]:
    """Problems with the sync, for administrators; empty if there are none."""
    fresh, now = freshness.current(), timezone.now()
    found = []
    if fresh.key_refused:
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
        "too_large_to_read": list(fresh.skipped),
        "list_pages_repeat": fresh.repeats,
        "capabilities": capabilities.facts(),
    }
