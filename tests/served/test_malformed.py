import socket

import httpx
import pytest

from tests.support.product import Product

pytestmark = pytest.mark.any_database

LOGIN = "POST /accounts/login/"
FORM = "Content-Type: application/x-www-form-urlencoded"
PARTS = "Content-Type: multipart/form-data; boundary="
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)
MALFORMED = {
    "a host that is not ours": ("GET /", "Host: evil.example", ""),
    "a host that is none": ("GET /accounts/login/", "Host: ev il", ""),
    "a stream of another host": ("GET /live/inbox/", "Host: evil.example", ""),
    "a probe of another host": ("GET /healthz", "Host: evil.example", ""),
    "a NUL": ("GET /inbox/?q=%00", "", ""),
    "parts without a boundary": (LOGIN, PARTS, "abc"),
    "another character set": (LOGIN, f"{FORM}; charset=utf-16", "a=b"),
    "too many fields": (LOGIN, FORM, "&a=" * 2000),
    "a method that is not allowed": ("TRACE /accounts/login/", "", ""),
    "a page without its slash": ("GET /inbox", "", ""),
    "a page that is not there": ("GET /%ff", "", ""),
}


def ask(product: Product, request: str, header: str, body: str) -> str:
    url = httpx.URL(product.web)
    lines = [f"{request} HTTP/1.1", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [header] if header else []
    lines += [] if header.startswith("Host:") else [f"Host: {url.host}:{url.port}"]
    with socket.create_connection((url.host, url.port or 80), timeout=60) as sender:
        sender.sendall("\r\n".join([*lines, "", body]).encode("latin-1"))
        answer = b""
        while arrived := sender.recv(65536):
            answer += arrived
    return answer.partition(b"\r\n\r\n")[0].decode("latin-1").lower()


def said(product: Product) -> str:
    product.hear(httpx.get(f"{product.web}/nowhere", timeout=60).headers["X-Request-ID"])
    return "".join(product.said)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_request_that_is_refused_has_every_header_and_no_traceback(
    product: Product, name: str
) -> None:
    product.said.clear()
    head = ask(product, *MALFORMED[name])
    assert 300 <= int(head.split()[1]) < 500
    for header in (
        "content-security-policy: ",
        "frame-ancestors 'none'",
        "x-frame-options: deny",
        "x-content-type-options: nosniff",
        "cross-origin-resource-policy: same-origin",
    ):
        assert header in head
    assert "Traceback" not in said(product)


def test_a_web_socket_is_refused(product: Product) -> None:
    product.said.clear()
    assert ask(product, "GET /inbox/", UPGRADE, "").startswith("http/1.1 403")
    assert "Traceback" not in said(product)
