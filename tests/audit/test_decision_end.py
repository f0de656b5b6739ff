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

from inbox.answering import observed
from inbox.audit.decision_log import Entry, append, begin
from inbox.audit.verify import Verdict, verify
from inbox.models import Attempt, Decision, DecisionHead, Interaction, Reviewer, Upstream
from inbox.models.decision import RESPOND
from reviewer_site.environment import ROOT
from tests.support.databases import environment
from tests.support.snapshots import APPROVED, answered, ask
from tests.support.tampering import cut_off_after, wait_for_anchor
from tests.web.cast import people, tell

Enter = Callable[..., list[Decision]]


@pytest.fixture
def enter(
    db: None, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> Enter:
    settings.DATA_DIR = tmp_path
    begin()

    def append_and_commit(count: int = 1, **fields: Any) -> list[Decision]:
        said = {"verb": "claim", "actor": "user_rina", "upstream": Upstream.current(), **fields}
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            entries = append(*(Entry(**said) for _ in range(count)))
        wait_for_anchor()
        return entries

    return append_and_commit


def test_an_answered_attempt_without_an_entry_is_missed(enter: Enter) -> None:
    people()
    tell(ask())
    rina = Reviewer.objects.select_related("user").get(mobius_id="user_rina")
    attempt = Attempt.objects.create(
        operation_id="op_1",
        reviewer=rina,
        upstream=Upstream.current(),
        interaction_id="int_1",
        answers=APPROVED,
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
    with pytest.raises(CommandError, match=r"Entry 3 doesn.t match: .*export.jsonl recorded"):
        call_command("verify_decisions", against=lines)
    lines.write_text("nothing\n")
    with pytest.raises(CommandError, match="contains no heads"):
        call_command("verify_decisions", against=lines)


APPEND = """
import os, signal, sys, django
django.setup()
from django.db import transaction
from inbox.models import Upstream
from inbox.audit.decision_log import Entry, append, begin
from inbox.upstream.reseal import reseal
from inbox.audit.verify import verify
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
from inbox.upstream.installation import prepare
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

    def anchored() -> int:
        last = (tmp_path / "decisions.anchor").read_text().splitlines()[-1]
        number: int = json.loads(last)["head"]["number"]
        return number

    assert run(1, PREPARE) == (0, "")
    status, said = run(3, APPEND, "10")
    assert (status, anchored()) == (0, 30)
    assert said.count("problem=None") == 6
    status, _ = run(1, APPEND, "1", "die")
    assert (status, anchored()) == (signal.SIGKILL, 30)
    status, said = run(1, APPEND, "1")
    assert (status, anchored()) == (0, 32)
    assert said == f"{Verdict(31)}\n{Verdict(32)}\n"
    assert (tmp_path / "decisions.anchor").stat().st_mode & 0o777 == 0o600
