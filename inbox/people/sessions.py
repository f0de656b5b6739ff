"""How long a person stays signed in: ``SESSION_HOURS``, and ``SESSION_IDLE_MINUTES`` without doing
anything.
"""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"
ACTIVE_AT = "active_at"
NOTED_EVERY = timedelta(minutes=1)
"""Activity is written down no more often, so that a page costs no write."""


def signed_in(*, request: HttpRequest, **_: Any) -> None:
    """Receiver of ``user_logged_in``."""
    if request is not None:
        request.session[SIGNED_IN_AT] = request.session[ACTIVE_AT] = time.time()


def is_over(session: SessionBase) -> bool:
    """The person has to sign in again."""
    now = time.time()
    longest, idle = settings.SESSION_HOURS, settings.SESSION_IDLE_MINUTES
    if now - session.get(SIGNED_IN_AT, now) >= longest.total_seconds():
        return True
    return bool(idle) and now - session.get(ACTIVE_AT, now) >= idle.total_seconds()


def note_activity(session: SessionBase) -> None:
    """The person has done something just now."""
    idle = settings.SESSION_IDLE_MINUTES
    often = min(NOTED_EVERY, idle / 10).total_seconds()
    if idle and time.time() - session.get(ACTIVE_AT, 0) >= often:
        session[ACTIVE_AT] = time.time()
