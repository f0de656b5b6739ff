"""Who makes a request, and from where."""

from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from inbox.services.origin import Actor, Origin
from reviewer_site.proxies import client_address


def origin_of(request: HttpRequest) -> Origin:
    """The origin of what this request does."""
    return Origin(address_of(request))


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person, for the changes of accounts and rights that this request makes."""
    user = request.user
    mobius_id = user.reviewer.mobius_id or "" if user.is_authenticated else ""
    return Actor(user.get_username(), mobius_id, origin_of(request))


def address_of(request: HttpRequest, *_: Any) -> str:
    """The browser's network address; empty where it is not known."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )


def counted_address(request: HttpRequest) -> str | None:
    """The address that failed sign-ins are counted by; the databases take no empty one.

    Whoever has an IPv6 address has its whole /64 network, which counts as one.
    """
    address = address_of(request)
    if ":" in address:
        return str(ip_network(f"{address}/64", strict=False).network_address)
    return address or None
