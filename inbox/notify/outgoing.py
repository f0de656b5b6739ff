"""Requests to addresses that people have entered: webhooks and push endpoints.

Such an address must not lead into the servers' own network. Its host is resolved for each request,
every address that it has must be public, and the connection goes to one of those addresses, so that
a name that resolves differently a moment later changes nothing. Redirects are not followed.

Behind ``HTTPS_PROXY`` the proxy resolves the host, and has to refuse private addresses itself.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from ssl import SSLContext
from urllib.request import getproxies, proxy_bypass

import httpx
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.mobius.transport import ssl_context

TIMEOUT = 10.0
"""Seconds, for all of a request."""
LONGEST_WAIT = timedelta(hours=1)

_PUBLIC_IPV6 = ip_network("2000::/3")
_METADATA_IPV4 = [ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24")]
"""Addresses at which clouds describe their machines, and that Python takes for public ones."""


class Why(TextChoices):
    NOT_AN_ADDRESS = "not_an_address", gettext_lazy("This is no web address.")
    NOT_HTTPS = "not_https", gettext_lazy("The address must begin with https://.")
    PRIVATE = "private", gettext_lazy("The address is in a private network.")
    KEY_LOST = "key_lost", gettext_lazy("The address can't be decrypted any more.")
    UNKNOWN_HOST = "unknown_host", gettext_lazy("The host is unknown.")
    UNREACHABLE = "unreachable", gettext_lazy("The server can't be reached.")
    TIMED_OUT = "timed_out", gettext_lazy("The server didn't answer in time.")


LASTING = (Why.NOT_AN_ADDRESS, Why.NOT_HTTPS, Why.PRIVATE, Why.KEY_LOST)
"""Another attempt would fail too."""


class NotPosted(Exception):
    """There is no reply."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True)
class Reply:
    """``retry_after``: how long the server asks to wait, at most ``LONGEST_WAIT``."""

    status: int
    retry_after: timedelta | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def words(error: str) -> str:
    """``error``: a ``Why`` or a status."""
    if error in Why.values:
        return str(Why(error).label)
    return _("The server answered with status %(status)s.") % {"status": error} if error else ""


async def post(url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
    """Raises ``NotPosted``."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _post(url, content, headers)
    except TimeoutError:
        raise NotPosted(Why.TIMED_OUT) from None


async def check(url: str) -> None:
    """For an address that is entered; each request checks it again. Raises ``NotPosted``."""
    try:
        async with asyncio.timeout(TIMEOUT):
            await _addresses(_read(url))
    except TimeoutError:
        raise NotPosted(Why.TIMED_OUT) from None


async def _post(url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
    target = _read(url)
    proxy = _proxy(target)
    for host in [target.host] if proxy else await _addresses(target):
        try:
            return await _send(target, host, content, headers, proxy)
        except (httpx.ConnectError, httpx.ProxyError):
            continue
    raise NotPosted(Why.UNREACHABLE)


async def _send(
    target: httpx.URL, to: str, content: bytes, headers: Mapping[str, str], proxy: str | None
) -> Reply:
    """Raises ``httpx.ConnectError``, ``httpx.ProxyError`` or ``NotPosted``."""
    host = {"Host": target.netloc.decode("ascii"), "User-Agent": "reviewer-inbox"}
    client = httpx.AsyncClient(
        verify=_certificates(),
        proxy=proxy,
        trust_env=False,
        follow_redirects=False,
        timeout=TIMEOUT,
    )
    request = client.build_request(
        "POST",
        target.copy_with(host=to),
        content=content,
        headers={**headers, **host},
        extensions={"sni_hostname": target.raw_host.decode("ascii")},
    )
    async with client:
        try:
            response = await client.send(request, stream=True)
            # Only the status counts: what a server in the own network says must not be shown.
            await response.aclose()
        except (httpx.ConnectError, httpx.ProxyError):
            raise
        except httpx.TimeoutException:
            raise NotPosted(Why.TIMED_OUT) from None
        except httpx.HTTPError:
            # Without its cause, whose frames have the address in their variables.
            raise NotPosted(Why.UNREACHABLE) from None
    return Reply(response.status_code, _retry_after(response.headers.get("Retry-After", "")))


def _read(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL:
        raise NotPosted(Why.NOT_AN_ADDRESS) from None
    if target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise NotPosted(Why.NOT_AN_ADDRESS)
    if target.scheme == "http" and not _is_excepted(target):
        raise NotPosted(Why.NOT_HTTPS)
    return target


async def _addresses(target: httpx.URL) -> list[str]:
    """All that the host has. Raises ``NotPosted``."""
    port = target.port or {"http": 80, "https": 443}[target.scheme]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            target.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise NotPosted(Why.UNKNOWN_HOST) from None
    addresses = [str(row[4][0]) for row in found]
    if not _is_excepted(target) and not all(map(is_public, addresses)):
        raise NotPosted(Why.PRIVATE)
    return addresses


def is_public(text: str) -> bool:
    """Neither loopback, private, link-local, multicast, reserved, an IPv4 address within IPv6, nor
    where a cloud describes its machines.
    """
    address = ip_address(text)
    match address:
        case IPv4Address():
            special = any(address in network for network in _METADATA_IPV4)
        case IPv6Address():
            holds_ipv4 = address.sixtofour is not None or address.teredo is not None
            special = address not in _PUBLIC_IPV6 or holds_ipv4
    return address.is_global and not address.is_multicast and not special


def _is_excepted(target: httpx.URL) -> bool:
    return target.host.lower() in settings.NOTIFY_PRIVATE_HOSTS


def _proxy(target: httpx.URL) -> str | None:
    if target.scheme != "https" or proxy_bypass(target.host):
        return None
    return getproxies().get("https")


@cache
def _certificates() -> SSLContext:
    return ssl_context()


def _retry_after(text: str) -> timedelta | None:
    return min(timedelta(seconds=int(text)), LONGEST_WAIT) if text.isdecimal() else None
