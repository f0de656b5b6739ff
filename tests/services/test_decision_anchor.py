"""New heads of the decision log reach a file or a command outside the database."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from inbox.models import DecisionHead, Upstream
from inbox.services.audit import anchor as decision_anchor
from inbox.services.audit import entry_count
from inbox.services.audit.anchor import NotAnchored, anchor, send
from inbox.services.audit.decision_log import Entry, append
from inbox.services.audit.verify import verify
from tests.web.cast import people, sign_in

HEAD = DecisionHead(number=7, hash="a" * 64, mac="b" * 64)


@transaction.atomic
def enter() -> None:
    append(Entry(verb="claim", actor="user_rina", upstream=Upstream.current()))


def settled() -> None:
    """Wait for the thread that delivers."""
    for thread in threading.enumerate():
        if thread.name == "log-anchor":
            thread.join()


@pytest.fixture
def data(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A data folder of the test's own, with committed transactions."""
    settings.DATA_DIR = tmp_path
    yield tmp_path
    settled()


def script(folder: Path, text: str) -> str:
    """The command that runs this Python program."""
    path = folder / "hook.py"
    path.write_text(text)
    return f"{sys.executable} '{path}' 'a word; $(touch {folder}/shell)'"


def heads(path: Path) -> list[int]:
    return [json.loads(line)["head"]["number"] for line in path.read_text().splitlines()]


def test_a_file_receives_the_newest_head_at_most_once_a_second(data: Path, settings: Any) -> None:
    kept = data / "anchor.jsonl"
    settings.LOG_ANCHOR = str(kept)
    began = time.monotonic()
    for _ in range(20):
        enter()
    settled()
    told = heads(kept)
    assert told[-1] == 20
    assert len(told) <= 1 + (time.monotonic() - began) / decision_anchor.EVERY
    last = json.loads(kept.read_text().splitlines()[-1])
    head = DecisionHead.objects.get()
    assert (last["head"]["hash"], last["head"]["mac"]) == (head.hash, head.mac)
    assert last["head"]["entries"] == 20
    assert kept.stat().st_mode & 0o777 == 0o600


def test_heads_that_did_not_arrive_are_delivered_later(data: Path, settings: Any) -> None:
    enter()
    kept = data / "anchor.jsonl"
    settings.LOG_ANCHOR = str(kept)
    for _ in range(2):
        anchor.catch_up()
        settled()
    assert heads(kept) == [1]


def test_a_command_gets_it_on_its_standard_input_without_a_shell_or_secrets(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIAL_KEYS", "hush")
    settings.LOG_ANCHOR = script(
        tmp_path,
        "import json, os, sys\n"
        "said = {'in': json.load(sys.stdin), 'words': sys.argv[1:], 'env': dict(os.environ)}\n"
        f"open({str(tmp_path / 'told')!r}, 'w').write(json.dumps(said))\n",
    )
    send(HEAD)
    told = json.loads((tmp_path / "told").read_text())
    assert told["in"]["head"]["number"] == 7
    assert told["words"] == [f"a word; $(touch {tmp_path}/shell)"]
    assert not (tmp_path / "shell").exists()
    assert "hush" not in told["env"].values()
    assert "PATH" in told["env"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sys; sys.exit('the vault is sealed')", "ended with status 1: the vault is sealed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended with status -9"),
        (
            "import os, time\nos.fork()\ntime.sleep(60)",
            "stopped after 0.5 s",
        ),
    ],
)
def test_a_command_that_fails_or_hangs_says_why(
    settings: Any, tmp_path: Path, text: str, why: str
) -> None:
    settings.LOG_ANCHOR = script(tmp_path, text)
    with pytest.raises(NotAnchored, match=why):
        send(HEAD, limit=0.5 if "stopped" in why else 60)


@pytest.mark.parametrize("where", ["missing/anchor.jsonl", "folder", "pipe"])
def test_a_file_that_cannot_be_written_says_why(settings: Any, tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    settings.LOG_ANCHOR = str(tmp_path / where)
    with pytest.raises(NotAnchored, match=where):
        send(HEAD)


def test_administrators_see_a_failure_until_a_head_arrives(data: Path, settings: Any) -> None:
    people()
    settings.LOG_ANCHOR = str(data / "missing" / "anchor.jsonl")
    enter()
    settled()
    assert verify().intact
    admin = sign_in("admin")
    said = "reached LOG_ANCHOR since"
    for path in ("/admin/", "/admin/inbox/decision/", "/connection/"):
        page = admin.get(path).content.decode()
        assert said in page
    assert said not in Client().get("/admin/login/").content.decode()
    assert "missing/anchor.jsonl: No such file or directory." in page
    (data / "missing").mkdir()
    anchor.catch_up()
    settled()
    for path in ("/admin/", "/connection/"):
        assert said not in admin.get(path).content.decode()
    assert heads(data / "missing" / "anchor.jsonl") == [DecisionHead.objects.get().number]


def test_a_failure_that_an_older_version_noted_is_shown_without_its_reason(
    data: Path, settings: Any
) -> None:
    settings.LOG_ANCHOR = str(data / "anchor.jsonl")
    (data / entry_count.FILE).write_text(
        json.dumps({entry_count._database(): {"failed": "vault: sealed", "failed_at": ""}})
    )
    assert decision_anchor.failure() == decision_anchor.Failure(problem=None, at=None)
