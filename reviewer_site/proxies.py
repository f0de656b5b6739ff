"""Which address a request has come from, when proxies stand between. No Django."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def read(text: str) -> list[Network]:
    """Addresses and networks, commas between them. Raises ValueError."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The last address that no trusted proxy vouches for; empty where that is no address.

    ``peer`` is who opened the connection, ``forwarded`` the ``X-Forwarded-For`` that came with it:
    each proxy adds on its right whom it saw, and what stands left of an untrusted one is hearsay.
    """
    seen = _plain(peer)
    for hop in reversed(forwarded.split(",") if forwarded else []):
        if not _trusts(seen, trusted):
            break
        said = _plain(hop)
        if not said:
            break
        seen = said
    return seen


def _trusts(address: str, trusted: Sequence[Network]) -> bool:
    return bool(address) and any(ip_address(address) in network for network in trusted)


def _plain(text: str) -> str:
    """An address without its port, in its one way of writing; empty for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
