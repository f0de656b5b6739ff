"""From where a request comes."""

from typing import Any

from django.conf import settings

from inbox.services.origin import Origin
from reviewer_site.proxies import client_address


def origin_of(request: Any) -> Origin:
    """The origin of what this request does."""
    return Origin(address_of(request))


def address_of(request: Any, *_: Any) -> str:
    """The browser's network address, which the login throttle counts by too."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )
