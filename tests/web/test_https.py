"""Pages under an https address: redirected, and their cookies kept from plain requests."""

from typing import Any

import pytest
from django.test import Client


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["inbox.example.com", "10.0.0.7"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://inbox.example.com:8443"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_SSL_HOST = "inbox.example.com:8443"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000


@pytest.mark.parametrize("host", ["inbox.example.com:8000", "10.0.0.7:8000", "evil.example"])
def test_a_plain_request_is_sent_to_the_public_address(host: str) -> None:
    answer = Client().get("/runs/?view=1", headers={"Host": host})
    assert answer["Location"] == "https://inbox.example.com:8443/runs/?view=1"


@pytest.mark.parametrize("probe", ["/healthz", "/readyz"])
def test_a_probe_is_answered_either_way(db: None, probe: str) -> None:
    assert Client().get(probe, headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_the_cookies_after_signing_in_are_for_https_only(people: None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Host": "inbox.example.com:8443"})
    page = client.get("/accounts/login/", secure=True)
    assert "max-age=31536000" in page["Strict-Transport-Security"]
    answer = client.post(
        "/accounts/login/",
        {"username": "rina", "password": "demo"},
        secure=True,
        headers={
            "Origin": "https://inbox.example.com:8443",
            "X-CSRFToken": client.cookies["csrftoken"].value,
        },
    )
    assert answer.status_code == 302
    assert client.cookies["csrftoken"]["secure"]
    assert client.cookies["sessionid"]["secure"]
