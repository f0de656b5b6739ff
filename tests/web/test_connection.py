import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone

from inbox.audit.problem import Problem
from inbox.lib.process_name import NAME, host_and_process
from inbox.mirror.freshness import sync_status
from inbox.mobius.generations import Found
from inbox.mobius.types import Generation
from inbox.models import (
    Credential,
    Decision,
    GroupMapping,
    Interaction,
    Lease,
    Reviewer,
    Upstream,
)
from inbox.people import credentials, service_key
from inbox.processes import lease
from inbox.upstream.connection import Fault, connection
from reviewer_site.environment import ROOT
from tests.support.desk import Desk
from tests.support.scripted_server import Reply
from tests.support.snapshots import group_ask
from tests.web.cast import part, sign_in, tell

PAGE = "/connection/"
LINK = re.compile(r"http://127\.0\.0\.1:8000/accounts/link/\?token=[\w-]{43}")


@pytest.fixture
def root(db: None) -> Client:
    User.objects.create_superuser("root")
    return sign_in("root")


@pytest.fixture
def refused() -> Iterator[None]:
    connection.problem = Problem(Fault.KEY_REFUSED, {"base_url": "https://m.example"})
    yield
    connection.problem = None


def shown(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def person(**fields: str) -> dict[str, str]:
    return {"name": "rina", "mobius_id": "user_rina", "role": "reviewer", **fields}


def test_an_administrator_finds_it_and_sees_what_is_left(root: Client) -> None:
    assert 'href="/connection/"' in shown(root.get("/account/"))
    assert "Go to Connection" in shown(root.get("/inbox/"))
    assert "Go to Connection" in shown(root.get("/inbox/", headers=part("inbox-list")))
    page = shown(root.get(PAGE))
    assert 'href="/people/"' in page
    assert "4 of 5 steps left" in page
    assert "Add the people who answer questions" in page


def test_it_shows_the_version_as_the_command_prints_it(root: Client) -> None:
    printed = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve", "--version"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "reviewer_site.settings"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert re.fullmatch(r"[\d.]+( \([0-9a-f]{8,}\))?", printed)
    assert printed in shown(root.get(PAGE))


@pytest.mark.postgresql
def test_an_administrator_sees_which_process_leads(root: Client) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, true)", [NAME])
    assert "No process leads at the moment" in shown(root.get(PAGE))
    until = timezone.now() + timedelta(minutes=1)
    Lease.objects.create(name=lease.SYNC, holder=NAME, until=until)
    assert host_and_process(NAME) in shown(root.get(PAGE))


def test_an_outage_does_not_reopen_the_setup(root: Client, away: None) -> None:
    page = shown(root.get(PAGE))
    assert "No updates since" in page
    assert "3 of 5 steps left" in page
    assert 'href="#mobius"' not in page


@pytest.mark.parametrize("name", ["rina", "tess"])
def test_the_page_is_a_404_without_the_administrator_role(people: None, name: str) -> None:
    client = sign_in(name)
    assert client.get(PAGE).status_code == 404
    assert client.post("/people/add/", person(name="eve")).status_code == 404
    assert "/connection/" not in shown(client.get("/account/"))


def test_administrators_see_the_connection_problem_on_every_page(
    people: None, refused: None
) -> None:
    assert "doesn't accept this key" in shown(sign_in("admin").get("/runs/"))
    assert "Can't connect to Mobius" in shown(sign_in("admin").get(PAGE))
    assert "MOBIUS_API_KEY" not in shown(sign_in("rina").get("/runs/"))


def test_capabilities_are_listed_with_what_replaces_missing_ones(root: Client) -> None:
    known = {"pending": "yes", "groups": "no"}
    Upstream.objects.filter(pk=Upstream.current().pk).update(capabilities=known)
    page = shown(root.get(PAGE))
    assert (
        "Members come from the question itself, or from the people assigned to the group here."
        in page
    )
    assert "Pending questions are polled instead." not in page
    assert "Not tested: assumed to be available until Mobius refuses it." in page
    assert "Claiming a group's question" in page


def test_the_api_is_named_with_the_response_that_told(root: Client, settings: Any) -> None:
    assert "the guide's (A), until Mobius shows which one it has" in shown(root.get(PAGE))
    Upstream.choose(Found(Generation.A, "GET /v1/projects/demo/groups"))
    page = shown(root.get(PAGE))
    assert "the guide's (A), found by GET /v1/projects/demo/groups" in page
    assert "Before, it was" not in page
    Upstream.choose(Found(Generation.C, "GET /v1/interactions"))
    page = shown(root.get(PAGE))
    assert "the one without projects (C), found by GET /v1/interactions" in page
    assert "Before, it was the guide's (A)." in page
    assert "member tokens stay with the API before" in page
    settings.MOBIUS_API = "a"
    assert "the guide's (A), set by MOBIUS_API" in shown(root.get(PAGE))


def test_whether_the_service_key_answers_is_said_with_the_reason(
    root: Client, settings: Any
) -> None:
    settings.SERVICE_KEY_ANSWERS = "auto"
    assert "Off: it isn't known yet whether Mobius says who" in shown(root.get(PAGE))
    known = {"token_owner": "no"}
    Upstream.objects.filter(pk=Upstream.current().pk).update(capabilities=known)
    assert "On: Mobius doesn't say who a member token belongs to." in shown(root.get(PAGE))


def test_a_refused_service_key_can_be_tried_again_at_once(root: Client, settings: Any) -> None:
    settings.SERVICE_KEY_ANSWERS = "on"
    service_key.pause(Upstream.current())
    assert "no one answers with it right now" in shown(root.get(PAGE))
    assert root.post("/connection/key").status_code == 303
    assert "no one answers with it right now" not in shown(root.get(PAGE))
    assert not service_key.is_paused(Upstream.current())


def test_the_setup_counts_who_can_answer(people: None, settings: Any) -> None:
    settings.SERVICE_KEY_ANSWERS = "off"
    assert "Member tokens: 4 of 4 people can answer" in shown(sign_in("admin").get(PAGE))
    Credential.objects.filter(reviewer__user__username="sam").delete()
    credentials.mark_refused(Reviewer.objects.get(user__username="rina"))
    page = shown(sign_in("admin").get(PAGE))
    assert "Member tokens: 2 of 4 people can answer" in page


def test_an_unknown_group_is_a_thing_to_do_until_it_is_mapped(root: Client) -> None:
    root.post("/people/add/", person())
    tell(group_ask(members=None))
    asked = Interaction.objects.get()
    group_id = asked.group_id or asked.target_id
    page = shown(root.get(PAGE))
    assert "This group has 1 open question, and Mobius doesn't say who its members are." in page
    assert "Assign people to groups" in page
    given = {"group_id": group_id, "people": ["rina"]}
    assert root.post("/connection/groups", given).status_code == 303
    assert GroupMapping.objects.get().reviewer.user.username == "rina"
    assert Decision.objects.get(verb="group_mapped").account == "root"
    page = shown(root.get(PAGE))
    assert "say who its members are" not in page
    assert 'value="rina" checked' in page
    assert "No account exists for eve" in shown(
        root.post("/connection/groups", {**given, "people": ["eve"]}), 422
    )


def test_an_administrator_without_a_mobius_id_sets_it_before_the_test_question(
    root: Client,
) -> None:
    assert "You need a Mobius ID" in shown(root.get(PAGE))
    assert "You need a Mobius ID" in shown(root.post("/connection/test"), 422)
    assert root.post("/connection/me", {"mobius_id": "user_root"}).status_code == 303
    assert "Send a test question" in shown(root.get(PAGE))
    User.objects.create_superuser("second")
    page = shown(sign_in("second").post("/connection/me", {"mobius_id": "user_root"}), 422)
    assert "user_root is the Mobius ID of root." in page


@pytest.fixture
def rina(desk: Desk) -> Client:
    User.objects.filter(username="rina").update(is_superuser=True)
    return sign_in("rina")


def recipients(page: str) -> dict[str, str]:
    return dict(re.findall(r'<option value="(user_\w+)"(?: selected)?>([^<]+)<', section(page)))


def section(page: str) -> str:
    return page[page.index('id="test-question"') :]


def test_the_test_question_says_who_can_answer_it(rina: Client, settings: Any) -> None:
    credentials.mark_refused(Reviewer.objects.get(user__username="sam"))
    Credential.objects.filter(reviewer__user__username__in=["lee", "tess"]).delete()
    Reviewer.objects.filter(user__username="lee").update(mobius_id_proven=True)
    settings.SERVICE_KEY_ANSWERS = "on"
    page = shown(rina.get(PAGE))
    assert recipients(page) == {
        "user_rina": "Rina: can answer",
        "user_sam": "Sam: can't answer, since Mobius refused their member token",
        "user_lee": "Lee: can't answer without a member token",
        "user_tess": "Tess: can answer",
    }
    assert '<option value="user_rina" selected>' in section(page)
    service_key.pause(Upstream.current())
    assert "just refused the service key" in recipients(shown(rina.get(PAGE)))["user_tess"]


def test_a_test_question_is_not_sent_to_someone_without_a_mobius_id(
    rina: Client, desk: Desk
) -> None:
    Reviewer.objects.filter(user__username="sam").update(mobius_id=None)
    page = shown(rina.post("/connection/test", {"recipient": "user_sam"}), 422)
    assert "This person has no Mobius ID or is deactivated" in section(page)
    assert desk.server.seen("POST", "/interactions$") == []


def test_a_test_question_can_be_sent_to_someone_else(rina: Client, desk: Desk) -> None:
    assert rina.post("/connection/test", {"recipient": "user_sam"}).status_code == 303
    asked = desk.read(rina.session["test_question"])
    assert asked.target_id == "user_sam"
    page = shown(rina.get("/connection/test/"))
    assert "The question has appeared in Sam's inbox." in page
    assert "/interactions/" not in page
    desk.elsewhere("user_sam", asked.mobius_id, value=True)
    desk.read(asked.mobius_id)
    assert "answers reach Mobius." in shown(rina.get("/connection/test/"))


def test_a_test_question_is_followed_from_appearing_to_answered(rina: Client, desk: Desk) -> None:
    assert rina.get("/connection/test/").status_code == 404
    assert rina.post("/connection/test", {"recipient": "user_rina"}).status_code == 303
    page = shown(rina.get("/connection/test/"))
    assert "it hasn't appeared here yet." in page
    assert 'hx-trigger="every 2s"' in page
    assert 'hx-swap="outerMorph"' in page
    (sent,) = [r.json for r in desk.server.seen("POST", "/interactions$")]
    assert sent["target"] == {"type": "user", "id": "user_rina"}
    assert "run_id" not in sent
    asked = desk.read(rina.session["test_question"])
    assert asked.mobius_id in Upstream.current().test_questions
    assert "appeared in your inbox" in shown(rina.get("/connection/test/"))
    answer = rina.post(f"/interactions/{asked.mobius_id}/respond", {"value": "true"})
    assert answer.status_code in (200, 303)
    page = shown(rina.get(PAGE))
    assert "Questions arrive here, and answers reach Mobius." in page
    assert "every 2s" not in page


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            Reply(400, {"error": {"code": "bad_request", "message": "no standalone questions"}}),
            "Mobius didn't accept the question: no standalone questions.",
        ),
        (
            Reply(400, {}),
            "Mobius didn't accept the question. Mobius refused POST /interactions (400).",
        ),
        (
            Reply(503, {}),
            "Mobius returned an error (503). If Mobius received the question anyway, it will",
        ),
        (Reply(201, b""), "If Mobius received the question anyway, it will appear like any other"),
    ],
)
def test_a_test_question_that_mobius_does_not_accept_is_explained(
    rina: Client, desk: Desk, reply: Reply, message: str
) -> None:
    desk.server.on("POST", "/interactions$", reply)
    page = shown(rina.post("/connection/test", {"recipient": "user_rina"}), 422)
    assert message in page


def test_it_says_that_pages_of_a_list_repeat(root: Client, synced: None) -> None:
    assert "may be missing" not in shown(root.get(PAGE))
    sync_status.update(repeats=True)
    assert "older questions and runs may be missing." in shown(root.get(PAGE))


@pytest.mark.usefixtures("refused", "synced")
def test_a_live_page_does_not_show_an_earlier_connection_problem(root: Client) -> None:
    page = shown(root.get(PAGE))
    assert "Live." in page
    assert "MOBIUS_API_KEY" not in page
