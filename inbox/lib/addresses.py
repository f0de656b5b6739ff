from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Network = IPv4Network | IPv6Network


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(request: HttpRequest) -> str:
    """Empty if unknown."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )


def counted_address(request: HttpRequest) -> str | None:
    """The address by which failed sign-ins are counted, never empty. An IPv6 address stands for its
    /64 network, since all of that belongs to one client.
    """
    address = address_of(request)
    if ":" in address:
        return str(ip_network(f"{address}/64", strict=False).network_address)
    return address or None


def read_networks(text: str) -> list[Network]:
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The client's address, or an empty string. Each proxy appends the address it saw, so the
    ``X-Forwarded-For`` header is read from the right while proxies are trusted.
    """
    client = _plain(peer)
    for hop in reversed(forwarded.split(",") if forwarded else []):
        if not _trusts(client, trusted):
            break
        address = _plain(hop)
        if not address:
            break
        client = address
    return client


def _trusts(address: str, trusted: Sequence[Network]) -> bool:
    return bool(address) and any(ip_address(address) in network for network in trusted)


def _plain(text: str) -> str:
    """Empty for anything but an address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
