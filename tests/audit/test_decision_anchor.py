import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client, override_settings

from inbox.audit import anchor, chain
from inbox.audit.anchor import Head, appender
from inbox.audit.decision_log import Entry, append, begin
from inbox.audit.log_status import AT_ONCE, LogVerifier, inspect
from inbox.audit.verify import verify
from inbox.models import DecisionHead, Upstream
from inbox.upstream.reseal import reseal
from tests.support.tampering import cut_off_after, rewrite, wait_for_anchor
from tests.web.cast import people, sign_in


def enter(count: int = 1) -> DecisionHead:
    for _ in range(count):
        claim()
        wait_for_anchor()
    return DecisionHead.objects.get()


@transaction.atomic
def claim() -> None:
    append(Entry(verb="claim", actor="user_rina", upstream=Upstream.current()))


@pytest.fixture
def data(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A data folder of the test's own with the anchor file of an empty log."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    people()
    yield settings.DATA_DIR
    wait_for_anchor()


@pytest.fixture
def disk(data: Path, settings: Any, tmp_path: Path) -> Path:
    """The file of ``LOG_ANCHOR``, on what is another disk to the product."""
    (tmp_path / "disk").mkdir()
    settings.LOG_ANCHOR = str(tmp_path / "disk" / "heads")
    appender.catch_up()
    wait_for_anchor()
    return tmp_path / "disk" / "heads"


def numbers(path: Path) -> list[int]:
    lines = map(json.loads, path.read_text().splitlines())
    return [line["head"]["number"] for line in lines if "head" in line]


def said() -> str:
    return str(verify().problem)


def test_a_file_receives_the_newest_head_at_most_once_a_second(data: Path, disk: Path) -> None:
    appender.every = 1.0
    try:
        began = time.monotonic()
        for _ in range(20):
            claim()
        wait_for_anchor()
        took = time.monotonic() - began
    finally:
        appender.every = 0.0
    for path in (data / anchor.FILE, disk):
        told = numbers(path)
        assert told[-1] == 20
        assert len(told) <= 3 + took
        last = json.loads(path.read_text().splitlines()[-1])
        assert last["head"] == {"number": 20, "hash": DecisionHead.objects.get().hash}
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_cut_shows_on_another_disk_when_the_file_in_data_dir_was_adjusted(
    data: Path, disk: Path
) -> None:
    older = enter(5)
    enter(2)
    assert verify().intact
    cut_off_after(5, older)
    rewrite(anchor.files()[0], [Head(older.number, older.hash)])
    assert said() == (
        "Entry 6 doesn't match: all entries from it to entry 7 are missing, "
        f"although {disk} recorded them."
    )
    enter(5)
    assert f"Entry 6 doesn't match: {disk} recorded a different hash" in said()


def test_without_another_disk_an_adjusted_file_hides_a_cut(data: Path) -> None:
    older = enter(5)
    enter(2)
    cut_off_after(5, older)
    assert "although decisions.anchor recorded them" in said()
    rewrite(anchor.files()[0], [Head(older.number, older.hash)])
    assert verify().intact


def test_a_log_that_goes_on_after_a_cut_stays_suspect(data: Path) -> None:
    older = enter(AT_ONCE)
    enter()
    cut_off_after(AT_ONCE, older)
    enter(2)
    assert f"Entry {AT_ONCE + 1} doesn't match: decisions.anchor recorded a different" in said()
    assert not inspect().verdict.intact
    log_verifier = LogVerifier()
    log_verifier.verify_next_part()
    assert log_verifier.last is not None
    assert not log_verifier.last.verdict.intact


@pytest.mark.parametrize("which", ["own", "copy"])
def test_a_file_that_was_removed_is_missed_until_the_break_is_declared(
    data: Path, disk: Path, which: str
) -> None:
    enter(2)
    path = data / anchor.FILE if which == "own" else disk
    path.unlink()
    name = anchor.FILE if which == "own" else str(disk)
    for _ in range(2):
        appender._begun.clear()  # As after a restart.
        begin()
        appender.catch_up()
        enter()
        assert said() == (
            f"Entries at the end may be missing: {name} doesn't say how many there are. "
            "It was removed or damaged, or the database was moved."
        )
        assert verify().problem == inspect().verdict.problem
    reseal(reason="Lost the disk", account="root")
    enter()
    assert verify().intact


def test_a_declared_break_is_accepted_only_if_the_log_has_it(data: Path, disk: Path) -> None:
    older = enter(3)
    enter(4)
    cut_off_after(3, older)
    assert "although decisions.anchor recorded them" in said()
    files = anchor.files()
    for file in files:
        file.declare(Head(3, older.hash, resealed=True))
    assert "although decisions.anchor recorded them" in said()
    done = reseal(reason="Restored the backup of Monday", account="root")
    enter(2)
    assert verify().intact
    assert numbers(disk)[-3:] == [done.number, done.number + 1, done.number + 2]


def test_a_machine_that_was_away_or_a_process_that_died_is_caught_up(data: Path) -> None:
    head = enter(2)
    file = anchor.files()[0]
    rewrite(file, [Head(0, chain.NOTHING)])
    assert verify().intact
    appender.catch_up()
    wait_for_anchor()
    assert numbers(file.path) == [0, head.number]


def test_a_new_machine_begins_with_the_log_as_it_finds_it(
    data: Path, settings: Any, tmp_path: Path
) -> None:
    older = enter(3)
    settings.DATA_DIR = tmp_path / "another"
    settings.DATA_DIR.mkdir()
    anchor.join(older)
    assert verify().intact
    settings.DATA_DIR = data
    newer = enter(2)
    cut_off_after(older.number, older)
    assert "although decisions.anchor recorded them" in said()
    # The other machine had not seen the last entries, and joins only once.
    settings.DATA_DIR = tmp_path / "another"
    assert verify().intact
    anchor.join(newer)
    assert verify().intact


def test_an_upgrade_copies_the_head_that_was_noted(data: Path) -> None:
    head = enter(2)
    (data / anchor.FILE).unlink()
    database = anchor.files()[0].database
    old = {
        database: {"number": head.number, "hash": head.hash, "anchored": "", "failed": ""},
        "elsewhere/5432": {"number": 7, "hash": "a" * 64},
        "only a failure": {"number": None, "failed": "vault: sealed"},
    }
    (data / anchor.NOTE).write_text(json.dumps(old))
    begin()
    assert numbers(data / anchor.FILE) == [head.number, 7]
    assert verify().intact
    assert not (data / anchor.NOTE).exists()


def test_a_file_of_an_earlier_release_goes_on(data: Path, settings: Any, tmp_path: Path) -> None:
    head = enter(2)
    settings.LOG_ANCHOR = str(tmp_path / "heads.jsonl")
    line = {"head": {"number": 1, "entries": 1, "hash": "f" * 64, "mac": ""}, "at": ""}
    (tmp_path / "heads.jsonl").write_text(json.dumps(line) + "\n")
    appender.catch_up()
    wait_for_anchor()
    assert f"Entry 1 doesn't match: {tmp_path}/heads.jsonl recorded" in said()
    line["head"] = {"number": 2, "entries": 2, "hash": head.hash, "mac": ""}
    (tmp_path / "heads.jsonl").write_text(json.dumps(line) + "\n")
    assert verify().intact
    enter()
    assert numbers(tmp_path / "heads.jsonl") == [2, 3]


def test_a_line_that_was_cut_off_by_a_full_disk_spoils_no_other(data: Path) -> None:
    enter(2)
    with (data / anchor.FILE).open("a") as file:
        file.write('{"database": "x", "he')
    enter()
    assert verify().intact
    assert json.loads((data / anchor.FILE).read_text().splitlines()[-1])["head"]["number"] == 3


def test_administrators_see_a_failure_until_a_head_arrives(
    data: Path, settings: Any, tmp_path: Path
) -> None:
    settings.LOG_ANCHOR = str(tmp_path / "missing" / "heads")
    appender.catch_up()
    enter()
    admin = sign_in("admin")
    late = "New heads of the decision log haven&#x27;t reached"
    for path in ("/admin/", "/admin/inbox/decision/", "/connection/"):
        page = admin.get(path).content.decode()
        assert late in page
    assert late not in Client().get("/admin/login/").content.decode()
    assert "missing/heads: No such file or directory." in page
    (tmp_path / "missing").mkdir()
    appender.catch_up()
    wait_for_anchor()
    for path in ("/admin/", "/connection/"):
        assert late not in admin.get(path).content.decode()
    assert numbers(tmp_path / "missing" / "heads") == [DecisionHead.objects.get().number]
    assert verify().intact


def test_a_break_that_cannot_be_noted_says_so(data: Path, settings: Any, tmp_path: Path) -> None:
    settings.LOG_ANCHOR = str(tmp_path / "missing" / "heads")
    with pytest.raises(CommandError, match="missing/heads can't be written: No such file"):
        call_command("reseal_decisions", reason="Restored a backup")


def test_an_entry_stays_if_its_head_cannot_be_handed_to_the_files(data: Path) -> None:
    with override_settings(LOG_ANCHOR=0.5):
        claim()
    assert DecisionHead.objects.get().number == 1
