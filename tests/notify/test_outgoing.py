"""Requests to addresses that people entered reach the public network only."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.notify import outgoing
from inbox.notify.outgoing import NotPosted, Reply, Why
from tests.support import scripted_server as scripted
from tests.support.scripted_server import ScriptedServer

pytestmark = pytest.mark.any_database


@pytest.fixture
def server(settings: Any) -> Iterator[ScriptedServer]:
    settings.NOTIFY_PRIVATE_HOSTS = ("127.0.0.1",)
    with ScriptedServer() as server:
        yield server


def post(url: str) -> Reply:
    return asyncio.run(outgoing.post(url, b"{}", {"Content-Type": "application/json"}))


def why_not(url: str) -> Why:
    with pytest.raises(NotPosted) as caught:
        post(url)
    return caught.value.why


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_no_public_address(address: str) -> None:
    assert not outgoing.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1"])
def test_what_is_a_public_address(address: str) -> None:
    assert outgoing.is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/", Why.PRIVATE),
        ("https://localhost/", Why.PRIVATE),
        ("https://2130706433/", Why.PRIVATE),
        ("https://0x7f.1/", Why.PRIVATE),
        ("https://[::ffff:127.0.0.1]/", Why.PRIVATE),
        ("https://169.254.169.254/latest/meta-data/", Why.PRIVATE),
        ("http://93.184.215.14/", Why.NOT_HTTPS),
        ("ftp://example.com/", Why.NOT_AN_ADDRESS),
        ("https://example.com@127.0.0.1/", Why.NOT_AN_ADDRESS),
        ("https:///hook", Why.NOT_AN_ADDRESS),
        ("https://[::1/", Why.NOT_AN_ADDRESS),
        ("https://nowhere.invalid/", Why.UNKNOWN_HOST),
    ],
)
def test_what_nothing_is_posted_to(url: str, why: Why, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    assert why_not(url) is why
    with pytest.raises(NotPosted):
        asyncio.run(outgoing.check(url))


def resolve(monkeypatch: pytest.MonkeyPatch, host: str, *answers: tuple[str, ...]) -> list[str]:
    """Have the system resolve ``host`` differently each time. Returns what was asked."""
    original, asked, left = socket.getaddrinfo, [], list(answers)

    def getaddrinfo(name: Any, port: Any, *args: Any, **options: Any) -> Any:
        asked.append(name)
        if name != host:
            return original(name, port, *args, **options)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_the_connection_goes_to_the_address_that_was_checked(
    server: ScriptedServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_PRIVATE_HOSTS = ("hooks.test",)
    asked = resolve(monkeypatch, "hooks.test", ("127.0.0.1",), ("10.0.0.1",))
    server.on("POST", "/hook", scripted.Reply(204))
    url = server.base_url.replace("127.0.0.1", "hooks.test")
    assert post(f"{url}/hook?a=1") == Reply(204)
    [request] = server.requests
    assert f"http://{request.headers['host']}{request.target}" == f"{url}/hook?a=1"
    assert asked == ["hooks.test"]


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    resolve(monkeypatch, "hooks.test", ("93.184.215.14", "10.0.0.1"))
    assert why_not("https://hooks.test/") is Why.PRIVATE


def test_an_address_that_refuses_connections_is_followed_by_the_next(
    server: ScriptedServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_PRIVATE_HOSTS = ("hooks.test",)
    resolve(monkeypatch, "hooks.test", ("127.0.0.2", "127.0.0.1"))
    server.on("POST", "/", scripted.Reply(200))
    assert post(server.base_url.replace("127.0.0.1", "hooks.test")).ok


def test_redirects_are_not_followed(server: ScriptedServer) -> None:
    server.on("POST", "/", scripted.Reply(307, headers={"location": "/elsewhere"}))
    assert post(server.base_url) == Reply(307)
    assert len(server.requests) == 1


def test_the_reply_says_how_long_to_wait(server: ScriptedServer) -> None:
    for seconds in ("7", "999999", "Wed, 21 Oct 2026 07:28:00 GMT"):
        server.on("POST", "/", scripted.Reply(429, headers={"retry-after": seconds}))
    waits = [post(server.base_url).retry_after for _ in range(3)]
    assert waits == [timedelta(seconds=7), outgoing.LONGEST_WAIT, None]


def test_a_server_that_says_nothing_is_given_up(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT", 0.3)
    server.on("POST", "/", scripted.Never())
    assert why_not(server.base_url) is Why.TIMED_OUT


def test_a_server_that_breaks_off_is_unreachable(server: ScriptedServer) -> None:
    server.on("POST", "/", scripted.CutAfterRead())
    assert why_not(server.base_url) is Why.UNREACHABLE
    server.refuse()
    assert why_not(server.base_url) is Why.UNREACHABLE


def test_with_a_proxy_the_proxy_resolves(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.base_url)
    monkeypatch.setenv("https_proxy", server.base_url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.on("CONNECT", "", scripted.Reply(403))
    assert why_not("https://hooks.invalid/") is Why.UNREACHABLE
    assert server.requests[0].target == "hooks.invalid:443"
    assert why_not("https://127.0.0.1:1/") is not Why.PRIVATE
