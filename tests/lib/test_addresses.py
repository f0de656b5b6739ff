from typing import Any

import pytest
from django.test import Client

from inbox.lib import addresses

NEAR = "127.0.0.1, 10.0.0.0/8, ::1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "not an address", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, unknown, 10.1.2.3", "10.1.2.3"),
        ("::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
        ("testclient", "", ""),
    ],
)
def test_only_what_a_trusted_proxy_says_counts(peer: str, forwarded: str, address: str) -> None:
    assert addresses.client_address(peer, forwarded, addresses.read_networks(NEAR)) == address


def test_the_throttle_counts_by_the_same_address(db: None, settings: Any) -> None:
    def enter(address: str) -> int:
        wrong = {"username": "rina", "password": "wrong"}
        headers = {"X-Forwarded-For": address}
        return Client().post("/accounts/login/", wrong, headers=headers).status_code

    assert [enter("198.51.100.1") for _ in range(5)][-1] == 429
    assert enter("198.51.100.2") == 200
    settings.TRUSTED_PROXIES = []
    assert enter("198.51.100.1") == 200
