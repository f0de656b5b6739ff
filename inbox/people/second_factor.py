"""The second factor of people who sign in with a password: an app, a passkey, recovery codes.

allauth stores and checks them. Its secrets are encrypted in the same way as member tokens.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _

from inbox.lib import qr_code
from inbox.people import vault
from inbox.people.oidc.identity_provider import may_use_password

SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
"""Where an authenticator's ``data`` has its encrypted secret."""
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""The factors that a sign-in asks for. A recovery code replaces one of them."""

SecretLost = vault.KeyLost
"""No current key decrypts the secret."""


class Adapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return vault.seal(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return vault.unseal(encrypted_text.encode())

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """Not for people who sign in with the identity provider, which has factors of its own."""
        return may_use_password(user.get_username()) and bool(super().is_mfa_enabled(user, types))

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return _("Passkey %(number)d") % {"number": number} if number > 1 else _("Passkey")

    def build_totp_svg(self, url: str) -> str:
        return qr_code.svg(url)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to the host of ``PUBLIC_URL``."""
        return {"id": host(), "name": settings.MFA_TOTP_ISSUER}


def host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def passkeys_offered() -> bool:
    """Passkeys need a host name."""
    try:
        ip_address(host())
    except ValueError:
        return True
    return False
