import html
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.contrib.messages import get_messages
from django.test import Client

from inbox.answering.shown_version import shown_version_of
from inbox.models import Attempt, Draft, Interaction, Recipient
from tests.support.desk import Desk
from tests.support.scripted_server import Hold, Pass, Reply
from tests.web.cast import HTMX, part, sign_in, stranger

pytestmark = pytest.mark.django_db


@pytest.fixture
def rina(desk: Desk) -> Client:
    return sign_in("rina")


def send(client: Client, item: Interaction, value: Any = "true", **more: Any) -> Any:
    headers = more.pop("headers", None)
    data = {"value": value, "comment": "Because 🙂", "operation_id": "op1", **more}
    return client.post(f"/interactions/{item.mobius_id}/respond", data, headers=headers)


def test_the_answer_is_in_and_the_next_question_opens(desk: Desk, rina: Client) -> None:
    item, following = desk.ask(), desk.ask(message="And this?")
    answer = send(rina, item)
    assert (answer.status_code, answer["Location"]) == (
        303,
        f"/interactions/{following.mobius_id}/",
    )
    assert [str(m) for m in get_messages(answer.wsgi_request)] == [
        f"“{item.title}” · Approved. The question is closed."
    ]
    interaction = desk.upstream(item.mobius_id)
    assert (interaction["response"]["value"], interaction["response"]["comment"]) == (
        True,
        "Because 🙂",
    )
    assert not Recipient.objects.get(interaction=item).open


def test_after_the_last_one_the_inbox_opens(desk: Desk, rina: Client) -> None:
    assert send(rina, desk.ask())["Location"] == "/inbox/"


def test_a_swap_brings_the_next_question_at_once(desk: Desk, rina: Client) -> None:
    item, following = desk.ask(), desk.ask()
    answer = send(rina, item, headers=part("detail"))
    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == f"/interactions/{following.mobius_id}/"
    assert f'data-interaction-id="{following.mobius_id}"' in answer.content.decode()


def test_the_run_resumes(desk: Desk, rina: Client) -> None:
    run = desk.project.start(desk.project.question())
    item = desk.read(desk.project.pending(run["id"])["id"])
    answer = send(rina, item, "false")
    assert [str(m) for m in get_messages(answer.wsgi_request)] == [
        f"“{item.title}” · Rejected. The run has resumed."
    ]
    desk.project.wait_for(run["id"], "completed")


OPTIONS = [{"value": v, "label": v.upper()} for v in ("a", "b")]


@pytest.mark.parametrize(
    ("fields", "value", "stored"),
    [
        ({"type": "review", "spec": {"mode": "select", "options": OPTIONS}}, "b", "b"),
        (
            {"type": "input", "spec": {"mode": "multi_select", "options": OPTIONS}},
            ["b", "a"],
            ["a", "b"],
        ),
        ({"type": "input", "spec": {"mode": "input"}}, "A line", "A line"),
    ],
)
def test_every_mode_is_taken(
    desk: Desk, rina: Client, fields: dict[str, Any], value: Any, stored: Any
) -> None:
    item = desk.ask(**fields)
    assert send(rina, item, value).status_code == 303
    assert desk.upstream(item.mobius_id)["response"]["value"] == stored


def test_a_wrong_value_comes_back_with_its_errors_and_its_text(desk: Desk, rina: Client) -> None:
    item = desk.ask(type="input", spec={"mode": "input", "multiline": True})
    answer = send(rina, item, "   ")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Enter your answer." in page
    assert "Because 🙂" in page
    assert "op1" in page
    assert desk.posts() == []
    assert Draft.objects.get().comment == "Because 🙂"


def test_a_wrong_value_of_a_closed_question_counts_as_closed(desk: Desk, rina: Client) -> None:
    item = desk.ask_group()
    desk.elsewhere("user_lee", item.mobius_id, True)
    answer = send(rina, item, "perhaps")
    assert answer.status_code == 409
    assert "Lee answered this just now: Approved" in answer.content.decode()


def test_a_closed_question_is_a_409_with_the_truth_and_the_text(desk: Desk, rina: Client) -> None:
    item = desk.ask_group()
    desk.elsewhere("user_lee", item.mobius_id, True, "Fine by me")
    answer = send(rina, item, "false")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Lee answered this just now: Approved" in page
    assert "Because 🙂" in page
    assert "Fine by me" in page
    assert 'name="value"' not in page


@pytest.mark.parametrize("headers", [None, part("detail")])
def test_mobius_being_down_keeps_the_form_and_its_text(
    desk: Desk, rina: Client, headers: Any
) -> None:
    item = desk.ask(type="input", spec={"mode": "input"})
    desk.server.refuse()
    answer = send(rina, item, "My answer", headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "Mobius can't be reached" in html.unescape(page)
    assert "My answer" in page
    assert "Because 🙂" in page
    desk.server.listen()
    assert send(rina, item, "My answer").status_code == 303


def test_a_rate_limit_tells_the_browser_when(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    desk.server.on("POST", r"/respond$", Reply(429, None, {"Retry-After": "9"}))
    answer = send(rina, item)
    assert (answer.status_code, answer["Retry-After"]) == (503, "9")


def test_a_changed_question_is_shown_again_and_can_then_be_answered(
    desk: Desk, rina: Client
) -> None:
    item = desk.ask()
    before = shown_version_of(item)
    Interaction.objects.filter(pk=item.pk).update(message="Ship it today?")
    answer = send(rina, item, shown_version=before)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The question has changed since you opened it" in page
    item.refresh_from_db()
    assert shown_version_of(item).partition(" ")[2] in page
    assert send(rina, item, shown_version=shown_version_of(item)).status_code == 303


def test_a_repeated_submit_is_one_answer(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    assert [send(rina, item).status_code for _ in range(3)] == [303, 303, 303]
    assert len(desk.posts()) == 1
    assert Attempt.objects.count() == 1


def test_a_form_without_its_hidden_fields_is_taken(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    answer = rina.post(f"/interactions/{item.mobius_id}/respond", {"value": "true"})
    assert answer.status_code == 303


def test_an_unknown_mode_is_shown_and_not_sent(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    odd = desk.upstream(item.mobius_id) | {"spec": {"mode": "signature"}}
    desk.tell(odd | {"updated_at": "2030-01-01T00:00:00Z"})
    answer = send(rina, item)
    assert answer.status_code == 422
    assert "Because 🙂" in answer.content.decode()
    assert desk.posts() == []


@pytest.mark.parametrize("name", ["sam", "tess", "admin"])
def test_a_question_to_others_is_a_404(desk: Desk, name: str) -> None:
    item = desk.ask()
    assert send(sign_in(name), item).status_code == 404
    assert desk.posts() == []
    assert not Draft.objects.exists()


def test_a_stranger_finds_nothing(desk: Desk) -> None:
    item = desk.ask_group()
    assert send(stranger(), item).status_code == 404
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_a_post_is_taken(desk: Desk, rina: Client, method: str) -> None:
    item = desk.ask()
    answer = getattr(rina, method)(f"/interactions/{item.mobius_id}/respond")
    assert answer.status_code == 405


def test_signed_out_it_keeps_the_text_and_brings_it_back(desk: Desk) -> None:
    item = desk.ask(type="input", spec={"mode": "input"})
    somebody = Client()
    answer = send(somebody, item, "My long answer")
    page = answer.content.decode()
    assert answer.status_code == 401
    assert "My long answer" in page
    assert "Because 🙂" in page
    assert desk.posts() == []
    signed_in = somebody.post(
        "/accounts/login/",
        {
            "username": "rina",
            "password": "demo",
            "kept-item": item.mobius_id,
            "kept-value": "My long answer",
            "kept-comment": "Because 🙂",
            "next": f"/interactions/{item.mobius_id}/",
        },
    )
    assert (signed_in.status_code, signed_in["Location"]) == (
        302,
        f"/interactions/{item.mobius_id}/",
    )
    form = somebody.get(signed_in["Location"]).content.decode()
    assert "My long answer" in form
    assert "Because 🙂" in form


def test_signed_out_a_swap_replaces_the_page(desk: Desk) -> None:
    answer = send(Client(), desk.ask(), headers=part("detail"))
    assert (answer.status_code, answer["HX-Retarget"]) == (401, "body")


def test_a_stale_token_keeps_the_text_and_sends_nothing(desk: Desk) -> None:
    item = desk.ask(type="input", spec={"mode": "input"})
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = sign_in("rina").cookies
    answer = send(careful, item, "My long answer", csrfmiddlewaretoken="x" * 64)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "My long answer" in page
    assert "Because 🙂" in page
    assert f'action="/interactions/{item.mobius_id}/draft"' in page
    assert desk.posts() == []
    assert not Draft.objects.exists()


def test_a_stale_token_while_signed_out_asks_to_sign_in(desk: Desk) -> None:
    item = desk.ask(type="input", spec={"mode": "input"})
    answer = send(Client(enforce_csrf_checks=True), item, "My long answer")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "My long answer" in page
    assert 'action="/accounts/login/"' in page


def test_hostile_text_is_only_text_wherever_it_comes_back(desk: Desk, rina: Client) -> None:
    item = desk.ask(type="input", spec={"mode": "input"})
    evil = "</textarea><script>alert(1)</script>"
    desk.server.refuse()
    for client in (rina, Client()):
        answer = send(client, item, evil, comment=evil)
        assert "<script>alert" not in answer.content.decode()


def test_while_an_answer_is_on_its_way_pages_are_served(
    transactional_db: None, desk: Desk, pages: str
) -> None:
    item = desk.ask()
    token = "t" * 32
    cookies = {"csrftoken": token, "sessionid": sign_in("rina").cookies["sessionid"].value}
    held = Hold(Pass())
    desk.server.on("POST", r"/respond$", held)
    with (
        httpx.Client(base_url=pages, cookies=cookies, timeout=60) as rina,
        ThreadPoolExecutor() as elsewhere,
    ):
        sent = {"value": "true", "csrfmiddlewaretoken": token}
        path = f"/interactions/{item.mobius_id}/respond"
        answer = elsewhere.submit(rina.post, path, data=sent)
        assert held.reached.wait(60)
        assert rina.get("/inbox/").status_code == 200
        held.release()
        assert answer.result().status_code == 303


def test_no_page_of_mine_is_for_scripts_elsewhere(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    answer = send(rina, item, headers={**HTMX, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer


def test_a_rejection_needs_a_reason_where_the_workflow_says_so(desk: Desk, rina: Client) -> None:
    item = desk.ask(context={"require_reason_on_reject": True, "amount": 12})
    page = rina.get(f"/interactions/{item.mobius_id}/").content.decode()
    assert "required to reject" in page
    assert "Require reason" not in page
    refused = send(rina, item, "false", comment=" \n")
    assert refused.status_code == 422
    assert "Enter a reason to reject this." in html.unescape(refused.content.decode())
    assert not Attempt.objects.exists()
    assert send(rina, item, "false", comment="Too much").status_code == 303
    assert desk.upstream(item.mobius_id)["response"]["value"] is False


def test_an_approval_needs_no_reason(desk: Desk, rina: Client) -> None:
    item = desk.ask(context={"require_reason_on_reject": True})
    assert send(rina, item, "true", comment="").status_code == 303


@pytest.mark.parametrize("said", [False, "true", 1])
def test_only_true_requires_a_reason(desk: Desk, rina: Client, said: Any) -> None:
    item = desk.ask(context={"require_reason_on_reject": said})
    assert send(rina, item, "false", comment="").status_code == 303
