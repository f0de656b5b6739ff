"""Checks that ``PUBLIC_URL`` leads here, and that streams get through the proxy."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from inbox.management.findings import Finding, Verdict
from inbox.mobius.transport import ssl_context

MARKER = "Reviewer-Inbox"
PATIENCE = 5.0
"""Seconds for a response to begin, and for the first event of a stream, which is sent at once."""
SESSION_LASTS = timedelta(minutes=1)


def examine() -> list[Finding]:
    """Empty without a ``PUBLIC_URL``."""
    if not settings.ENVIRONMENT.PUBLIC_URL:
        return []
    if wrong := _reach():
        return [Finding(Verdict.FAILS, f"PUBLIC_URL: {wrong}")]
    users = get_user_model().objects.filter(is_active=True)
    # The one with the fewest rights.
    user = users.order_by("is_superuser", "pk").first()
    if user is None:
        text = "Streams through PUBLIC_URL: not checked, since there is no account yet."
        return [Finding(Verdict.NOTE, text)]
    if wrong := _stream(user):
        return [Finding(Verdict.FAILS, f"Streams through PUBLIC_URL: {wrong}")]
    return [Finding(Verdict.OK, f"Streams get through the proxy at {settings.PUBLIC_URL}.")]


def _reach() -> str:
    address = settings.PUBLIC_URL
    host = urlsplit(address).hostname
    try:
        with _request(reverse("healthz")) as response:
            if response.headers.get(MARKER) is None:
                return (
                    f"something else responds at {address} (status {response.status}). Start the "
                    f"product, then have the proxy pass requests for {host} to its port."
                )
            if response.status == http.client.BAD_REQUEST:
                return "the proxy changes the Host header. Have it pass the header on unchanged."
    except socket.gaierror:
        return f"the host {host} can't be found. Check its name and its DNS entry."
    except ssl.SSLCertVerificationError as error:
        return (
            f"this machine doesn't trust the certificate of {host} ({error.verify_message}). "
            "Renew it, or set SSL_CERT_FILE to the certificate of the authority that issued it."
        )
    except (OSError, http.client.HTTPException) as error:
        return (
            f"{address} isn't responding ({error or type(error).__name__}). Start the product, "
            "then check that the proxy is running and passes requests to it."
        )
    return ""


def _stream(user: Any) -> str:
    try:
        with (
            _signed_in(user) as cookie,
            _request(reverse("live-inbox"), Cookie=cookie) as response,
        ):
            if 300 <= response.status < 400:
                return (
                    "they are redirected to https in a loop. Have the proxy set "
                    "X-Forwarded-Proto, and name its address in TRUSTED_PROXIES."
                )
            if response.status != http.client.OK:
                return (
                    f"they are refused with status {response.status}. Have the proxy pass "
                    "requests for /live/ on with their cookies, without answering them itself."
                )
            if response.headers.get("Content-Encoding"):
                return "the proxy compresses them. Turn compression off for /live/."
            response.readline()
    except TimeoutError:
        return (
            f"no event arrived within {PATIENCE:.0f} s, so pages don't update. Turn buffering off "
            "in the proxy for /live/."
        )
    except (OSError, http.client.HTTPException) as error:
        return (
            f"the connection broke ({error or type(error).__name__}). Give /live/ a read time-out "
            "over 30 seconds in the proxy."
        )
    return ""


@contextmanager
def _request(path: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
    address = urlsplit(settings.PUBLIC_URL)
    host, port = address.hostname or "", address.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=ssl_context())
        if address.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=PATIENCE)
    )
    with closing(connection):
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            yield response


@contextmanager
def _signed_in(user: Any) -> Iterator[str]:
    """The cookie of a session that ends with the context."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "inbox.people.backend.ReviewerBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(SESSION_LASTS)
    session.create()
    try:
        yield f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    finally:
        session.delete()
