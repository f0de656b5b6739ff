"""*Notify me when it's released*, and the form that can only be read until then."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mobius.types import Interaction, Question
from inbox.models import AwaitedRelease
from tests.support.sending import plan_all
from tests.support.snapshots import LEE, RINA, SAM, answered, group_ask
from tests.web.cast import part, soon, tell

pytestmark = pytest.mark.usefixtures("synced")

PAGE = "/interactions/int_1/"
PATH = f"{PAGE}await-release"
WANTED = {"wanted": "yes", "list": "type=approval"}


def claimed_by(user_id: str | None, minutes: float, **fields: Any) -> Interaction:
    first = {"policy": {"kind": "any"}, "message": "Ship it?"}
    return group_ask("int_1", minutes, claimed_by=user_id, **first, **fields)


def notifications(who: Client) -> list[str]:
    plan_all(soon())
    page = who.get("/notifications/").content.decode()
    words = re.findall(r'<span class="vh">Unread\. </span>(.*?)</span>', page, re.DOTALL)
    return [" ".join(html.unescape(one).split()) for one in words]


@pytest.fixture
def rina_waits(rina: Client) -> Client:
    tell(claimed_by(LEE, 1))
    assert rina.post(PATH, WANTED)["Location"] == f"{PAGE}?type=approval"
    return rina


def test_a_claimed_question_shows_its_form_to_read(rina: Client) -> None:
    options = tuple({"value": name, "label": name} for name in ("Northgate", "Southgate"))
    question = Question.model_validate({"mode": "select", "options": options})
    tell(claimed_by(LEE, 1, questions=(question,)))
    page = rina.get(PAGE).content.decode()
    form = re.search(r'<fieldset class="form-in" disabled>.*?</fieldset>\s*</section>', page, re.S)
    assert form
    assert "Northgate" in form[0]
    assert "/respond" not in page
    tell(claimed_by(None, 2, questions=(question,)))
    assert 'class="form-in" disabled>' not in rina.get(PAGE).content.decode()


def test_no_release_is_awaited_once_the_question_is_past_its_deadline(rina: Client) -> None:
    tell(claimed_by(LEE, 1, expires_at=soon(minutes=-1)))
    page = rina.get(PAGE).content.decode()
    assert "This expired 1 min ago." in page
    assert 'id="claimed-by-another"' not in page


@pytest.mark.parametrize("mode", ["confirm", "input"])
def test_what_an_answer_does_is_said_only_to_those_who_can_give_one(
    rina: Client, mode: str
) -> None:
    question = Question.model_validate({"mode": mode})
    tell(claimed_by(None, 1, questions=(question,)))
    for_those_who_can = ("One answer is enough", "Templates", "data-templates", 'data-key="t"')
    page = rina.get(PAGE).content.decode()
    assert [words for words in for_those_who_can if words not in page] == []
    tell(claimed_by(LEE, 2, questions=(question,)))
    page = rina.get(PAGE).content.decode()
    assert 'id="read-only-form"' in page
    assert [words for words in for_those_who_can if words in page] == []


def test_a_release_is_told_once_to_those_who_wait(rina_waits: Client, sam: Client) -> None:
    page = rina_waits.get(PAGE, headers=part("detail")).content.decode()
    assert "You'll be notified when it's released." in html.unescape(page)
    tell(claimed_by(None, 2))
    assert notifications(rina_waits) == ["A question that Lee had claimed is available again"]
    assert notifications(sam) == []
    tell(claimed_by(LEE, 3))
    rina_waits.post("/interactions/int_1/read")
    tell(claimed_by(None, 4))
    plan_all(soon())
    assert 'id="count-notices"' in rina_waits.get("/inbox/").content.decode()
    assert "Unread. " not in rina_waits.get("/notifications/").content.decode()


def test_open_pages_hear_of_it(rina_waits: Client, django_capture_on_commit_callbacks: Any) -> None:
    heard: set[str] = set()
    unsubscribe = get_bus().subscribe(heard.update)
    with django_capture_on_commit_callbacks(execute=True):
        tell(claimed_by(None, 2))
        plan_all(soon())
    unsubscribe()
    assert topics.notices(RINA) in heard


def test_it_names_who_claimed_it_last(rina_waits: Client) -> None:
    tell(claimed_by(SAM, 2))
    assert notifications(rina_waits) == []
    tell(claimed_by(None, 3))
    assert notifications(rina_waits) == ["A question that Sam had claimed is available again"]


@pytest.mark.parametrize(
    "ending",
    [
        answered(claimed_by(LEE, 1), LEE, 2),
        claimed_by(RINA, 2),
        claimed_by(None, 2, members=(SAM, LEE)),
    ],
    ids=["answered", "claimed by me", "no longer asked"],
)
def test_nothing_is_told_where_there_is_nothing_to_do(
    rina_waits: Client, ending: Interaction
) -> None:
    tell(ending)
    assert notifications(rina_waits) == []
    assert not AwaitedRelease.objects.exists()


def test_an_account_that_is_switched_off_is_told_nothing(rina_waits: Client, sam: Client) -> None:
    User.objects.filter(username="rina").update(is_active=False)
    tell(claimed_by(None, 2))
    User.objects.filter(username="rina").update(is_active=True)
    assert notifications(rina_waits) == []


def test_it_can_be_turned_off_again(rina_waits: Client) -> None:
    page = rina_waits.get(PAGE).content.decode()
    assert "Notify me when" not in page
    assert rina_waits.post(PATH, {"wanted": ""}).status_code == 303
    tell(claimed_by(None, 2))
    assert notifications(rina_waits) == []


def test_where_it_was_released_meanwhile_the_page_says_so(rina: Client) -> None:
    tell(claimed_by(None, 1))
    answer = rina.post(PATH, WANTED, headers=part("detail"))
    assert answer.status_code == 409
    assert "This question is available again." in answer.content.decode()
    assert 'id="answer"' in answer.content.decode()
