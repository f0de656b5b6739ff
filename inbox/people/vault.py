"""Encryption of member tokens: with the first of ``CREDENTIAL_KEYS``, decryption with any."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables


class KeyLost(LookupError):
    pass


@sensitive_variables()
def seal(token: str) -> bytes:
    return _keys().encrypt(token.encode())


@sensitive_variables()
def unseal(sealed: bytes | memoryview, *, max_age: int | None = None) -> str:
    """``max_age`` is in seconds. Raises ``KeyLost``."""
    try:
        return _keys().decrypt(bytes(sealed), ttl=max_age).decode()
    except InvalidToken:
        raise KeyLost("no current key decrypts this token") from None


def opens(sealed: bytes | memoryview, *, max_age: int | None = None) -> bool:
    try:
        unseal(sealed, max_age=max_age)
    except KeyLost:
        return False
    return True


@sensitive_variables()
def resealed(sealed: bytes | memoryview) -> bytes:
    """Raises ``KeyLost``."""
    try:
        return _keys().rotate(bytes(sealed))
    except InvalidToken:
        raise KeyLost("no current key decrypts this token") from None


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
