import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import override_settings

from inbox.lib.static_files import StaticFiles, collect_if_changed

HASHED = {"staticfiles": {"BACKEND": "inbox.lib.static_files.Storage"}}


async def beyond(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"the application"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("static") / "collected"
    with override_settings(STATIC_ROOT=root, STORAGES=HASHED):
        collect_if_changed()
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(
                StaticFiles(beyond),
                lifespan="off",
                log_config=None,
                loop="asyncio",
                timeout_keep_alive=60,
            )
        )
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=60) as client:
            yield client
        server.should_exit = True
        thread.join()
        with contextlib.suppress(OSError):
            listener.close()


def url(name: str) -> str:
    return staticfiles_storage.url(name)


@pytest.mark.parametrize("name", ["staticfiles.json", "release.txt", "none.css"])
def test_files_that_no_page_uses_are_not_found(site: httpx.Client, name: str) -> None:
    answer = site.get(f"/static/{name}", headers={"Accept-Encoding": "gzip, br"})
    assert answer.status_code == 404
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_browser_keeps_a_file_forever_under_its_hashed_name(site: httpx.Client) -> None:
    sheet = site.get(url("css/tokens.css"))
    assert sheet.status_code == 200
    assert sheet.headers["content-type"] == 'text/css; charset="utf-8"'
    assert "immutable" in sheet.headers["cache-control"]
    assert not {"etag", "last-modified"} & sheet.headers.keys()
    assert sheet.headers["x-content-type-options"] == "nosniff"
    assert sheet.headers["cross-origin-resource-policy"] == "same-origin"
    assert ":root" in sheet.text


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_file_is_sent_compressed(site: httpx.Client, encoding: str) -> None:
    path = url("css/question.css")
    plain = site.get(path, headers={"Accept-Encoding": "identity"})
    packed = site.head(path, headers={"Accept-Encoding": encoding})
    assert packed.headers["content-encoding"] == encoding
    assert packed.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3


def test_a_module_is_served_as_javascript(site: httpx.Client) -> None:
    assert site.get(url("js/keys.js")).headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/nothing.css",
        "/static/css/tokens.css",
        "/static/%2e%2e/manage.py",
        "/static/x/%2e%2e/%2e%2e/manage.py",
    ],
)
def test_files_that_were_not_collected_are_not_found(site: httpx.Client, path: str) -> None:
    assert site.get(path).status_code == 404


def test_static_files_are_read_only(site: httpx.Client) -> None:
    assert site.post(url("css/tokens.css")).status_code == 405
    assert site.head(url("css/tokens.css")).content == b""


def test_everything_else_reaches_the_application(site: httpx.Client) -> None:
    assert site.get("/inbox/").text == "the application"


class TestCollecting:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Iterator[Path]:
        """The folder that is collected into; the only source has two modules."""
        source = tmp_path / "source"
        (source / "js").mkdir(parents=True)
        (source / "js/first.js").write_text(
            'import { two } from "./second.js";\nimport "./second.js";\n'
        )
        (source / "js/second.js").write_text("export const two = 2;\n")
        finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
        with override_settings(
            STATIC_ROOT=tmp_path / "collected",
            STATICFILES_DIRS=[source],
            STATICFILES_FINDERS=finders,
            STORAGES=HASHED,
        ):
            collect_if_changed()
            yield tmp_path / "collected"

    def test_modules_import_each_other_by_hashed_name(self, root: Path) -> None:
        [second] = root.glob("js/second.*.js")
        [first] = root.glob("js/first.*.js")
        assert first.read_text().count(f'"./{second.name}"') == 2

    def test_an_unchanged_release_is_collected_once(self, root: Path) -> None:
        [second] = root.glob("js/second.*.js")
        second.write_text("as collected")
        collect_if_changed()
        assert second.read_text() == "as collected"

    def test_a_changed_file_is_collected_and_the_old_one_removed(self, root: Path) -> None:
        [before] = root.glob("js/second.*.js")
        (root.parent / "source/js/second.js").write_text("export const two = 1 + 1;\n")
        collect_if_changed()
        [after] = root.glob("js/second.*.js")
        assert after != before

    def test_a_collection_that_was_cut_off_is_made_again(self, root: Path) -> None:
        [second] = root.glob("js/second.*.js")
        second.unlink()
        (root / "release.txt").unlink()
        collect_if_changed()
        assert second.exists()
