"""The identity provider, through allauth: requests to it, and its claims about a person.

allauth exchanges the code, which the state and PKCE bind to the browser, and checks the issuer,
audience and expiry of the ID token. It doesn't check the token's signature, and needn't, since the
token comes from the provider over TLS. Here it is checked that the provider is the configured one,
and that the claims of both sources are about the same person.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from requests.adapters import HTTPAdapter

from inbox.lib.addresses import is_loopback
from inbox.lib.page_slots import release_slot
from inbox.mobius.transport import ssl_context
from inbox.people.oidc.settings import Oidc

TIMEOUT = 5.0
"""Seconds without a byte from the provider."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

SUBJECT_LENGTH = 191
"""The longest subject that allauth stores; the standard allows 255 characters."""

NoAnswer = requests.RequestException
"""The provider could not be reached, or answered with an error."""


class NotTheProvider(OAuth2Error):
    """The configured provider would not have sent this. The message quotes nothing of it."""


@dataclass(frozen=True)
class Claims:
    """``email`` is empty unless it was verified."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    groups: frozenset[str] = frozenset()
    mobius_id: str = ""

    @classmethod
    def read(cls, claims: Mapping[str, Any]) -> "Claims":
        """A claim that isn't of the expected type counts as missing."""
        # Some providers send booleans as text.
        verified = claims.get("email_verified") in (True, "true")
        first, _, last = _text(claims, "name").partition(" ")
        return cls(
            email=_text(claims, "email").lower() if verified else "",
            first_name=_text(claims, "given_name") or first,
            last_name=_text(claims, "family_name") or last,
            groups=_texts(claims.get(oidc().groups_claim)),
            mobius_id=_text(claims, oidc().mobius_id_claim),
        )


class Session(requests.Session):
    """While a request runs, another page can use this page's slot."""

    def __init__(self) -> None:
        super().__init__()
        # No proxy for loopback, as for Mobius.
        self.trust_env = not is_loopback(urlsplit(oidc().issuer).hostname or "")
        self.mount("https://", SystemTrustAdapter())

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return async_to_sync(self._request)(*args, **kwargs)

    async def _request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs = {"timeout": TIMEOUT, "allow_redirects": False, **kwargs}
        async with release_slot():
            return await asyncio.to_thread(super().request, *args, **kwargs)


class SystemTrustAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl_context(), **kwargs)


class Adapter(OpenIDConnectOAuth2Adapter):
    """Raises only ``OAuth2Error`` and requests' exceptions."""

    @property
    def openid_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().openid_config
        if config.get("issuer") != oidc().issuer:
            raise NotTheProvider("The provider names a different issuer from OIDC_ISSUER.")
        if missing := [name for name in ENDPOINTS if not isinstance(config.get(name), str)]:
            raise NotTheProvider(f"The provider's configuration has no {missing[0]}.")
        return config

    def complete_login(self, request: Any, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        if not kwargs["response"].get("id_token"):
            raise NotTheProvider("The provider sent no ID token.")
        app.settings["fetch_userinfo"] = "userinfo_endpoint" in self.openid_config
        return super().complete_login(request, app, token, **kwargs)

    def get_callback_url(self, request: Any, app: SocialApp) -> str:
        """The one that the provider knows, whatever host the browser has used."""
        return f"{settings.PUBLIC_URL}{reverse('oidc-callback')}"


class Provider(OpenIDConnectProvider):
    pkce_enabled_default = True
    oauth2_adapter_class = Adapter

    def sociallogin_from_response(self, request: Any, response: dict[str, Any]) -> Any:
        claims = merged(response)
        login = super().sociallogin_from_response(request, response)
        login.claims = Claims.read(claims)
        return login

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(merged(data)["sub"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, str]:
        """The address, for administrators to recognise a linked account."""
        return {"email": _text(merged(data), "email")}


def app() -> SocialApp:
    """Its ID is the issuer: a subject is unique only there."""
    return SocialApp(
        provider=OpenIDConnectProvider.id,
        provider_id=oidc().issuer,
        name=oidc().name,
        client_id=oidc().client_id,
        secret=oidc().client_secret,
        settings={"server_url": oidc().issuer, "scope": list(oidc().scopes)},
    )


def oidc() -> Oidc:
    """Raises ImproperlyConfigured if there is none."""
    if settings.OIDC is None:
        raise ImproperlyConfigured("No identity provider is configured.")
    return settings.OIDC


def may_use_password(username: str) -> bool:
    return settings.OIDC is None or username == settings.OIDC.break_glass


def merged(response: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ``NotTheProvider`` for two different people, or a token without expiry."""
    token, person = response.get("id_token") or {}, response.get("userinfo") or {}
    if not isinstance(person, dict):
        raise NotTheProvider("The provider's userinfo is not a JSON object.")
    subject = token.get("sub")
    subject = subject if isinstance(subject, str) and subject.isprintable() else ""
    if not 0 < len(subject) <= SUBJECT_LENGTH:
        raise NotTheProvider("The ID token has no usable subject.")
    if person.get("sub", subject) != subject:
        raise NotTheProvider("The provider's userinfo and ID token are about different people.")
    if "exp" not in token:
        raise NotTheProvider("The ID token has no expiry.")
    # One source can't verify the address of the other.
    verified = (person if "email" in person else token).get("email_verified")
    return {**token, **person, "email_verified": verified}


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name) if name else ""
    # PostgreSQL stores no NUL.
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _texts(value: Any) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    return frozenset(one for one in values if isinstance(one, str))
