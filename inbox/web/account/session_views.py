"""Where the viewer is signed in, and signing out everywhere."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from inbox.people.sessions import open_sessions, sign_out_everywhere
from inbox.web.ui.devices import browser_and_system, device_name
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest


@dataclass(frozen=True)
class SessionRow:
    """``mine``: the request's own session."""

    device: str
    mine: bool
    signed_in_at: datetime | None
    seen_at: datetime | None


@require_safe
def sessions(request: ReviewerRequest) -> HttpResponse:
    """The viewer's sessions: this one first, then the most recently seen."""
    found = open_sessions(request.user)
    found.sort(key=lambda session: session.seen_at or session.signed_in_at or 0, reverse=True)
    rows = [
        SessionRow(
            device=device_name(*browser_and_system(session.user_agent)),
            mine=session.key == request.session.session_key,
            signed_in_at=_time(session.signed_in_at),
            seen_at=_time(session.seen_at),
        )
        for session in found
    ]
    rows.sort(key=lambda row: not row.mine)
    return render_page(request, "account/sessions.html", {"rows": rows}, section="account")


@require_POST
def end_sessions(request: ReviewerRequest) -> HttpResponse:
    """Sign the viewer out everywhere, here too. Their streams end within seconds."""
    sign_out_everywhere(request.user)
    logout(request)
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL, status=303)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds).astimezone()
