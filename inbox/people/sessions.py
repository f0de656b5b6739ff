"""How long people stay signed in: ``SESSION_HOURS``, ``OIDC_SESSION_HOURS`` if an identity provider
has confirmed who they are, ``SESSION_IDLE_MINUTES`` of inactivity; and where they are signed in.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from inbox.models import PushBrowser, Reviewer
from inbox.people import time_zones

SIGNED_IN_AT = "signed_in_at"
TIME_ZONE = "time_zone"
"""The name of the browser's time zone, which the sign-in form sends."""
BY_PROVIDER = "by_provider"
"""The session is of a sign-in with the identity provider."""
ACTIVE_AT = "active_at"
USER_AGENT = "user_agent"
NOTED_EVERY = timedelta(minutes=1)
"""The least time between two writes of activity, so that not every page costs a write."""
SEEN_EVERY = timedelta(minutes=5)
"""The same if no session ends by inactivity: the time is then only shown to the person."""


@dataclass(frozen=True)
class OpenSession:
    """Times are seconds since 1970; None if the session began before they were stored."""

    key: str
    user_agent: str
    signed_in_at: float | None
    seen_at: float | None


def signed_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    if request is not None:
        # Until now it was as short as a sign-in with the identity provider may take.
        request.session.set_expiry(None)
        request.session[SIGNED_IN_AT] = request.session[ACTIVE_AT] = time.time()
        request.session[USER_AGENT] = request.headers.get("User-Agent", "")[:300]
        note_time_zone(request.session, user, request.POST.get(TIME_ZONE))


def note_time_zone(session: SessionBase, user: User, name: str | None) -> None:
    if zone := time_zones.find(name):
        session[TIME_ZONE] = zone.key
        Reviewer.objects.filter(user=user).update(browser_zone=zone.key)


def has_expired(session: SessionBase | Mapping[str, Any]) -> bool:
    now = time.time()
    longest, idle = settings.SESSION_HOURS, settings.SESSION_IDLE_MINUTES
    if session.get(BY_PROVIDER):
        longest = min(longest, settings.OIDC_SESSION_HOURS)
    if now - session.get(SIGNED_IN_AT, now) >= longest.total_seconds():
        return True
    return bool(idle) and now - session.get(ACTIVE_AT, now) >= idle.total_seconds()


def note_activity(session: SessionBase) -> None:
    idle = settings.SESSION_IDLE_MINUTES
    often = min(NOTED_EVERY, idle / 10) if idle else SEEN_EVERY
    # Also if it lies ahead, because the clock was set back.
    if abs(time.time() - session.get(ACTIVE_AT, 0)) >= often.total_seconds():
        session[ACTIVE_AT] = time.time()


def open_sessions(user: User) -> list[OpenSession]:
    """Reads every session, since they are not stored by person."""
    found = []
    for row in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        data = row.get_decoded()
        whose = (data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))
        if whose == (str(user.pk), user.get_session_auth_hash()) and not has_expired(data):
            found.append(
                OpenSession(
                    key=row.session_key,
                    user_agent=data.get(USER_AGENT, ""),
                    signed_in_at=data.get(SIGNED_IN_AT),
                    seen_at=data.get(ACTIVE_AT),
                )
            )
    return found


def sign_out_everywhere(user: User) -> int:
    """Streams end within seconds, and no browser gets web push any more. Returns how many sessions
    there were.
    """
    PushBrowser.objects.filter(reviewer__user=user).delete()
    keys = [session.key for session in open_sessions(user)]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)
