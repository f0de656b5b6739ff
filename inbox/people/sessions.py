"""How long people stay signed in: ``SESSION_HOURS``, ``SESSION_IDLE_MINUTES`` of inactivity."""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"
ACTIVE_AT = "active_at"
NOTED_EVERY = timedelta(minutes=1)
"""The least time between two writes of activity, so that not every page costs a write."""


def signed_in(*, request: HttpRequest, **_: Any) -> None:
    """Receiver of ``user_logged_in``."""
    if request is not None:
        request.session[SIGNED_IN_AT] = request.session[ACTIVE_AT] = time.time()


def has_expired(session: SessionBase) -> bool:
    """Whether the person has to sign in again."""
    now = time.time()
    longest, idle = settings.SESSION_HOURS, settings.SESSION_IDLE_MINUTES
    if now - session.get(SIGNED_IN_AT, now) >= longest.total_seconds():
        return True
    return bool(idle) and now - session.get(ACTIVE_AT, now) >= idle.total_seconds()


def note_activity(session: SessionBase) -> None:
    """Record that the person is active now."""
    idle = settings.SESSION_IDLE_MINUTES
    often = min(NOTED_EVERY, idle / 10).total_seconds()
    if idle and time.time() - session.get(ACTIVE_AT, 0) >= often:
        session[ACTIVE_AT] = time.time()
