"""What the calls of the device flow return (RFC 8628)."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.tolerant import integer, parts, text
from inbox.mobius.transport import is_loopback
from inbox.mobius.types import DeviceCode, DeviceToken

INTERVAL, EXPIRES_IN = 5, 600
"""In seconds, where the response has none."""
LONGEST_INTERVAL, LATEST = 300, 86_400


def read_device_code(payload: Any) -> DeviceCode:
    """Raises UnreadableError, also for a link that a browser should not open."""
    wire = parts(payload)
    device_code, user_code = text(wire.get("device_code")), text(wire.get("user_code"))
    if not device_code or not user_code:
        raise UnreadableError("a sign-in without a code")
    link = text(wire.get("verification_uri_complete"))
    if not link:
        plain = text(wire.get("verification_uri"))
        link = f"{plain}{'&' if '?' in plain else '?'}{urlencode({'code': user_code})}"
    if not _may_be_opened(link):
        raise UnreadableError("a sign-in with a link that isn't safe to open")
    return DeviceCode(
        device_code=SecretStr(device_code),
        user_code=user_code,
        link=link,
        interval=_within(LONGEST_INTERVAL, integer(wire.get("interval"), INTERVAL)),
        expires_in=_within(LATEST, integer(wire.get("expires_in"), EXPIRES_IN)),
    )


def read_device_token(payload: Any) -> DeviceToken:
    """Raises UnreadableError."""
    wire = parts(payload)
    token = text(wire.get("access_token"))
    if not token:
        raise UnreadableError("a sign-in without a token")
    id, handle = text(wire.get("project_id")), text(wire.get("project_handle"))
    if id and handle and "." not in token:
        token = f"{token}.{handle}"
    return DeviceToken(
        token=SecretStr(token),
        credential_id=text(wire.get("credential_id")),
        project_id=id,
        project_handle=handle,
    )


def _within(most: int, seconds: int) -> int:
    return min(max(1, seconds), most)


def _may_be_opened(link: str) -> bool:
    """HTTPS, or HTTP on this machine."""
    try:
        url = urlsplit(link)
    except ValueError:
        return False
    safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(link))
    return safe and bool(url.hostname)
