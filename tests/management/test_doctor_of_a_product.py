"""``manage.py doctor`` beside the running product, which has a proxy in front."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from reviewer_site.environment import ROOT
from tests.support.databases import environment
from tests.support.product import Product
from tests.support.scripted_server import PassThenNever, Reply, ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.any_database]


@pytest.fixture(scope="module")
def proxy() -> Iterator[ScriptedServer]:
    with ScriptedServer(keep_host=True) as server:
        yield server


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, proxy: ScriptedServer) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    given = environment(folder, "doctor", installed=True)
    product = Product(folder, given | {"PUBLIC_URL": proxy.base_url})
    product.start()
    proxy.upstream = product.web
    yield product
    product.stop()


def examined(product: Product) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "doctor"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def test_nothing_is_wrong_with_the_demo(product: Product, proxy: ScriptedServer) -> None:
    status, said = examined(product)
    assert status == 0, said
    assert f"   ok  Streams get through the proxy at {proxy.base_url}." in said
    assert "   ok  Clock: agrees with that of Mobius." in said
    assert "   ok  Keys: they decrypt all member tokens (4)." in said
    assert "fails" not in said


@pytest.mark.parametrize(
    ("path", "step", "says"),
    [
        pytest.param("^/live/", PassThenNever(), "no event arrived within 5 s", id="buffered"),
        pytest.param("^/live/", Reply(301), "Have the proxy set X-Forwarded-Proto", id="scheme"),
        pytest.param("^/live/", Reply(403), "refused with status 403", id="refused"),
        pytest.param("^/healthz", Reply(200), "something else responds at", id="elsewhere"),
    ],
)
def test_a_proxy_in_the_way_is_named(
    product: Product, proxy: ScriptedServer, path: str, step: PassThenNever | Reply, says: str
) -> None:
    proxy.on("GET", path, step, always=True)
    try:
        status, said = examined(product)
    finally:
        proxy.forget()
    assert status == 1
    assert says in said.partition("fails  ")[2], said


def test_a_proxy_that_does_not_run_is_named(product: Product, proxy: ScriptedServer) -> None:
    proxy.refuse()
    try:
        status, said = examined(product)
    finally:
        proxy.listen()
    assert status == 1
    assert f"fails  PUBLIC_URL: {proxy.base_url} isn't responding" in said


def test_it_leaves_no_session_behind(product: Product) -> None:
    count = "from django.contrib.sessions.models import Session; print(Session.objects.count())"
    before = product.manage("shell", "--no-imports", "-c", count)
    examined(product)
    assert product.manage("shell", "--no-imports", "-c", count) == before
