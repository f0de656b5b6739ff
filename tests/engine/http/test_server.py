import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from reviewer_site.environment import ROOT
from tests.engine.http.reading import reading
from tests.fixtures_engine import Project, fresh_project
from tests.support import databases
from tests.support.engine_process import EngineProcess

pytestmark = pytest.mark.process


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Project]:
    process = EngineProcess(databases.environment(tmp_path, "own"))
    process.start()
    project = fresh_project(process)
    yield project
    project.close()


def test_it_ends_on_sigterm_with_streams_open(own: Project) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(reading(own)) for _ in range(20)]
        for stream in streams:
            next(stream)
        assert own.engine.terminate() == 0
        for stream in streams:
            assert list(stream) == [], "each was ended properly, not cut"


def test_it_ends_on_sigterm_when_a_reader_does_not_read(own: Project) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(own.base_url).port)) as slow:
        slow.sendall(
            f"GET /v1/projects/{own.handle}/runs/events HTTP/1.1\r\nHost: engine\r\n"
            f"Authorization: Bearer {own.service_key}\r\n\r\n".encode()
        )
        assert slow.recv(1) == b"H"
        for _ in range(40):
            own.ask(message="x" * 200_000)
        own.engine.terminate()


class Command:
    """``manage.py engine`` on a free port, with a pipe to its parent or without."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        parent: bool = False,
        api: str = "a",
        environment: dict[str, str] | None = None,
    ) -> None:
        theirs, self.pipe = os.pipe()
        arguments = ["--parent-pipe", str(theirs)] if parent else []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "engine", "--port", str(port), *arguments],
            cwd=ROOT,
            env={
                **(environment or databases.environment(folder, "command")),
                "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
                "ENGINE_API": api,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[theirs],
        )
        os.close(theirs)

    def address(self) -> str:
        assert self.process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", self.process.stdout.readline())
        assert found is not None
        return found.group()

    def end(self) -> tuple[int, str]:
        try:
            _, said = self.process.communicate(timeout=200)
        finally:
            self.process.kill()
        return self.process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_address_and_ends_on_a_signal(tmp_path: Path, number: int) -> None:
    command = Command(tmp_path)
    address = command.address()
    assert httpx.get(f"{address}/v1/projects/x/runs", timeout=60).status_code == 401
    command.process.send_signal(number)
    assert command.end() == (0, "")
    os.close(command.pipe)


def test_with_a_parent_it_ignores_sigint_and_ends_when_the_pipe_closes(tmp_path: Path) -> None:
    command = Command(tmp_path, parent=True)
    address = command.address()
    command.process.send_signal(signal.SIGINT)
    for _ in range(3):
        assert httpx.get(f"{address}/v1/projects/x/runs", timeout=60).status_code == 401
    os.close(command.pipe)
    assert command.end() == (0, "")


def test_a_taken_port_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = Command(tmp_path, port=taken.getsockname()[1])
        status, said = command.end()
    os.close(command.pipe)
    assert status == 1
    assert "ENGINE_PORT" in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1


def test_a_data_folder_keeps_the_generation_that_it_began_with(tmp_path: Path) -> None:
    environment = databases.environment(tmp_path, "command")
    began = Command(tmp_path, api="c", environment=environment)
    assert httpx.get(f"{began.address()}/v1/interactions", timeout=60).status_code == 401
    began.process.terminate()
    assert began.end()[0] == 0
    other = Command(tmp_path, environment=environment)
    status, said = other.end()
    for command in (began, other):
        os.close(command.pipe)
    assert status == 1
    assert said.startswith(f"CommandError: The data folder {tmp_path} began with ENGINE_API=c, and")
    assert said.count("\n") == 1


def test_a_stream_sends_what_another_process_committed(tmp_path: Path) -> None:
    environment = databases.environment(tmp_path, "pair")
    one, other = EngineProcess(environment), EngineProcess(environment)
    one.start()
    other.start()
    project = fresh_project(one)
    with reading(project) as stream:
        assert next(stream).id == 0
        created = project.http.post(
            f"{other.base_url}/v1/projects/{project.handle}/interactions",
            json={
                "type": "approval",
                "message": "Ship it?",
                "target": {"type": "user", "id": "user_rina"},
            },
        )
        assert created.status_code == 201
        assert next(stream).id == 1
    project.close()
    one.stop()
    other.stop()
