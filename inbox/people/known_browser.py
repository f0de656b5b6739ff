"""Browsers remember, in a signed cookie, the accounts that have signed in with them.

An attack on a username slows down everyone who tries it, but not its owner's own browser. The
cookie also has a random name for the browser, by which its failures are counted.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

COOKIE = "known_browser"
MAX_AGE = timedelta(days=400)
"""The longest that browsers keep a cookie; each sign-in renews it."""
MAX_ACCOUNTS = 10
"""Accounts that a browser remembers, most recent first."""

_SALT = "inbox.people.known_browser"


def name_of_browser(request: HttpRequest, username: str) -> str:
    """Empty if the browser has not signed in as ``username`` before."""
    browser, accounts = _read(request)
    account = get_user_model().objects.filter(pk__in=accounts, username=username)
    return browser if account.exists() else ""


def name(request: HttpRequest) -> str:
    """Empty if nobody has signed in with the browser before."""
    return _read(request)[0]


def signed_in(*, request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is not None:
        request.account_signed_in = user.pk  # type: ignore[attr-defined]


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    account = getattr(request, "account_signed_in", None)
    if account is None:
        return
    browser, remembered = _read(request)
    accounts = [account, *(other for other in remembered if other != account)]
    response.set_signed_cookie(
        COOKIE,
        # The name stays: a new one would have no failures.
        f"{browser or secrets.token_urlsafe(16)}:{'.'.join(map(str, accounts[:MAX_ACCOUNTS]))}",
        salt=_SALT,
        max_age=MAX_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    """The browser's name and its accounts' primary keys; empty without a valid cookie."""
    value = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=MAX_AGE)
    browser, _, accounts = (value or "").partition(":")
    if not accounts:
        return "", []
    return browser, [int(account) for account in accounts.split(".")]
