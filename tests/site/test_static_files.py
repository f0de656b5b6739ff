"""Static files over the real server."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from django.templatetags.static import static

from reviewer_site.static_files import StaticFiles


async def beyond(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"the application"})


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(StaticFiles(beyond), lifespan="off", log_config=None, loop="asyncio")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=address) as client:
        yield client
    server.should_exit = True
    thread.join()
    with contextlib.suppress(OSError):
        listener.close()


def test_a_file_is_kept_for_ever_under_the_present_release(site: httpx.Client) -> None:
    sheet = site.get(static("css/tokens.css"))
    assert sheet.status_code == 200
    assert sheet.headers["content-type"] == 'text/css; charset="utf-8"'
    assert "immutable" in sheet.headers["cache-control"]
    assert sheet.headers["x-content-type-options"] == "nosniff"
    assert ":root" in sheet.text


@pytest.mark.parametrize("path", ["/static/000000000000/css/tokens.css", "/static/css/tokens.css"])
def test_another_release_gets_the_present_file_and_asks_again(
    site: httpx.Client, path: str
) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "max-age=0, public"


def test_a_file_that_the_browser_has_is_not_sent_again(site: httpx.Client) -> None:
    first = site.get("/static/css/tokens.css")
    again = site.get("/static/css/tokens.css", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_module_is_served_as_javascript(site: httpx.Client) -> None:
    assert site.get(static("js/keys.js")).headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/nothing.css",
        "/static/%2e%2e/manage.py",
        "/static/x/%2e%2e/%2e%2e/manage.py",
    ],
)
def test_what_is_no_static_file_is_not_found(site: httpx.Client, path: str) -> None:
    assert site.get(path).status_code == 404


def test_static_files_are_only_read(site: httpx.Client) -> None:
    assert site.post(static("css/tokens.css")).status_code == 405
    assert site.head(static("css/tokens.css")).content == b""


def test_everything_else_reaches_the_application(site: httpx.Client) -> None:
    assert site.get("/inbox/").text == "the application"
