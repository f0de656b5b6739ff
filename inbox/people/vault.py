"""Member tokens at rest: sealed with the first of ``CREDENTIAL_KEYS``, opened with any of them."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables


class KeyLost(LookupError):
    """None of the present keys opens it: the key that sealed it is gone."""


@sensitive_variables()
def seal(token: str) -> bytes:
    """Encrypt ``token`` with the newest key."""
    return _keys().encrypt(token.encode())


@sensitive_variables()
def unseal(sealed: bytes | memoryview, *, max_age: int | None = None) -> str:
    """What was sealed, at most ``max_age`` seconds ago. Raises ``KeyLost``."""
    try:
        return _keys().decrypt(bytes(sealed), ttl=max_age).decode()
    except InvalidToken:
        raise KeyLost("no present key opens this token") from None


def opens(sealed: bytes | memoryview, *, max_age: int | None = None) -> bool:
    """``unseal`` would open it."""
    try:
        unseal(sealed, max_age=max_age)
    except KeyLost:
        return False
    return True


@sensitive_variables()
def resealed(sealed: bytes | memoryview) -> bytes:
    """The same, under the newest key, for a rotation. Raises ``KeyLost``."""
    try:
        return _keys().rotate(bytes(sealed))
    except InvalidToken:
        raise KeyLost("no present key opens this token") from None


@sensitive_variables()
def _keys() -> MultiFernet:
    if not settings.CREDENTIAL_KEYS:
        raise ImproperlyConfigured("CREDENTIAL_KEYS is empty: member tokens cannot be kept")
    try:
        return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
    except ValueError:
        raise ImproperlyConfigured(
            "CREDENTIAL_KEYS: each key must be 32 url-safe base64-encoded bytes"
        ) from None
