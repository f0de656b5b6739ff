import io
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from inbox.audit import chain, decision_log
from inbox.audit.decision_log import Entry, append
from inbox.audit.log_status import LogVerifier
from inbox.audit.origin import Origin
from inbox.audit.verify import verify
from inbox.models import Decision, DecisionHead, Interaction, Upstream, append_only
from inbox.models.decision import AppendOnly
from reviewer_site.environment import ROOT
from tests.support.snapshots import APPROVED
from tests.support.tampering import lift_triggers, run_sql

WRITERS = 16


def entry(**fields: Any) -> Entry:
    said = {"verb": "claim", "actor": "user_rina", "upstream": Upstream.current(), **fields}
    return Entry(**said)


@transaction.atomic
def enter(count: int = 1, **fields: Any) -> list[Decision]:
    return append(*(entry(**fields) for _ in range(count)))


def says() -> str:
    out = io.StringIO()
    try:
        call_command("verify_decisions", stdout=out)
    except CommandError as error:
        return str(error) if error.returncode == 1 else f"ends with {error.returncode}"
    return out.getvalue().strip()


@pytest.fixture
def log(db: None) -> list[Decision]:
    """Seven entries, without the triggers that protect them."""
    rows = enter(7, value={"of": [1, 2.5, "€"]}, comment="Grüße", shown={"message": "Release?"})
    lift_triggers()
    return rows


def test_an_empty_log_is_intact(db: None) -> None:
    assert says() == "intact, 0 entries"


def test_entries_are_numbered_and_each_follows_from_the_one_before(db: None) -> None:
    first, second = enter(), enter()
    assert [first[0].number, second[0].number] == [1, 2]
    assert first[0].previous == "0" * 64
    assert second[0].previous == first[0].hash
    assert DecisionHead.objects.get().hash == second[0].hash
    assert says() == "intact, 2 entries"


def test_an_entry_has_every_field(db: None) -> None:
    item = Interaction(
        mobius_id="int_1", run_id="run_1", group_id="grp_1", workflow="release", title="Release?"
    )
    at = datetime(2026, 11, 24, 9, 31, 8, 12, tzinfo=UTC)
    enter(
        verb="respond",
        account="rina",
        item=item,
        at=at,
        origin=Origin("10.4.18.22"),
        credential_kind="member",
        operation_id="op_1",
        answers=APPROVED,
        round=2,
        comment="Lag is flat.",
        shown={"message": "Release?"},
    )
    told = chain.fields_of(Decision.objects.get())
    entered = told.pop("entered_at")
    assert entered.endswith("Z")
    assert told == {
        "number": 1,
        "version": 4,
        "at": "2026-11-24T09:31:08.000012Z",
        "verb": "respond",
        "observed": False,
        "actor": "user_rina",
        "account": "rina",
        "address": "10.4.18.22",
        "credential_kind": "member",
        "base_url": Upstream.current().base_url,
        "project": Upstream.current().project,
        "interaction_id": "int_1",
        "run_id": "run_1",
        "group_id": "grp_1",
        "workflow": "release",
        "title": "Release?",
        "operation_id": "op_1",
        "value": None,
        "comment": "Lag is flat.",
        "shown": {"message": "Release?"},
        "http_status": None,
        "decided_at": None,
        "sent_at": None,
        "answers": [{"question": "answer", "value": True}],
        "round": 2,
    }


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -0.0, 1e22, 12345678901234567890123, "x\u0000\ud800", {"b": 1, "a": []}],
)
def test_an_answer_reads_back_as_it_was_hashed(db: None, value: Any) -> None:
    enter(value=value, shown={"deep": [value]})
    assert Decision.objects.get().value == value
    assert verify().intact


def test_it_is_written_in_the_transaction_of_the_change_or_not_at_all(
    transactional_db: None,
) -> None:
    with pytest.raises(TransactionManagementError):
        append(entry())

    def broken() -> None:
        with transaction.atomic():
            append(entry())
            raise LookupError

    with pytest.raises(LookupError):
        broken()
    enter()
    assert says() == "intact, 1 entry"


def test_sixteen_writers_at_once_make_one_chain(transactional_db: None) -> None:
    together = threading.Barrier(WRITERS)
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            together.wait()
            for _ in range(10):
                enter(actor=name)
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=[f"user_{n}"]) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert says() == f"intact, {WRITERS * 10} entries"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("comment", "Not flat at all."),
        ("value", "false"),
        ("value", "no JSON"),
        ("actor", "user_lee"),
        ("address", "10.0.0.1"),
        ("shown", "{}"),
        ("shown", '{"message":"Another?","message":"Release?"}'),
        ("shown", '{"message": "Release?"}'),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("previous", "0" * 64),
        ("hash", "f" * 64),
        ("version", 9),
    ],
)
def test_a_changed_field_is_named(log: list[Decision], column: str, value: Any) -> None:
    run_sql(f"UPDATE inbox_decision SET {column} = %s WHERE number = 4", [value])
    assert "not intact: Entry 4 doesn't match" in says()


def test_an_observed_field_that_is_not_a_boolean_is_named(log: list[Decision]) -> None:
    # SQLite keeps a 7, which would be read as False; PostgreSQL takes no such thing.
    value = True if connection.vendor == "postgresql" else 7
    run_sql("UPDATE inbox_decision SET observed = %s WHERE number = 4", [value])
    assert "not intact: Entry 4 doesn't match" in says()
    log_verifier = LogVerifier()
    log_verifier.verify_next_part()
    assert log_verifier.last is not None
    assert log_verifier.last.verdict.number == 4


def test_a_changed_last_entry_is_named(log: list[Decision]) -> None:
    run_sql("UPDATE inbox_decision SET comment = 'x' WHERE number = 7")
    assert "Entry 7 doesn't match" in says()


def test_an_entry_that_was_rewritten_with_all_that_follow_is_named(log: list[Decision]) -> None:
    previous = log[2].hash
    for row in Decision.objects.filter(number__gt=3).order_by("number"):
        row.comment, row.previous = "forged", previous
        row.hash = previous = chain.hash_of(previous, chain.text_of(row))
        run_sql(
            "UPDATE inbox_decision SET comment = %s, previous = %s, hash = %s WHERE number = %s",
            [row.comment, row.previous, row.hash, row.number],
        )
    assert "Entry 7 doesn't match: the head has a different hash" in says()
    run_sql("UPDATE inbox_decisionhead SET hash = %s", [previous])
    assert "none of the current keys sealed it" in says()


def test_a_missing_entry_is_named(log: list[Decision]) -> None:
    run_sql("DELETE FROM inbox_decision WHERE number = 3")
    assert "Entry 3 doesn't match: it's missing" in says()


def test_a_log_cut_short_is_seen_by_its_head(log: list[Decision]) -> None:
    run_sql("DELETE FROM inbox_decision WHERE number > 5")
    assert says() == (
        "not intact: Entry 6 doesn't match: all entries from it to entry 7 are missing."
    )


def test_a_log_cut_short_with_its_head_is_seen_and_stays_seen(log: list[Decision]) -> None:
    run_sql("DELETE FROM inbox_decision WHERE number > 5")
    run_sql("UPDATE inbox_decisionhead SET number = 5, hash = %s", [log[4].hash])
    assert "none of the current keys sealed it" in says()
    enter()
    assert "Entry 6 doesn't match: it was written after a head" in says()


def test_a_missing_head_is_seen_and_stays_seen(log: list[Decision]) -> None:
    run_sql("DELETE FROM inbox_decisionhead")
    assert says() == "not intact: The head doesn't match: it's missing."
    enter()
    assert "Entry 8 doesn't match" in says()


def test_an_entry_that_was_slipped_in_behind_the_head_is_named(log: list[Decision]) -> None:
    columns = ", ".join(
        field.column for field in Decision._meta.concrete_fields if field.column != "number"
    )
    run_sql(
        f"INSERT INTO inbox_decision (number, {columns}) "
        f"SELECT 8, {columns} FROM inbox_decision WHERE number = 7"
    )
    assert "Entry 8 doesn't match: the log ends with entry 7" in says()


def test_keys_may_be_rotated(log: list[Decision], settings: Any) -> None:
    old = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *old]
    assert says() == "intact, 7 entries"
    assert decision_log.reseal()
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert says() == "intact, 7 entries"
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    assert "none of the current keys sealed it" in says()
    assert not decision_log.reseal()


def test_the_model_refuses(db: None) -> None:
    [row] = enter()
    for forbidden in (
        row.save,
        row.delete,
        Decision.objects.all().delete,
        lambda: Decision.objects.update(comment="x"),
        lambda: Decision.objects.bulk_update([row], ["comment"]),
    ):
        with pytest.raises(AppendOnly):
            forbidden()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inbox_decision SET comment = 'x'",
        "UPDATE inbox_decision SET number = number + 1",
        "DELETE FROM inbox_decision",
    ],
)
def test_the_database_refuses(db: None, statement: str) -> None:
    enter(3)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run_sql(statement)
    assert says() == "intact, 3 entries"


def test_the_database_refuses_its_own_shortcut(db: None) -> None:
    enter(3)
    statement = (
        "TRUNCATE inbox_decision"
        if connection.vendor == "postgresql"
        else "INSERT OR REPLACE INTO inbox_decision SELECT * FROM inbox_decision WHERE number = 2"
    )
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run_sql(statement)
    assert says() == "intact, 3 entries"


def test_the_check_passes_after_a_migrate(db: None) -> None:
    call_command("check", databases=["default"], stdout=io.StringIO(), stderr=io.StringIO())


def test_the_check_reports_a_missing_trigger_until_it_is_installed_again(db: None) -> None:
    lift_triggers()
    with pytest.raises(SystemCheckError, match=r"inbox\.E001"):
        call_command("check", databases=["default"])
    append_only.install_triggers(using="default")
    assert append_only.missing_triggers(using="default") == []


@pytest.mark.sqlite
def test_an_upgrade_finds_the_trigger_of_an_earlier_release_intact(db: None) -> None:
    run_sql("DROP TRIGGER inbox_decision_no_replace")
    assert append_only.missing_triggers(using="default") == ["inbox_decision_no_replace"]
    run_sql(append_only.BEFORE_ROUNDS)
    assert append_only.missing_triggers(using="default") == []


def test_every_field_is_documented() -> None:
    told = (ROOT / "docs/decision-log.md").read_text()
    assert [name for name in chain.FIELDS[1] if f"`{name}`" not in told] == []
