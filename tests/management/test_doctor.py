from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from pydantic import SecretStr

from inbox.management import machine
from inbox.management.findings import Verdict
from inbox.mobius.generations import Found
from inbox.mobius.types import Generation
from inbox.models import Interaction, Reviewer, Upstream
from inbox.people import credentials
from tests.support.scripted_server import Reply, ScriptedServer
from tests.support.snapshots import group_ask
from tests.web.cast import tell

PENDING = "/v1/projects/production/interactions$"


@pytest.fixture
def mobius(db: None, settings: Any) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        settings.EMBEDDED = False
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT = "production"
        settings.MOBIUS_API_KEY = "mbx_of_the_installation"
        yield server


def examined() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def add_rina(*more: str) -> None:
    call_command("add_person", "rina", "--mobius-id", "user_rina", *more, stdout=StringIO())


def test_it_passes_if_mobius_lists_its_questions(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    add_rina()
    status, said = examined()
    assert status == 0
    request = "GET /v1/projects/production/loops (404)"
    assert f"ok  Mobius API: the guide's (A), found by {request}." in said
    assert f"ok  Mobius at {mobius.base_url} lists the questions of the project production." in said
    assert (
        "Live events of the project: not available. Pending questions are polled instead." in said
    )
    assert "Answers with the service key: On: Mobius doesn't say" in said
    assert Upstream.current().capabilities == {}
    assert "to do  There is no administrator" in said
    assert (
        "Cancelling a run: available. Not tested: assumed to be available until Mobius refuses it."
        in said
    )
    assert "Claiming a group's question: not known yet." in said


def test_it_names_an_api_that_is_not_the_one_in_use(mobius: ScriptedServer, settings: Any) -> None:
    mobius.on("GET", "^/v1/interactions$", Reply(200, {"items": []}), always=True)
    Upstream.choose(Found(Generation.A, "GET /v1/projects/production/groups"))
    found = "Mobius API: the one without projects (C), found by GET /v1/interactions."
    said = examined()[1]
    assert f"to do  {found} So far, the inbox uses the guide's (A); it follows" in said
    settings.MOBIUS_API = "a"
    status, said = examined()
    assert status == 1
    assert f"fails  {found} MOBIUS_API=a doesn't fit: correct it, or set it to auto." in said


def test_it_fails_if_no_one_can_see_a_question(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    status, said = examined()
    assert status == 1
    assert "fails  No one has a Mobius ID" in said


def test_it_fails_if_no_one_can_answer(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    mobius.on("GET", "/members/me$", Reply(400), always=True)
    add_rina()
    status, said = examined()
    assert status == 1
    assert "Answers with the service key: Off: Mobius says who a member token belongs to." in said
    assert "fails  No one can answer. Each person has to paste a member token" in said
    assert "on the Account page." in said
    credentials.adopt(
        Reviewer.objects.get(user__username="rina"), token=SecretStr("mbc_rina"), owner="user_rina"
    )
    status, said = examined()
    assert status == 0
    assert "With a token: 1." in said


def test_the_key_answers_only_for_those_whose_id_an_administrator_has_set(
    mobius: ScriptedServer,
) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    add_rina()
    Reviewer.objects.update(mobius_id_proven=True)
    status, said = examined()
    assert status == 1
    assert "paste a member token on the Account page, or have an administrator" in said
    call_command("add_person", "sam", "--mobius-id", "user_sam", stdout=StringIO())
    status, said = examined()
    assert status == 0
    assert "to do  Can't answer yet: rina. Each person has to paste a member token" in said


def test_a_person_whose_token_is_refused_cannot_answer(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    add_rina()
    rina = Reviewer.objects.get(user__username="rina")
    credentials.adopt(rina, token=SecretStr("mbc_rina"), owner=None)
    assert examined()[0] == 0
    credentials.mark_refused(rina)
    status, said = examined()
    assert status == 1
    assert "fails  No one can answer" in said


def test_it_names_what_is_left_of_people_and_groups(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    add_rina("--admin")
    tell(group_ask(members=None))
    asked = Interaction.objects.get()
    status, said = examined()
    assert status == 0
    assert "ok  People with a Mobius ID: 1. With a token: 0." in said
    assert f"map_group {asked.group_id or asked.target_id} PERSON" in said
    assert "There is no administrator" not in said


def test_an_embedded_engine_that_does_not_run_is_named(
    mobius: ScriptedServer, settings: Any
) -> None:
    settings.EMBEDDED = True
    mobius.refuse()
    status, said = examined()
    assert status == 1
    assert "fails  The embedded engine isn't running." in said
    assert "MOBIUS_BASE_URL" not in said


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(401), "fails  MOBIUS_API_KEY: Mobius at"),
        (
            Reply(400, {"error": {"code": "bad", "message": "no"}}),
            "fails  Mobius doesn't list its questions.",
        ),
        (Reply(429, headers={"retry-after": "1000"}), "fails  Mobius doesn't list its questions"),
    ],
)
def test_it_fails_where_they_cannot_be_read(mobius: ScriptedServer, reply: Reply, why: str) -> None:
    mobius.on("GET", "", reply, always=True)
    status, said = examined()
    assert status == 1
    assert why in said


@pytest.fixture
def works(mobius: ScriptedServer) -> ScriptedServer:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    add_rina("--admin")
    return mobius


def test_it_says_what_it_has_checked(works: ScriptedServer) -> None:
    status, said = examined()
    assert status == 0
    for line in ("Settings: valid.", "Free space for ", "Database: ", "Keys: they decrypt"):
        assert f"ok  {line}" in said
    assert "PUBLIC_URL:" not in said


@pytest.mark.parametrize(
    ("ahead", "status", "says"),
    [
        (timedelta(seconds=5), 0, "   ok  Clock: agrees with that of Mobius."),
        (timedelta(seconds=60), 0, "to do  Clock: "),
        (timedelta(minutes=10), 1, "fails  Clock: "),
        (timedelta(minutes=-10), 1, " s ahead of that of Mobius. Synchronise both"),
    ],
)
def test_it_compares_the_clock_with_that_of_mobius(
    mobius: ScriptedServer, ahead: timedelta, status: int, says: str
) -> None:
    date = format_datetime(datetime.now(UTC) + ahead, usegmt=True)
    mobius.on("GET", PENDING, Reply(200, {"items": []}, {"date": date}), always=True)
    add_rina()
    ended, said = examined()
    assert (ended, says in said) == (status, True), said


def test_it_names_those_whose_token_no_key_decrypts(works: ScriptedServer, settings: Any) -> None:
    call_command("add_person", "sam", "--mobius-id", "user_sam", stdout=StringIO())
    key = settings.CREDENTIAL_KEYS
    for name, keys in (("rina", key), ("sam", [Fernet.generate_key().decode()])):
        settings.CREDENTIAL_KEYS = keys
        reviewer = Reviewer.objects.get(user__username=name)
        credentials.adopt(reviewer, token=SecretStr("mbc_token"), owner=f"user_{name}")
    settings.CREDENTIAL_KEYS = key
    status, said = examined()
    assert status == 1
    assert "fails  Keys: they can't decrypt the member tokens or second factors of sam. Add" in said


@pytest.mark.parametrize(
    ("address", "status"), [("https://inbox.example.com", 1), ("http://127.0.0.1:8000", 0)]
)
def test_debug_is_wrong_where_others_can_reach_it(
    works: ScriptedServer, settings: Any, address: str, status: int
) -> None:
    settings.DEBUG, settings.PUBLIC_URL = True, address
    ended, said = examined()
    assert ended == status
    assert "DEBUG is on" in said


def test_a_port_that_is_open_to_the_network_is_named(works: ScriptedServer, settings: Any) -> None:
    settings.BIND_ADDRESS = "0.0.0.0"
    assert "to do  BIND_ADDRESS 0.0.0.0 opens the port to the network" in examined()[1]


def test_a_folder_that_others_can_enter_is_named(
    works: ScriptedServer, settings: Any, tmp_path: Any
) -> None:
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o755)
    assert f"to do  Other accounts on this machine can enter DATA_DIR {tmp_path}" in examined()[1]


@pytest.mark.parametrize(
    ("limit", "status", "verdict"), [("TOO_LITTLE_SPACE", 1, "fails"), ("LITTLE_SPACE", 0, "to do")]
)
def test_a_disk_that_is_nearly_full_is_named(
    works: ScriptedServer, monkeypatch: Any, limit: str, status: int, verdict: str
) -> None:
    monkeypatch.setattr(machine, limit, 10**18)
    ended, said = examined()
    assert ended == status
    assert f"{verdict}  Free space for " in said


@pytest.mark.postgresql
@pytest.mark.parametrize(("connections", "verdict"), [(5, "   ok"), (1000, "to do")])
def test_it_compares_connections_with_what_postgresql_allows(
    works: ScriptedServer, settings: Any, connections: int, verdict: str
) -> None:
    settings.DATABASE_CONNECTIONS = connections
    status, said = examined()
    assert status == 0
    [line] = [line for line in said.splitlines() if "Connections: " in line]
    assert line.startswith(verdict)
    assert f"may open {connections + 3}" in line


@pytest.mark.sqlite
def test_a_database_that_cannot_be_written_is_named(works: ScriptedServer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            found = machine.examine()
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    [failure] = [finding.text for finding in found if finding.verdict is Verdict.FAILS]
    assert "can't be written to: attempt to write a readonly database. Check that" in failure
