"""Whether a stream is still allowed, checked outside any request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from inbox.access import Viewer, viewer_of
from inbox.people import sessions

Topics = Callable[[Viewer], tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Right:
    """The session that opened a stream, and what it was allowed to follow.

    Calling it returns True while the session lives, its account may sign in, and the viewer may
    still follow every topic. ``allowed`` returns which of the requested topics a viewer may follow,
    None for none.
    """

    allowed: Topics
    topics: tuple[str, ...]
    session_key: str = field(repr=False)

    def __call__(self) -> bool:
        """Check now. Reads the database."""
        request = HttpRequest()
        request.session = SessionStore(self.session_key)
        user = get_user(request)
        if not user.is_authenticated or sessions.has_expired(request.session):
            return False
        return set(self.topics) <= set(self.allowed(viewer_of(user)) or ())


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in that opened a stream: account, session, and the account's password hash then."""

    account: int
    password: str = field(repr=False)
    session_key: str = field(repr=False)

    @classmethod
    def of(cls, request: HttpRequest) -> "SignIn":
        user: Any = request.user
        return cls(user.pk, user.password, request.session.session_key or "")


def ended_sign_ins(sign_ins: set[SignIn]) -> set[SignIn]:
    """Those that have ended: signed out, or the account was deactivated, deleted, or has another
    password. Two queries.
    """
    accounts = {sign_in.account for sign_in in sign_ins}
    active = get_user_model().objects.filter(pk__in=accounts, is_active=True)
    passwords = dict(active.values_list("pk", "password"))
    keys = {sign_in.session_key for sign_in in sign_ins}
    stored = set(Session.objects.filter(pk__in=keys).values_list("pk", flat=True))
    return {
        sign_in
        for sign_in in sign_ins
        if sign_in.session_key not in stored or passwords.get(sign_in.account) != sign_in.password
    }
