"""The doctor: what works, what is left, and its exit status."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pydantic import SecretStr

from inbox.models import Interaction, Reviewer, Upstream
from inbox.people import credentials
from tests.mirror.things import group_ask
from tests.support.scripted_server import Reply, ScriptedServer
from tests.web.cast import tell

PENDING = "/v1/projects/production/interactions$"


@pytest.fixture
def mobius(db: None, settings: Any) -> Iterator[ScriptedServer]:
    """A real Mobius, as far as the settings know."""
    with ScriptedServer() as server:
        settings.EMBEDDED = False
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT = "production"
        settings.MOBIUS_API_KEY = "mbx_of_the_installation"
        yield server


def examined() -> tuple[int, str]:
    """Exit status, and what it says."""
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def add_rina(*more: str) -> None:
    call_command("add_person", "rina", "--mobius-id", "user_rina", *more, stdout=StringIO())


def test_it_is_well_where_mobius_lists_its_questions(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    add_rina()
    status, said = examined()
    assert status == 0
    assert f"ok  Mobius at {mobius.base_url} lists the questions of the project production." in said
    assert "Live events of the project: not offered. Pending questions are polled instead." in said
    assert "Answers with the service key: On: Mobius doesn't say" in said
    assert Upstream.present().capabilities == {}
    assert "to do  There is no administrator" in said
    assert (
        "Cancelling a run: offered. Not tested: shown as available until it's refused once." in said
    )
    assert "Claiming a group's question: not known yet." in said


def test_it_fails_where_nobody_sees_a_question(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    status, said = examined()
    assert status == 1
    assert "fails  No one has a Mobius ID" in said


def test_it_fails_where_nobody_can_answer(mobius: ScriptedServer) -> None:
    mobius.on("GET", PENDING, Reply(200, {"items": []}), always=True)
    mobius.on("GET", "/members/me$", Reply(400), always=True)
    add_rina()
    status, said = examined()
    assert status == 1
    assert "Answers with the service key: Off: Mobius says who a member token belongs to." in said
    assert "fails  No one can answer: paste a member token on the Account page." in said
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
    assert "fails  No one can answer: paste a member token on the Account page, or have an" in said
    call_command("add_person", "sam", "--mobius-id", "user_sam", stdout=StringIO())
    status, said = examined()
    assert status == 0
    assert "to do  Can't answer yet: rina: paste a member token" in said


def test_who_has_a_token_that_is_refused_cannot_answer(mobius: ScriptedServer) -> None:
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
