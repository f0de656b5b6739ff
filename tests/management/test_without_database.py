"""Commands while the database is down: one line says why, and ``serve`` can wait for it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection

from inbox.management.preparing import wait_for_database
from reviewer_site.environment import ROOT
from tests.support.ports import reserve


@pytest.mark.process
@pytest.mark.any_database
@pytest.mark.parametrize("command", ["verify_decisions", "migrate", "doctor"])
def test_a_command_says_in_one_line_that_the_database_is_down(tmp_path: Path, command: str) -> None:
    with reserve() as reserved:
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"postgres://postgres@{address}/inbox",
        }
        ended = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.removeprefix("CommandError: ").startswith(
        "DATABASE_URL: the database inbox can't be opened: "
    )


@pytest.fixture
def later(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "later"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(folder / "inbox.sqlite3"))
    return folder


@pytest.mark.sqlite
def test_a_start_waits_until_the_database_can_be_opened(later: Path) -> None:
    said = []

    def say(text: str) -> Any:
        said.append(text)
        later.mkdir()

    wait_for_database(60, say)
    assert said == ["Waiting up to 60 s for the database."]


@pytest.mark.sqlite
def test_a_start_does_not_wait_longer(later: Path) -> None:
    with pytest.raises(CommandError, match="can't be opened"):
        wait_for_database(0, print)
