"""One-time links: a person's sign-in link, and the setup link for the first administrator.

Setting the password uses a link up; opening it does not. Its token is in the query string, which is
not logged here, and is stored as a hash.
"""

import hashlib
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from inbox.models import OneTimeLink, Upstream

SIGN_IN_LASTS = timedelta(hours=72)
SETUP_LASTS = timedelta(hours=1)


class NotValid(LookupError):
    """The link is used up, replaced or expired, or its account is deactivated."""


def needs_setup() -> bool:
    """Whether there is a real Mobius and no active administrator."""
    administrators = get_user_model().objects.filter(is_active=True, is_superuser=True)
    return not settings.EMBEDDED and not administrators.exists()


def make_sign_in(user: User) -> str:
    """Create a link with which ``user`` sets a password. Returns its URL."""
    return _make(user, SIGN_IN_LASTS)


def make_setup() -> str:
    """Create a link for setting up the first administrator. Returns its URL."""
    return _make(None, SETUP_LASTS)


@sensitive_variables("token")
def find(token: str) -> OneTimeLink:
    """The link with this token. Raises ``NotValid``."""
    rows = OneTimeLink.objects.select_related("user").filter(
        Q(user=None) | Q(user__is_active=True),
        token_hash=_hash(token),
        expires_at__gt=timezone.now(),
    )
    link = rows.first()
    if link is None or (link.user is None and not needs_setup()):
        raise NotValid
    return link


@sensitive_variables("token", "password", "hashed")
def set_password(token: str, password: str) -> User:
    """Use up a sign-in link and set its owner's password. Raises ``NotValid``."""
    # Hashing is slow by design, and SQLite has one write lock.
    hashed = make_password(password)
    with transaction.atomic():
        user = _take(token).user
        if user is None:
            raise NotValid
        user.password = hashed
        user.save(update_fields=["password"])
    return user


@sensitive_variables("token")
@transaction.atomic
def make_administrator(token: str, user: User) -> User:
    """Use up the setup link and save ``user``, which has a password, as the first administrator.
    Raises ``NotValid``.
    """
    if _take(token).user is not None:
        raise NotValid
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def tidy() -> None:
    """Delete expired links."""
    OneTimeLink.objects.filter(expires_at__lte=timezone.now()).delete()


@sensitive_variables()
def _make(user: User | None, lasts: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        if user is None:
            # NULL is not unique, so the lock makes a second setup link replace the first.
            Upstream.lock_present()
        OneTimeLink.objects.filter(user=user).delete()
        OneTimeLink.objects.create(
            user=user, token_hash=_hash(token), expires_at=timezone.now() + lasts
        )
    return f"{settings.PUBLIC_URL}{reverse('one-time-link')}?{urlencode({'token': token})}"


@sensitive_variables("token")
def _take(token: str) -> OneTimeLink:
    """Delete and return the link; of two simultaneous requests, one succeeds."""
    link = find(token)
    deleted, _ = OneTimeLink.objects.filter(pk=link.pk, token_hash=_hash(token)).delete()
    if not deleted:
        raise NotValid
    return link


@sensitive_variables("token")
def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
