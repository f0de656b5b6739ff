import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.product import Product, question

PEOPLE = {f"patient{number:02}": f"user_patient{number:02}" for number in range(1, 21)}
GROUP = {
    "handle": "patient",
    "name": "Patient",
    "routing_policy": "all_members",
    "members": [*PEOPLE.values()],
}


@pytest.fixture(scope="module")
def patients(product: Product) -> Iterator[list[Visitor]]:
    entries = enter(product, dict(PEOPLE), [GROUP])
    visitors = [Visitor(product.web, name, entries[name]) for name in PEOPLE]
    yield visitors
    for visitor in visitors:
        visitor.close()


@contextmanager
def frozen_engine(product: Product) -> Iterator[None]:
    os.kill(product.engine_pid(), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(product.engine_pid(), signal.SIGCONT)


def unread_requests(port: int) -> int:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [(line.split()[1], line.split()[4].partition(":")[2]) for line in lines]
    return sum(end.endswith(f":{port:04X}") and int(unread, 16) > 0 for end, unread in ends)


def unfinished_post(visitor: Visitor) -> socket.socket:
    url = httpx.URL(visitor.web)
    sender = socket.create_connection((url.host, url.port or 80))
    head = f"POST /account/keys HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: 9\r\n"
    cookie = f"Cookie: sessionid={visitor.http.cookies['sessionid']}\r\n\r\n"
    sender.sendall(f"{head}{cookie}keys=off".encode())
    return sender


def test_pages_open_while_requests_are_unfinished_and_answers_wait_for_mobius(
    product: Product, patients: list[Visitor]
) -> None:
    with product.api() as api, patients[0].hearing() as until:
        asked = api.post(
            "/interactions",
            json=question("Are you there?", target={"type": "group", "id": "patient"}),
        )
        path = f"/interactions/{asked.json()['id']}/"
        until(lambda: patients[0].get(path).status_code == 200)
    for visitor in patients:
        visitor.get(path)
    port = httpx.URL(product.engine).port or 0
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(patients)))
        with frozen_engine(product):
            for visitor in patients:
                stack.enter_context(closing(unfinished_post(visitor)))
            answers = [
                pool.submit(visitor.post, f"{path}respond", {"value": "true"})
                for visitor in patients
            ]
            while unread_requests(port) < len(patients):
                assert not any(answer.done() for answer in answers)
            cookies = patients[0].http.cookies
            with httpx.Client(base_url=product.web, cookies=cookies, timeout=60) as browser:
                for page in ("/inbox/", path, "/account/", "/healthz", "/readyz"):
                    assert browser.get(page).status_code == 200
            assert not any(answer.done() for answer in answers)
        assert [answer.result().status_code for answer in answers] == [303] * len(patients)
