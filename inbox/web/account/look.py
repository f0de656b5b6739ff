"""The theme of pages that are not a person's own: the sign-in page, and some errors."""

from datetime import timedelta

from django.conf import settings
from django.http.response import HttpResponseBase

from inbox.models import Theme

COOKIE = "theme"
MAX_AGE = timedelta(days=365)


def remember_theme(theme: str, response: HttpResponseBase) -> None:
    """Let the browser show those pages in the person's theme too."""
    if theme in (Theme.LIGHT, Theme.DARK):
        response.set_cookie(
            COOKIE, theme, max_age=MAX_AGE, samesite="Lax", httponly=True, secure=settings.SECURE
        )
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
