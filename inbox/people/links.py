"""One-time links: a person's sign-in link, and the setup link for the first administrator.

Setting the password uses up a link; opening it does not. With an identity provider, signing in
there uses it up, and links the two accounts (``inbox.people.oidc.provider_accounts``). Its token
is in the query string, which is not logged here, and is stored as a hash.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from inbox.models import OneTimeLink, Upstream
from inbox.people.oidc.identity_provider import may_use_password, oidc

SIGN_IN_LASTS = timedelta(hours=72)
SETUP_LASTS = timedelta(hours=1)


class NotValid(LookupError):
    """The link is used up, replaced or expired, or its account is deactivated."""


@sensitive_variables("token")
def url_of(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('one-time-link')}?{urlencode({'token': token})}"


@sensitive_variables()
def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def needs_setup() -> bool:
    """There is a real Mobius and no active administrator."""
    administrators = get_user_model().objects.filter(is_active=True, is_superuser=True)
    return not settings.EMBEDDED and not administrators.exists()


def make_sign_in(user: User) -> str:
    """Returns the link's URL."""
    return _make(user, SIGN_IN_LASTS)


@sensitive_variables("made")
def make_sign_in_of_new(users: Iterable[User]) -> list[str]:
    """Create the links of accounts that have never had one. Returns their URLs."""
    made = [_new(user, SIGN_IN_LASTS) for user in users]
    OneTimeLink.objects.bulk_create([link for link, _token in made])
    return [url_of(token) for _link, token in made]


def make_setup() -> str:
    """Returns the link's URL."""
    return _make(None, SETUP_LASTS)


@sensitive_variables("token")
def find(token: str) -> OneTimeLink:
    """Raises ``NotValid``."""
    return _valid(_with_token(token))


def _with_token(token: str) -> QuerySet[OneTimeLink]:
    return OneTimeLink.objects.filter(token_hash=_hash(token))


def _valid(links: QuerySet[OneTimeLink]) -> OneTimeLink:
    rows = links.filter(
        Q(user=None) | Q(user__is_active=True),
        expires_at__gt=timezone.now(),
    )
    link = rows.select_related("user").first()
    if link is None or (link.user is None and not needs_setup()):
        raise NotValid
    return link


@sensitive_variables("token", "password", "hashed")
def set_password(token: str, password: str) -> User:
    """Uses up the link. Raises ``NotValid``."""
    # Hashing is slow by design, and SQLite has one write lock.
    hashed = make_password(password)
    with transaction.atomic():
        user = _take(_with_token(token)).user
        if user is None:
            raise NotValid
        user.password = hashed
        user.save(update_fields=["password"])
    return user


def take(pk: int) -> User:
    """Use up the link inside the caller's transaction. Raises ``NotValid``."""
    user = _take(OneTimeLink.objects.filter(pk=pk)).user
    if user is None:
        raise NotValid
    return user


def needs_link(user: User) -> bool:
    if may_use_password(user.get_username()):
        return not user.has_usable_password()
    return not SocialAccount.objects.filter(user=user, provider=oidc().issuer).exists()


@sensitive_variables("token")
@transaction.atomic
def make_administrator(token: str, user: User) -> User:
    """Use up the setup link and save ``user``, which has a password. Raises ``NotValid``."""
    if _take(_with_token(token)).user is not None:
        raise NotValid
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def tidy() -> None:
    OneTimeLink.objects.filter(expires_at__lte=timezone.now()).delete()


@sensitive_variables()
def _make(user: User | None, lasts: timedelta) -> str:
    link, token = _new(user, lasts)
    with transaction.atomic():
        if user is None:
            # NULL is not unique, so the lock makes a second setup link replace the first.
            Upstream.lock_current()
        OneTimeLink.objects.filter(user=user).delete()
        link.save()
    return url_of(token)


@sensitive_variables("token")
def _new(user: User | None, lasts: timedelta) -> tuple[OneTimeLink, str]:
    """The link isn't stored yet. Returns its token too."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + lasts
    return OneTimeLink(user=user, token_hash=_hash(token), expires_at=expires_at), token


def _take(links: QuerySet[OneTimeLink]) -> OneTimeLink:
    """Of two simultaneous requests, one succeeds."""
    link = _valid(links)
    deleted, _ = links.filter(pk=link.pk).delete()
    if not deleted:
        raise NotValid
    return link


@sensitive_variables("token")
def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
