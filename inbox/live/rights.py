"""Whether a stream that was allowed is still allowed, asked outside any request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from inbox.access import Viewer, viewer_of
from inbox.people import sessions

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
        if not user.is_authenticated or sessions.is_over(request.session):
            return False
        return set(self.topics) <= set(self.allowed(viewer_of(user)) or ())


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in that a stream was opened with: the account with its password as it was then
    (hashed, as it is stored), and the session.
    """

    account: int
    password: str = field(repr=False)
    session_key: str = field(repr=False)

    @classmethod
    def of(cls, request: HttpRequest) -> "SignIn":
        """That of a request by somebody who is signed in."""
        user: Any = request.user
        return cls(user.pk, user.password, request.session.session_key or "")


def ended(sign_ins: set[SignIn]) -> set[SignIn]:
    """Those that are over: signed out, or the account was deactivated, deleted, or got another
    password. Two queries.
    """
    accounts = {one.account for one in sign_ins}
    active = get_user_model().objects.filter(pk__in=accounts, is_active=True)
    passwords = dict(active.values_list("pk", "password"))
    keys = {one.session_key for one in sign_ins}
    sessions = set(_sessions().filter(session_key__in=keys).values_list("session_key", flat=True))
    return {
        one
        for one in sign_ins
        if one.session_key not in sessions or passwords.get(one.account) != one.password
    }


def _sessions() -> QuerySet[Any]:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions: QuerySet[Any] = store.get_model_class().objects.all()
    return sessions
