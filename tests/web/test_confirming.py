"""The server asks to confirm an answer of the page's form; an answer of a script is complete."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.answering.shown_version import shown_version_of
from inbox.models import Attempt, Draft, Interaction
from inbox.models.interaction import REASON_TO_REJECT
from tests.support.desk import Desk
from tests.support.tags import one_line
from tests.web.cast import part, sign_in

pytestmark = pytest.mark.django_db
OPTIONS = [{"value": "a", "label": "Clearline"}, {"value": "b", "label": "Northgate"}]


@pytest.fixture
def rina(desk: Desk) -> Client:
    return sign_in("rina")


def send(client: Client, item: Interaction, headers: Any = None, **fields: Any) -> Any:
    form = {
        "value": "true",
        "comment": "Because 🙂",
        "operation_id": "op1",
        "shown_version": shown_version_of(item),
        "guard": "confirm",
        "suggested": "",
        **fields,
    }
    return client.post(f"/interactions/{item.mobius_id}/respond", form, headers=headers)


@pytest.mark.parametrize("headers", [None, part("detail")], ids=["page", "part"])
def test_an_answer_is_asked_for_before_it_is_sent(
    desk: Desk, rina: Client, headers: dict[str, str] | None
) -> None:
    item = desk.ask()
    answer = send(rina, item, headers)
    assert answer.status_code == 422
    form, page = answer.context["form"], one_line(answer.content)
    assert (form.confirming, form.typed, form.errors) == ("true", {"value": ["true"]}, {})
    assert "Because 🙂</textarea>" in page
    version = shown_version_of(item)
    for name, value in (("operation_id", "op1"), ("shown_version", version), ("guard", "confirm")):
        assert f'name="{name}" value="{value}"' in page
    assert "Not sent yet" not in page
    assert desk.posts() == []
    assert not Attempt.objects.exists()
    assert Draft.objects.get().comment == "Because 🙂"


@pytest.mark.parametrize(
    ("spec", "value", "confirming"),
    [
        ({"mode": "confirm"}, "false", "false"),
        ({"mode": "input"}, "Two coats", "send"),
        ({"mode": "select", "options": OPTIONS}, "b", "send"),
        ({"mode": "multi_select", "options": OPTIONS}, ["a", "b"], "send"),
    ],
)
def test_every_mode_is_asked_with_its_answer(
    desk: Desk, rina: Client, spec: Any, value: Any, confirming: str
) -> None:
    types = {"confirm": "approval", "select": "review"}
    answer = send(rina, desk.ask(type=types.get(spec["mode"], "input"), spec=spec), value=value)
    form = answer.context["form"]
    typed = {"value": value if isinstance(value, list) else [value]}
    assert (answer.status_code, form.confirming, form.typed) == (422, confirming, typed)


def test_an_answer_that_was_confirmed_is_sent_once(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    assert send(rina, item).status_code == 422
    for _ in range(2):
        assert send(rina, item, confirmed="1").status_code == 303
    assert len(desk.posts()) == 1
    assert not Draft.objects.exists()


def test_an_answer_of_a_script_is_complete(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    answer = rina.post(f"/interactions/{item.mobius_id}/respond", {"value": "true"})
    assert answer.status_code == 303
    assert len(desk.posts()) == 1


def test_send_with_undo_is_asked_where_the_workflow_always_asks(desk: Desk, rina: Client) -> None:
    desk.settings.ANSWER_GUARD = "undo"
    item = desk.ask(context={"confirm": "always"})
    assert send(rina, item, guard="undo").status_code == 422
    assert not Attempt.objects.exists()
    assert send(rina, item, guard="confirm", confirmed="1").status_code == 303
    assert Attempt.objects.get().state == "answered"


@pytest.mark.parametrize(("left", "asked"), [(12, False), (8, True)])
def test_send_with_undo_is_asked_if_the_question_expires_soon(
    desk: Desk, rina: Client, left: int, asked: bool
) -> None:
    desk.settings.ANSWER_GUARD = "undo"
    item = desk.ask()
    soon = timezone.now() + timedelta(seconds=left)
    Interaction.objects.filter(pk=item.pk).update(expires_at=soon)
    assert send(rina, item, guard="undo").status_code == (422 if asked else 303)


@pytest.mark.parametrize(
    ("value", "context", "confirming"),
    [
        ("true", {}, "true"),
        ("false", {}, "false"),
        ("maybe", {}, ""),
        ("true", {REASON_TO_REJECT: True}, "true"),
        ("false", {REASON_TO_REJECT: True}, ""),
    ],
)
def test_a_link_leads_to_the_confirm_step_and_changes_nothing(
    desk: Desk, rina: Client, value: str, context: dict[str, Any], confirming: str
) -> None:
    item = desk.ask(context=context)
    page = rina.get(f"/interactions/{item.mobius_id}/", {"confirm": value})
    assert page.context["page"]["answer"]["form"].confirming == confirming
    assert desk.posts() == []
    assert not Attempt.objects.exists()
    assert not Draft.objects.exists()


def test_an_answer_that_a_link_suggests_is_asked_for(desk: Desk, rina: Client) -> None:
    desk.settings.ANSWER_GUARD = "undo"
    item = desk.ask()
    suggested = {"suggested": "answer=true"}
    answer = send(rina, item, guard="undo", **suggested)
    assert answer.status_code == 422
    assert 'name="suggested" value="answer=true"' in one_line(answer.content)
    assert send(rina, item, confirmed="1", **suggested).status_code == 303
    assert Attempt.objects.get().state == "answered"


def test_a_question_that_has_changed_is_a_409_and_not_asked_for(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    seen = shown_version_of(item)
    changed = desk.upstream(item.mobius_id) | {"message": "Ship it anyway?"}
    desk.tell(changed | {"updated_at": timezone.now().isoformat()})
    answer = send(rina, item, shown_version=seen)
    assert answer.status_code == 409
    assert "Because 🙂</textarea>" in one_line(answer.content)
    assert Draft.objects.get().comment == "Because 🙂"


def test_a_question_that_has_closed_is_a_409_and_not_asked_for(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    send(rina, item, confirmed="1")
    assert send(rina, item, value="false", operation_id="op2").status_code == 409


@pytest.mark.parametrize("confirmed", ["1", ""])
def test_send_again_is_as_confirmed_as_what_was_sent(
    desk: Desk, rina: Client, confirmed: str
) -> None:
    item = desk.ask()
    fields = {"sent": "respond", "value": "true", "operation_id": "op1", "confirmed": confirmed}
    check = f"/interactions/{item.mobius_id}/check"
    page = one_line(rina.post(check, fields, headers=part("detail")).content)
    assert "Approve again" in page
    assert ("""hx-vals='{"confirmed": "1"}'""" in page) == bool(confirmed)
