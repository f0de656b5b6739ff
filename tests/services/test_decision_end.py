"""A decision log that was cut off, although the rest of it matches."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from inbox.models import Attempt, Decision, DecisionHead, Interaction, Reviewer, Upstream
from inbox.models.decision import RESPOND
from inbox.services import observed
from inbox.services.audit import entry_count
from inbox.services.audit.decision_log import Entry, append, begin
from inbox.services.audit.log_status import AT_ONCE, LogVerifier, inspect
from inbox.services.audit.reseal import reseal
from inbox.services.audit.verify import Verdict, verify
from reviewer_site.environment import ROOT
from tests.support.databases import environment
from tests.support.snapshots import answered, ask
from tests.support.tampering import lift_triggers, run_sql
from tests.web.cast import people, tell

Enter = Callable[..., list[Decision]]


@pytest.fixture
def enter(
    db: None, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> Enter:
    """Append entries, and do what follows the commit."""
    settings.DATA_DIR = tmp_path
    entry_count.begin()

    def append_and_commit(count: int = 1, **fields: Any) -> list[Decision]:
        said = {"verb": "claim", "actor": "user_rina", "upstream": Upstream.current(), **fields}
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            return append(*(Entry(**said) for _ in range(count)))

    return append_and_commit


def cut_off_after(number: int, head: DecisionHead) -> None:
    """Delete the last entries and put back the genuine head of that time."""
    lift_triggers()
    run_sql("DELETE FROM inbox_decision WHERE number > %s", [number])
    run_sql(
        "UPDATE inbox_decisionhead SET number = %s, hash = %s, mac = %s",
        [head.number, head.hash, head.mac],
    )


def test_the_entry_count_file_shows_that_the_end_was_cut_off(enter: Enter) -> None:
    enter(5)
    older = DecisionHead.objects.get()
    enter(2)
    assert verify().intact
    cut_off_after(5, older)
    assert str(verify().problem) == (
        "Entry 6 doesn't match: all entries from it to entry 7 are missing, "
        "although decisions.json recorded them."
    )
    enter(1)
    assert "Entry 7 doesn't match: it's missing" in str(verify().problem)
    enter(3)
    assert "Entry 7 doesn't match: decisions.json recorded a different" in str(verify().problem)
    assert entry_count.read().number == 7


def test_a_note_may_be_behind_the_log(enter: Enter, tmp_path: Path) -> None:
    enter(2)
    with transaction.atomic():
        append(Entry(verb="claim", actor="user_rina", upstream=Upstream.current()))
    assert entry_count.read().number == 2
    assert verify().intact
    enter()
    assert entry_count.read().number == 4


@pytest.mark.parametrize("left", [2, 0])
@pytest.mark.parametrize("damage", [Path.unlink, lambda note: note.write_text("{")])
def test_a_note_that_is_missing_is_reported_until_the_break_is_declared(
    enter: Enter, tmp_path: Path, left: int, damage: Callable[[Path], object]
) -> None:
    people()
    heads = [DecisionHead.objects.get()]
    enter(2)
    heads.append(DecisionHead.objects.get())
    enter()
    damage(tmp_path / "decisions.json")
    cut_off_after(left, heads[left // 2])
    for _ in range(2):
        begin()
        assert str(verify().problem) == (
            "Entries at the end may be missing: decisions.json doesn't say how many there are. "
            "It was removed or damaged, or the database was moved."
        )
        assert verify().problem == inspect().verdict.problem
        enter()
    reseal(reason="Moved the database", account="root")
    assert verify().intact


def test_another_machine_begins_with_the_log_as_it_finds_it_and_counts_on(
    enter: Enter, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    people()
    enter(3)
    settings.DATA_DIR = tmp_path / "another"
    entry_count.join(DecisionHead.objects.get())
    assert entry_count.read().number == 3
    assert verify().intact
    # What the first machine appends, the other notes once it has verified it.
    settings.DATA_DIR = tmp_path
    enter(2)
    older = DecisionHead.objects.get()
    settings.DATA_DIR = tmp_path / "another"
    assert verify().intact
    assert entry_count.read().number == 3
    with django_capture_on_commit_callbacks(execute=True):
        LogVerifier().verify_next_part()
    assert entry_count.read().number == 5
    settings.DATA_DIR = tmp_path
    enter()
    cut_off_after(5, older)
    assert "recorded them" in str(verify().problem) or "it's missing" in str(verify().problem)
    # The other machine had not seen the last entry.
    settings.DATA_DIR = tmp_path / "another"
    assert verify().intact
    entry_count.join(DecisionHead(number=0))
    assert entry_count.read().number == 5


def test_a_long_log_is_compared_with_the_note_at_once(enter: Enter) -> None:
    enter(AT_ONCE)
    older = DecisionHead.objects.get()
    [last] = enter()
    assert inspect().verdict.intact
    cut_off_after(AT_ONCE, older)
    enter(2)
    assert f"Entry {last.number:,} doesn't match" in str(inspect().verdict.problem)
    log_verifier = LogVerifier()
    log_verifier.verify_next_part()
    assert log_verifier.last is not None
    assert not log_verifier.last.verdict.intact


def test_a_rolled_back_entry_is_not_noted(
    transactional_db: None, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    entry_count.begin()

    def broken() -> None:
        with transaction.atomic():
            append(Entry(verb="claim", actor="user_rina", upstream=Upstream.current()))
            raise LookupError

    with pytest.raises(LookupError):
        broken()
    assert entry_count.read().number == 0


def test_an_answered_attempt_without_an_entry_is_missed(enter: Enter) -> None:
    people()
    tell(ask())
    rina = Reviewer.objects.select_related("user").get(mobius_id="user_rina")
    attempt = Attempt.objects.create(
        operation_id="op_1",
        reviewer=rina,
        upstream=Upstream.current(),
        interaction_id="int_1",
        value=True,
        credential_kind="member",
        state=Attempt.State.ANSWERED,
        created_at=timezone.now(),
    )
    older = DecisionHead.objects.get()
    with transaction.atomic():
        append(observed.entry_of(attempt, Interaction.objects.get(), at=None))
    assert verify().intact
    Reviewer.objects.filter(pk=rina.pk).update(mobius_id="user_of_another_name")
    assert verify().intact
    Reviewer.objects.filter(pk=rina.pk).update(mobius_id="user_rina")
    cut_off_after(0, older)
    assert str(verify().problem) == (
        "user_rina's answer to int_1 was sent from here, but has no entry."
    )


def test_answers_in_the_mirror_without_an_entry_are_missed(enter: Enter) -> None:
    people()
    older = DecisionHead.objects.get()
    for number in (1, 2, 3):
        tell(answered(ask(f"int_{number}"), by="user_rina", minutes=5))
    tell(answered(ask("int_4"), by="user_of_nobody_here", minutes=5))
    assert Decision.objects.filter(verb=RESPOND).count() == 4
    assert verify().intact
    cut_off_after(0, older)
    assert str(verify().problem) == (
        "Answers in the mirror that have no entry: 3. The first is user_rina's answer to int_1."
    )


def test_an_earlier_head_is_compared_where_one_is_given(enter: Enter, tmp_path: Path) -> None:
    enter(3)
    head = DecisionHead.objects.get()
    lines, table = tmp_path / "export.jsonl", tmp_path / "export.csv"
    kept = {"number": head.number, "hash": head.hash}
    lines.write_text(json.dumps({"entry": {}}) + "\n" + json.dumps({"head": kept}) + "\n")
    table.write_text(f"number,verb,hash\n1,claim,x\n3,head,{head.hash}\n")
    enter()
    for file in (lines, table):
        call_command("verify_decisions", against=file)
    other = kept | {"hash": "f" * 64}
    lines.write_text(json.dumps({"head": other}) + "\n")
    with pytest.raises(CommandError, match="entry 3 in the log differs"):
        call_command("verify_decisions", against=lines)
    lines.write_text("nothing\n")
    with pytest.raises(CommandError, match="can't be read"):
        call_command("verify_decisions", against=lines)


APPEND = """
import os, signal, sys, django
django.setup()
from django.db import transaction
from inbox.models import Upstream
from inbox.services.audit.decision_log import Entry, append, begin
from inbox.services.audit.reseal import reseal
from inbox.services.audit.verify import verify
print(verify())
for turn in range(int(sys.argv[1])):
    with transaction.atomic():
        if "die" in sys.argv:
            transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
        append(Entry(verb="claim", actor=f"user_{os.getpid()}", upstream=Upstream.current()))
print(verify())
"""
PREPARE = """
import django
django.setup()
from inbox.services.installation import prepare
prepare()
"""


@pytest.mark.process
def test_processes_that_append_side_by_side_or_die_after_the_commit(tmp_path: Path) -> None:
    given = environment(tmp_path, "side_by_side", installed=True)
    given["DJANGO_SETTINGS_MODULE"] = "reviewer_site.settings"

    def run(count: int, *words: str) -> tuple[int, str]:
        command = [sys.executable, "-c", *words]
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        said = [process.communicate(timeout=200)[0] for process in processes]
        return max(abs(process.returncode) for process in processes), "".join(said)

    def noted() -> int:
        (note,) = json.loads((tmp_path / "decisions.json").read_text()).values()
        number: int = note["number"]
        return number

    assert run(1, PREPARE) == (0, "")
    status, said = run(3, APPEND, "10")
    assert (status, noted()) == (0, 30)
    assert said.count("problem=None") == 6
    status, _ = run(1, APPEND, "1", "die")
    assert (status, noted()) == (signal.SIGKILL, 30)
    status, said = run(1, APPEND, "1")
    assert (status, noted()) == (0, 32)
    assert said == f"{Verdict(31)}\n{Verdict(32)}\n"
    assert (tmp_path / "decisions.json").stat().st_mode & 0o777 == 0o600
