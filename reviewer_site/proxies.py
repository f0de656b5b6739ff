"""The client address of a request that came through proxies. No Django."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def read(text: str) -> list[Network]:
    """Parse comma-separated addresses and networks. Raises ValueError."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The address of the client, empty if it is not an address.

    ``peer`` is the connection's address, ``forwarded`` the ``X-Forwarded-For`` header. Each proxy
    appends the address it saw, so the header is read from the right while proxies are trusted.
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
    """An address without port, normalised; empty for anything else."""
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
