"""Browsers remember, in a signed cookie, the accounts that have signed in with them.

Somebody who attacks a name slows down everyone who tries it, but not its owner's own browser. The
cookie also holds a random name of the browser, by which its own failures are counted.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

COOKIE = "known_browser"
LASTS = timedelta(days=400)
"""As long as browsers keep a cookie; each sign-in begins anew."""
MOST = 10
"""Accounts that one browser remembers, the last to sign in first."""

_SALT = "inbox.people.known_browser"


def known_as(request: HttpRequest, username: str) -> str:
    """What a browser that has signed in as ``username`` before is called; empty for any other."""
    browser, accounts = _read(request)
    found = get_user_model().objects.filter(pk__in=accounts, username=username)
    return browser if found.exists() else ""


def signed_in(*, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Receiver of ``user_logged_in``."""
    if request is not None:
        request.account_signed_in = user.pk  # type: ignore[attr-defined]


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie, where somebody has signed in with this request."""
    account = getattr(request, "account_signed_in", None)
    if account is None:
        return
    browser, others = _read(request)
    accounts = [account, *(other for other in others if other != account)]
    response.set_signed_cookie(
        COOKIE,
        # The name stays: another one would have a count of its own.
        f"{browser or secrets.token_urlsafe(16)}:{'.'.join(map(str, accounts[:MOST]))}",
        salt=_SALT,
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    """The browser's name and its accounts' primary keys. A cookie that was not signed here holds
    neither.
    """
    value = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=LASTS)
    browser, _, accounts = (value or "").partition(":")
    return (browser, [int(one) for one in accounts.split(".")]) if accounts else ("", [])
