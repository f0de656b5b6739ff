import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reviewer_site.environment import ROOT
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.product import Product
from tests.support.scripted_server import Reply, ScriptedServer

pytestmark = [pytest.mark.process, pytest.mark.slow]

REAL = {
    "MOBIUS_BASE_URL": "http://127.0.0.1:9",
    "MOBIUS_API_KEY": "mbx_of_somebody_else",
    "MOBIUS_PROJECT": "production",
    "PUBLIC_URL": "https://inbox.example.com",
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("serve")
    product = Product(folder, environment(folder, "serve"))
    yield product
    product.kill()


@pytest.fixture
def product(installation: Product) -> Product:
    if not installation.running:
        installation.start()
    return installation


def manage(
    product: Product, *words: str, prefix: tuple[str, ...] = (), **given: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, str(ROOT / "manage.py"), *words],
        cwd=ROOT,
        env={**product.environment, **given},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def without_override() -> tuple[str, ...]:
    """A prefix that makes file modes bind a command even where root runs the tests."""
    return ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def until_ended(pid: int) -> None:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        told, _, _ = select.select([process], [], [], 60)
    finally:
        os.close(process)
    assert told, f"process {pid} lives on"


@pytest.mark.any_database
def test_ctrl_c_ends_both_processes_also_with_streams_open(product: Product) -> None:
    rina = Person(product.web, "rina")
    rina.sign_in()
    engine = product.engine_pid()
    with rina.stream("/live/inbox/") as stream:
        next(stream)
        assert product.stop() == 0
    assert ended(engine)
    assert not any("Traceback" in line for line in product.said)
    rina.close()


@pytest.mark.any_database
def test_the_end_of_the_engine_is_reported_and_ends_the_web_process(product: Product) -> None:
    os.kill(product.engine_pid(), signal.SIGKILL)
    assert product.wait() == 1
    assert any("engine ended unexpectedly" in line for line in product.said)


@pytest.mark.any_database
def test_a_killed_web_process_leaves_no_engine_behind(product: Product) -> None:
    engine = product.engine_pid()
    os.kill(product.pid, signal.SIGKILL)
    product.wait()
    until_ended(engine)


@pytest.mark.any_database
def test_sigterm_is_an_orderly_end_too(product: Product) -> None:
    engine = product.engine_pid()
    os.kill(product.pid, signal.SIGTERM)
    assert product.wait() == 0
    assert ended(engine)


def test_a_restarted_product_keeps_its_data(product: Product) -> None:
    with product.api() as api:
        before = api.get("/interactions", params={"status": "pending", "limit": 200}).json()
    assert product.stop() == 0
    product.start()
    with product.api() as api:
        after = api.get("/interactions", params={"status": "pending", "limit": 200}).json()
    assert [item["id"] for item in after["items"]] == [item["id"] for item in before["items"]]


@pytest.mark.any_database
def test_a_second_one_in_the_same_folder_is_refused(product: Product) -> None:
    done = manage(product, "serve")
    assert done.returncode == 1
    assert "already running" in done.stderr


@pytest.mark.any_database
@pytest.mark.parametrize("variable", ["PORT", "ENGINE_PORT"])
def test_a_taken_port_is_one_sentence_that_says_what_to_do(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        product = Product(tmp_path, environment(tmp_path, "taken", installed=True))
        done = manage(product, "serve", **{variable: str(taken.getsockname()[1])})
    assert done.returncode == 1
    assert "in use by another program" in done.stderr
    assert variable in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.any_database
def test_before_the_first_start_there_are_no_exports(tmp_path: Path) -> None:
    done = manage(Product(tmp_path, environment(tmp_path, "first")), "mobius_env")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


@pytest.mark.any_database
def test_demo_accounts_never_meet_a_real_mobius(product: Product) -> None:
    product.stop()
    done = manage(product, "serve", **REAL)
    assert done.returncode == 1
    assert "demo password" in done.stderr
    assert "rina" in done.stderr


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "MOBIUS_BASE_URL isn't set"),
        ({**REAL, "PUBLIC_URL": ""}, "PUBLIC_URL isn't set"),
        ({**REAL, "DEBUG": "on"}, "DEBUG is on"),
        (REAL, "Some migrations haven't been applied"),
    ],
)
def test_production_is_refused_while_something_is_missing(
    tmp_path: Path, given: dict[str, str], missing: str
) -> None:
    product = Product(tmp_path, environment(tmp_path, "production"))
    done = manage(product, "serve", "--production", **given)
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: {missing}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "secrets.env").exists()


@pytest.mark.any_database
def test_a_refused_key_is_reported_at_the_start_and_the_inbox_opens_anyway(
    tmp_path: Path,
) -> None:
    with ScriptedServer() as mobius:
        mobius.on("GET", "/v1/projects/production/", Reply(401), always=True)
        product = Product(tmp_path, environment(tmp_path, "refused", installed=True))
        product.environment |= {
            "MOBIUS_BASE_URL": mobius.base_url,
            "MOBIUS_API_KEY": "mbx_of_somebody_else",
            "MOBIUS_PROJECT": "production",
            "PUBLIC_URL": "https://inbox.example.com",
        }
        product.start()
        try:
            text = "".join(product.said)
            assert f"MOBIUS_API_KEY: Mobius at {mobius.base_url} doesn't accept this key." in text
            assert "The inbox is open at https://inbox.example.com/" in text
            assert "mbx_of_somebody_else" not in text
            assert "manage.py setup_link to get a link" in text
            assert "token=" not in text
            done = manage(product, "setup_link")
            assert done.stdout.startswith("https://inbox.example.com/accounts/link/?token=")
            given = ("--mobius-id", "user_rina", "--admin")
            assert manage(product, "add_person", "rina", *given).returncode == 0
            assert "already an active administrator" in manage(product, "setup_link").stderr
            assert httpx.get(f"{product.web}/healthz", timeout=60).status_code == 200
            for path in ("/runs/", "/static/favicon.svg", "/live/inbox/"):
                answer = httpx.get(f"{product.web}{path}", timeout=60)
                assert answer.headers["Location"] == f"https://inbox.example.com{path}"
        finally:
            product.kill()


@pytest.mark.any_database
def test_the_exports_pasted_into_the_terminal_change_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.stop()
    for name, value in product.exports().items():
        monkeypatch.setitem(product.environment, name, value)
    product.start()
    assert any("exports are ignored" in line for line in product.said)
    assert any('manage.py mobius_env)"' in line for line in product.said)
    assert {line.strip() for line in product.said if line.endswith(" …\n")} == {
        "Updating the database …",
        "Collecting static files …",
        "Starting the embedded engine …",
        "Asking the demo's questions …",
        "Starting the web server …",
    }
    assert product.environment["MOBIUS_API_KEY"] not in "".join(product.said)
    assert httpx.get(f"{product.web}/readyz", timeout=60).json() == {"status": "ready"}
    product.stop()


@pytest.mark.any_database
def test_more_questions_can_be_asked(product: Product) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--traffic", "--seed", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, env=product.environment, stdout=subprocess.PIPE, text=True
    ) as asking:
        try:
            assert asking.stdout is not None
            assert asking.stdout.readline().startswith(("Started ", "Asked "))
            asking.send_signal(signal.SIGINT)
            assert asking.wait(timeout=60) == 0
        finally:
            asking.kill()


@pytest.mark.any_database
@pytest.mark.parametrize("setting", ["DATABASE_URL", "ENGINE_DATABASE_URL"])
@pytest.mark.parametrize(
    "address", ["sqlite:////no/such/folder/x.sqlite3", "postgres://u:hush@127.0.0.1:1/inbox"]
)
def test_a_database_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, setting: str, address: str
) -> None:
    given = {**environment(tmp_path, "unopened", installed=True), setting: address}
    done = manage(Product(tmp_path, given), "serve")
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: {setting}: the database ")
    assert done.stderr.count("\n") == 1
    assert "hush" not in done.stderr


@pytest.mark.any_database
@pytest.mark.parametrize("files", [[], ["serve.lock", "inbox.sqlite3"]])
def test_a_data_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, files: list[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    folder.chmod(0o555)
    done = manage(
        Product(folder, environment(folder, "readonly")), "serve", prefix=without_override()
    )
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: ")
    assert done.stderr.count("\n") == 1
    assert str(folder) in done.stderr


def test_a_start_says_that_the_decision_log_was_changed(product: Product) -> None:
    # The last one here: its log stays broken.
    product.stop()
    change = "UPDATE inbox_decision SET account = 'nobody' WHERE number = 2"
    tamper = (
        "from tests.support.tampering import lift_triggers, run_sql; "
        f'lift_triggers(); run_sql("{change}")'
    )
    assert manage(product, "shell", "-c", tamper).returncode == 0
    product.said.clear()
    product.start()
    text = "".join(product.said)
    assert text.count("The database no longer protected the decision log against changes: ") == 1
    assert text.count("The decision log is not intact: Entry 2 doesn't match: ") == 1
    product.stop()
    product.said.clear()
    product.start()
    text = "".join(product.said)
    assert "no longer kept" not in text
    assert "The decision log is not intact: Entry 2 doesn't match: " in text
