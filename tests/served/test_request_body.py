import socket

import httpx
import pytest

from tests.support.product import Product

pytestmark = pytest.mark.any_database

ENDLESS = 300_000_000


def post(product: Product, path: str, length: str, *, body: bytes = b"") -> str:
    url = httpx.URL(product.web)
    with socket.create_connection((url.host, url.port or 80), timeout=60) as sender:
        head = f"POST {path} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n{length}\r\n\r\n"
        sender.sendall(head.encode() + body)
        answer = b""
        while arrived := sender.recv(65536):
            answer += arrived
    return answer.decode()


@pytest.mark.parametrize("path", ["/accounts/login/", "/healthz", "/inbox/"])
def test_a_body_over_the_limit_is_refused_before_it_is_read(product: Product, path: str) -> None:
    answer = post(product, path, f"Content-Length: {ENDLESS}", body=b"x" * 1000)
    assert answer.startswith("HTTP/1.1 413")
    assert "too large to send" in answer
    assert "default-src 'none'" in answer


def test_a_body_without_a_length_is_refused_at_the_limit(product: Product) -> None:
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = post(product, "/accounts/login/", "Transfer-Encoding: chunked", body=piece * 41)
    assert answer.startswith("HTTP/1.1 413")
