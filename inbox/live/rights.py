"""Whether a stream that was allowed is still allowed, asked outside any request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from inbox.access import Viewer, viewer_of

Topics = Callable[[Viewer], tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Right:
    """The session that opened a stream, and what it was allowed to follow.

    Call it for the answer: True while the session lives, its account may sign in, and every topic
    is still the viewer's. ``allowed`` says what a viewer may follow of what was asked for, None
    where that is nothing.
    """

    allowed: Topics
    topics: tuple[str, ...]
    session_key: str = field(repr=False)

    def __call__(self) -> bool:
        """Ask now, in a thread that may read the database."""
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self.session_key)
        user = get_user(request)
        if not user.is_authenticated:
            return False
        return set(self.topics) <= set(self.allowed(viewer_of(user)) or ())
