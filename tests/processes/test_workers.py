import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reviewer_site.environment import ROOT
from tests.support import databases
from tests.support.product import Product

pytestmark = pytest.mark.process


TOKEN = "0123456789abcdef0123456789abcdef"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_sqlite_refuses_more_than_one_in_one_sentence(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--workers", "2"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "CommandError: More than one worker needs PostgreSQL. "
        "Set DATABASE_URL, or leave --workers out."
    )


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Product]:
    environment = databases.environment(tmp_path, "workers", installed=True)
    environment["METRICS_TOKEN"] = TOKEN
    product = Product(tmp_path, environment, "--workers", "2")
    product.start()
    yield product
    if product.running:
        product.stop()


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_worker_that_died_is_started_again_and_all_end_together(own: Product) -> None:
    until(lambda: len(own.children()) == 3)  # with the engine
    engine, first, second = own.children()
    os.kill(first, signal.SIGKILL)
    until(lambda: len(set(own.children()) - {engine, first, second}) == 1)
    # The other one serves meanwhile.
    assert httpx.get(f"{own.web}/healthz", timeout=60).status_code == 200
    assert "".join(own.said).count("Press Ctrl-C to stop") == 1
    own.hear("this process leads now")
    assert re.search(r"Leader: \S+-\d+ \(host and process\)", own.manage("doctor"))
    family = own.children()
    assert own.stop() == 0
    assert not any(map(runs, family))


@pytest.mark.slow
@pytest.mark.postgresql
def test_workers_and_engine_end_with_a_parent_that_is_killed(own: Product) -> None:
    until(lambda: len(own.children()) == 3)
    family = own.children()
    os.kill(own.pid, signal.SIGKILL)
    until(lambda: not any(map(runs, family)))
    own.wait()


def figures(product: Product, name: str) -> list[tuple[dict[str, str], float]]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{product.web}/metrics", headers=headers, timeout=60)
    families = text_string_to_metric_families(answer.text)
    samples = [sample for found in families for sample in found.samples if sample.name == name]
    return [(sample.labels, sample.value) for sample in samples]


@pytest.mark.slow
@pytest.mark.postgresql
def test_whichever_worker_answers_it_has_the_metrics_of_all_that_run(own: Product) -> None:
    def processes() -> set[int]:
        return {int(labels["pid"]) for labels, _ in figures(own, "inbox_process_memory_bytes")}

    def sign_in_pages() -> float:
        [count] = [
            value
            for labels, value in figures(own, "inbox_page_seconds_count")
            if labels["route"] == "login"
        ]
        return count

    until(lambda: len(own.children()) == 3)
    _, *workers = own.children()
    until(lambda: processes() == set(workers))
    for _ in range(5):
        httpx.get(f"{own.web}/accounts/login/", timeout=60)
    assert {sign_in_pages() for _ in range(12)} == {5}
    os.kill(workers[0], signal.SIGKILL)
    until(lambda: len(processes() - set(workers)) == 1 and workers[0] not in processes())
    assert sign_in_pages() == 5
    until(lambda: figures(own, "inbox_leader") == [({}, 1)])
