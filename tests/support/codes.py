"""The codes of an authenticator app (RFC 6238)."""

import hmac
import time
from base64 import b32decode


def code_of(secret: str, *, ahead: int = 0) -> str:
    counter = int(time.time()) // 30 + ahead
    digest = hmac.digest(b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06}"
