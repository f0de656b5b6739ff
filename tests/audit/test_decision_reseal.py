import io
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import transaction

from inbox.audit import anchor
from inbox.audit.anchor import appender
from inbox.audit.decision_log import Entry, append
from inbox.audit.verify import verify
from inbox.lib.secrets import Secrets
from inbox.lib.startup import StartRefused
from inbox.mobius.types import Target
from inbox.models import Attempt, Credential, Decision, DecisionHead, Notice, Reviewer, Upstream
from inbox.upstream.installation import prepare
from tests.support.snapshots import APPROVED, REJECTED, answered, ask
from tests.support.tampering import cut_off_after, lift_triggers, run_sql, wait_for_anchor
from tests.web.cast import people, sign_in, tell


@pytest.fixture
def folder(db: None, settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    people()
    with transaction.atomic():
        append(*(_claim() for _ in range(3)))
    anchor.join(DecisionHead.objects.get())
    return tmp_path


def _claim() -> Entry:
    return Entry(verb="claim", actor="user_rina", upstream=Upstream.current())


def reseal(reason: str = "The disk of the old server is lost.") -> str:
    out = io.StringIO()
    call_command("reseal_decisions", reason=reason, stdout=out)
    return out.getvalue()


def says() -> str:
    out = io.StringIO()
    call_command("verify_decisions", stdout=out)
    return out.getvalue().strip()


def test_it_asks_for_a_reason(folder: Path) -> None:
    with pytest.raises(CommandError, match="--reason"):
        call_command("reseal_decisions")
    with pytest.raises(CommandError, match="--reason"):
        reseal("  ")


def test_after_lost_keys_the_log_continues_and_owners_are_notified(
    folder: Path, settings: Any
) -> None:
    settings.SECRETS, settings.CREDENTIAL_KEYS = Secrets({}, stored=False), []
    settings.GIVEN_SECRETS = {}
    with pytest.raises(StartRefused):
        prepare()
    text = reseal()
    assert "The break is entry 4" in text
    assert "lee, rina, sam, tess" in text
    assert (folder / "secrets.env").is_file()
    prepare()
    assert says() == "intact, 8 entries; a break was declared at entry 4"
    broken = Decision.objects.get(verb="log_resealed")
    assert broken.comment == "The disk of the old server is lost."
    assert "none of the current keys sealed it" in broken.value["problem"]
    assert (broken.credential_kind, bool(broken.account)) == ("command", True)
    removed = Decision.objects.filter(verb="token_removed")
    assert set(removed.values_list("title", flat=True)) == {"lee", "rina", "sam", "tess"}
    assert not Credential.objects.exists()
    assert Notice.objects.get(reviewer__user__username="rina").kind == Notice.Kind.TOKEN_REMOVED
    page = " ".join(sign_in("rina").get("/notifications/").content.decode().split())
    assert "Your member token could no longer be read and was removed" in page
    assert "You no longer have access to this question" not in page
    with transaction.atomic():
        append(_claim())
    assert verify().intact


def test_tokens_that_a_present_key_opens_stay(folder: Path, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
    assert "removed" not in reseal()
    assert Credential.objects.count() == 4
    assert not Notice.objects.exists()


def test_a_restored_backup_is_declared(folder: Path) -> None:
    older = DecisionHead.objects.get()
    with transaction.atomic():
        append(_claim(), _claim())
    appender.catch_up()
    wait_for_anchor()
    cut_off_after(3, older)
    assert "all entries from it to entry 5 are missing" in str(verify().problem)
    reseal("Restored the backup of Monday.")
    assert says() == "intact, 4 entries; a break was declared at entry 4"
    broken = Decision.objects.get(verb="log_resealed")
    assert "all entries from it to entry 5 are missing" in broken.value["problem"]
    page = sign_in("tess").get("/decisions/").content.decode()
    assert "Break declared at entry 4" in page
    assert "Restored the backup of Monday." in page


def test_answers_that_the_log_has_lost_are_entered_again(folder: Path) -> None:
    sam = Target(type="user", id="user_sam")
    tell(answered(ask("int_1", target=sam), by="user_sam", minutes=5))
    tell(ask("int_2"))
    now = Decision.objects.get(verb="respond").at
    Attempt.objects.create(
        operation_id="op_1",
        reviewer=Reviewer.objects.get(mobius_id="user_rina"),
        upstream=Upstream.current(),
        interaction_id="int_2",
        answers=REJECTED,
        comment="Too early.",
        credential_kind="member",
        address="10.4.18.22",
        state=Attempt.State.ANSWERED,
        created_at=now,
        settled_at=now,
    )
    lift_triggers()
    run_sql("DELETE FROM inbox_decision")
    run_sql("DELETE FROM inbox_decisionhead")
    assert not verify().intact
    assert "Answers logged again because their entries were lost" in reseal()
    assert verify().intact
    rows = Decision.objects.filter(verb="respond").order_by("actor")
    assert list(rows.values_list("actor", "observed", "answers", "comment", "address")) == [
        ("user_rina", False, REJECTED, "Too early.", "10.4.18.22"),
        ("user_sam", True, APPROVED, "fine", ""),
    ]


def test_a_changed_entry_is_still_named_after_a_declared_break(folder: Path) -> None:
    lift_triggers()
    run_sql("UPDATE inbox_decision SET comment = 'x' WHERE number = 2")
    reseal()
    assert "Entry 2 doesn't match" in str(verify().problem)
