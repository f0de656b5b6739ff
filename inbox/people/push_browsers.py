"""The browsers in which people have allowed web push.

Signing out, in one browser or everywhere, removes them; so does a sign-in as someone else with the
same browser. Those that were given another key than the current one get nothing, and the person is
asked again.
"""

import base64
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from py_vapid import Vapid02

from inbox.models import PushBrowser, Reviewer
from inbox.people import known_browser

UNUSED = timedelta(days=60)
MOST = 20
"""Browsers of a person; the newest are kept."""


def vapid() -> Vapid02:
    return Vapid02.from_raw(settings.VAPID_KEY.encode())


def public_key() -> str:
    """As browsers are given it: an uncompressed point, base64url."""
    numbers = vapid().public_key.public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Of base64url without padding. Raises ``ValueError``."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class AllowForm(forms.ModelForm):
    """What a browser's push subscription has."""

    class Meta:
        model = PushBrowser
        fields = ("endpoint", "p256dh", "auth")

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        if not endpoint.startswith("https://"):
            raise ValidationError("The endpoint must be https.")
        return endpoint

    def clean_p256dh(self) -> str:
        text: str = self.cleaned_data["p256dh"]
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(text))
        except ValueError:
            raise ValidationError("The key isn't a point of P-256.") from None
        return text

    def clean_auth(self) -> str:
        text: str = self.cleaned_data["auth"]
        try:
            length = len(decoded(text))
        except ValueError:
            length = 0
        if length != 16:
            raise ValidationError("The secret must have 16 bytes.")
        return text

    def validate_unique(self) -> None:
        """A browser that is allowed again replaces its row, whoever had it."""


def allow(request: HttpRequest, reviewer: Reviewer, form: AllowForm) -> None:
    """``form`` is valid."""
    now, endpoint = timezone.now(), form.cleaned_data["endpoint"]
    PushBrowser.objects.filter(_this_one(request), reviewer=reviewer).delete()
    PushBrowser.objects.update_or_create(
        endpoint=endpoint,
        defaults={
            "reviewer": reviewer,
            "p256dh": form.cleaned_data["p256dh"],
            "auth": form.cleaned_data["auth"],
            "key": public_key(),
            "browser": known_browser.name(request),
            "user_agent": request.headers.get("User-Agent", "")[:300],
            "created_at": now,
            "used_at": now,
        },
    )
    newest = reviewer.push_browsers.order_by("-created_at", "-pk")
    kept = newest.values_list("pk", flat=True)[:MOST]
    reviewer.push_browsers.exclude(pk__in=list(kept)).delete()


def allowed(reviewer: Reviewer) -> QuerySet[PushBrowser]:
    """Those that can be sent something, most recently used first."""
    rows = reviewer.push_browsers.filter(key=public_key())
    return rows.order_by("-used_at", "-pk")


def is_this_one(row: PushBrowser, request: HttpRequest) -> bool:
    return bool(row.browser) and row.browser == known_browser.name(request)


def allowed_here(request: HttpRequest, reviewer: Reviewer) -> bool:
    return any(is_this_one(row, request) for row in allowed(reviewer))


def _this_one(request: HttpRequest) -> Q:
    return Q(browser=known_browser.name(request))


def signed_in(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    name = known_browser.name(request) if request is not None else ""
    if not name:
        return
    here = PushBrowser.objects.filter(browser=name)
    here.exclude(reviewer__user=user).delete()
    here.update(used_at=timezone.now())


def signed_out(request: HttpRequest, reviewer: Reviewer) -> None:
    PushBrowser.objects.filter(_this_one(request), reviewer=reviewer).delete()


def signed_out_elsewhere(request: HttpRequest, reviewer: Reviewer) -> None:
    reviewer.push_browsers.exclude(_this_one(request)).delete()


def tidy(now: datetime) -> None:
    unused = Q(used_at__lt=now - UNUSED) | Q(reviewer__user__is_active=False)
    if settings.VAPID_KEY:
        unused |= ~Q(key=public_key())
    PushBrowser.objects.filter(unused).delete()
