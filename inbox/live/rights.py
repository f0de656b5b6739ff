from collections.abc import Callable, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from inbox.access import Viewer, viewers_of
from inbox.models import Upstream
from inbox.people import sessions

Topics = Callable[[Viewer, Upstream, str], tuple[str, ...] | None]
"""What a viewer may follow of a kind of stream about the thing with this ID; None for nothing."""


@dataclass(frozen=True, slots=True)
class Right:
    """``allowed`` gets ``about``, an ID, and returns the topics that are still allowed.
    ``password`` is the hash at sign-in.
    """

    allowed: Topics
    about: str
    topics: tuple[str, ...]
    account: int
    password: str = field(repr=False)
    session_key: str = field(repr=False)

    @classmethod
    def of(
        cls, request: HttpRequest, allowed: Topics, about: str, topics: tuple[str, ...]
    ) -> "Right":
        user: Any = request.user
        key = request.session.session_key or ""
        return cls(allowed, about, topics, user.pk, user.password, key)


def lost_sign_ins(rights: Set[Right]) -> set[Right]:
    """Rights of people who signed out, were deactivated or deleted, or have another password."""
    accounts = {right.account for right in rights}
    active = get_user_model().objects.filter(pk__in=accounts, is_active=True)
    passwords = dict(active.values_list("pk", "password"))
    keys = {right.session_key for right in rights}
    stored = set(Session.objects.filter(pk__in=keys).values_list("pk", flat=True))
    return {
        right
        for right in rights
        if right.session_key not in stored or passwords.get(right.account) != right.password
    }


def lost_rights(rights: Set[Right]) -> set[Right]:
    lost = lost_sign_ins(rights)
    upstream = Upstream.current()
    viewers = {viewer.user_id: viewer for viewer in viewers_of(right.account for right in rights)}
    alive = Session.objects.filter(
        pk__in={right.session_key for right in rights}, expire_date__gt=timezone.now()
    )
    data = {session.pk: session.get_decoded() for session in alive}

    def is_signed_in(right: Right) -> bool:
        session = data.get(right.session_key, {})
        if right.account not in viewers or session.get(SESSION_KEY) != str(right.account):
            return False
        return not sessions.has_expired(session)

    @cache
    def topics_of(viewer: Viewer, allowed: Topics, about: str) -> Set[str]:
        return set(allowed(viewer, upstream, about) or ())

    def may_follow(right: Right) -> bool:
        found = topics_of(viewers[right.account], right.allowed, right.about)
        return set(right.topics) <= found

    return {
        right
        for right in rights
        if right in lost or not is_signed_in(right) or not may_follow(right)
    }
