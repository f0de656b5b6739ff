from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone, translation

from inbox.models import Reviewer
from inbox.people import time_zones
from inbox.people.sessions import TIME_ZONE


def activate_for(reviewer: Reviewer, session: SessionBase) -> None:
    if reviewer.language in dict(settings.LANGUAGES):
        translation.activate(reviewer.language)
    zone = time_zones.find(reviewer.time_zone) or time_zones.find(session.get(TIME_ZONE))
    if zone is not None:
        timezone.activate(zone)


def in_installation_zone(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def zoned(*args: Any, **kwargs: Any) -> Any:
        with timezone.override(None):
            return view(*args, **kwargs)

    return zoned
