import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.test import Client

from inbox.mobius.types import Policy, PolicyKind, Target
from inbox.models import Decision, Interaction, Notice
from tests.support.snapshots import answered, ask, at, group_ask, reply, run
from tests.support.tags import one_line
from tests.web.cast import HTMX, soon, tell

PAGE = "/runs/blocked/"
QUESTION = "/interactions/int_1/"
ANY = Policy(kind=PolicyKind.ANY)
SAM_SAID = reply("user_sam", True, at=at(1))


def press(client: Client, id: str = "int_1", user: str = "user_rina", **more: Any) -> Any:
    fields = {"user_id": user, "back": more.pop("back", f"{PAGE}?person={user}")}
    return client.post(f"/interactions/{id}/nudge", fields, **more)


@pytest.fixture
def item(people: None) -> None:
    tell(run("run_1"), ask("int_1", run_id="run_1", created_at=soon(hours=-3)))


def test_the_page_offers_a_button_that_sends_a_notice(tess: Client, item: None) -> None:
    page = one_line(tess.get(PAGE).content)
    form = re.search(r'<form method="post" action="(/interactions/int_1/nudge)">(.*?)</form>', page)
    assert form
    assert 'name="user_id" value="user_rina"' in form[2]
    assert 'Nudge<span class="vh"> Rina: Ship it?</span>' in form[2]
    answer = press(tess)
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}?person=user_rina")
    assert "Nudged Rina at" in str(next(iter(get_messages(answer.wsgi_request))))
    notice = Notice.objects.get()
    assert notice.reviewer.mobius_id == "user_rina"
    assert (notice.interaction_id, notice.sender, notice.read_at) == ("int_1", "user_tess", None)


def test_afterwards_the_button_says_when(tess: Client, item: None) -> None:
    swap = press(tess, headers=HTMX)
    assert swap.status_code == 200
    nudged = r'class="nudged">.*?</svg>Nudged \d\d:\d\d<'
    assert re.search(nudged, one_line(swap.content))
    assert "<form" not in swap.content.decode()
    page = one_line(tess.get(PAGE).content)
    assert re.search(nudged, page)
    turns = re.search(r'<time hidden data-turns="([^"]+)"', page)
    assert turns
    hour = Notice.objects.get().at + timedelta(hours=1)
    assert datetime.fromisoformat(turns[1]) == hour
    assert "/interactions/int_1/nudge" not in page


def test_it_is_in_the_decision_log(tess: Client, item: None) -> None:
    press(tess)
    entry = Decision.objects.get(verb="nudge")
    assert (entry.actor, entry.account, entry.interaction_id) == ("user_tess", "tess", "int_1")
    assert entry.value == {"user": "user_rina", "times": 1}
    assert (entry.address, entry.credential_kind) == ("127.0.0.1", "account")


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_too_soon_is_said_and_sends_nothing(
    tess: Client, item: None, headers: dict[str, str]
) -> None:
    press(tess)
    answer = press(tess, headers=headers)
    assert answer.status_code == 409
    page = one_line(answer.content)
    assert "Rina was nudged at" in page
    assert "Each person can be nudged about a question once an hour" in page
    assert ("<html" in page) is not bool(headers)
    assert Notice.objects.get().times == 1
    assert Decision.objects.filter(verb="nudge").count() == 1


def test_a_closed_question_is_reported_without_an_error(tess: Client, item: None) -> None:
    question = ask("int_1", run_id="run_1", created_at=soon(hours=-3))
    tell(answered(question, "user_rina", 9))
    answer = press(tess)
    assert answer.status_code == 409
    assert "The question has been answered" in one_line(answer.content)
    assert not Notice.objects.exists()


def test_a_person_who_has_answered_is_not_nudged(tess: Client) -> None:
    question = group_ask("int_1", created_at=soon(hours=-3))
    one = answered(question, "user_rina", 1)
    tell(question.model_copy(update={"responses": one.responses}))
    assert press(tess).status_code == 409
    assert press(tess, user="user_sam").status_code == 303
    assert Notice.objects.get().reviewer.mobius_id == "user_sam"


def test_only_the_claimant_can_be_nudged(tess: Client) -> None:
    policy = Policy(kind=PolicyKind.ANY)
    tell(group_ask("int_1", policy=policy, claimed_by="user_lee", claimed_at=soon(hours=-1)))
    answer = press(tess)
    assert answer.status_code == 409
    assert "Someone else has claimed it" in one_line(answer.content)
    assert press(tess, user="user_lee").status_code == 303


@pytest.mark.parametrize("user", ["user_sam", "user_nobody", ""])
def test_a_person_who_was_not_asked_is_not_found(tess: Client, item: None, user: str) -> None:
    assert press(tess, user=user).status_code == 404


def test_a_person_without_an_active_account_cannot_be_nudged(tess: Client) -> None:
    tell(group_ask("int_1", members=("user_m81", "user_sam")))
    User.objects.filter(username="sam").update(is_active=False)
    reasons = {
        "user_m81": "user_m81 has no account here",
        "user_sam": "Sam's account is deactivated",
    }
    for user, reason in reasons.items():
        answer = press(tess, user=user)
        assert answer.status_code == 409
        assert reason in one_line(answer.content)
    assert not Notice.objects.exists()


def test_a_lead_who_is_asked_is_led_to_the_answer(tess: Client) -> None:
    tell(ask("int_1", target=Target(type="user", id="user_tess")))
    page = one_line(tess.get(PAGE).content)
    assert '<a class="btn btn--s" href="/interactions/int_1/">Answer</a>' in page
    assert press(tess, user="user_tess").status_code == 409


def test_from_a_run_it_comes_back_to_the_run(tess: Client, item: None) -> None:
    page = one_line(tess.get("/runs/run_1/").content)
    assert 'action="/interactions/int_1/nudge"' in page
    assert 'name="back" value="/runs/run_1/"' in page
    assert press(tess, back="/runs/run_1/")["Location"] == "/runs/run_1/"
    assert re.search(r"Nudged \d\d:\d\d", one_line(tess.get("/runs/run_1/").content))


def test_on_a_run_each_who_is_missing_has_a_button(tess: Client) -> None:
    tell(run("run_1"), group_ask("int_1", run_id="run_1", members=("user_rina", "user_m81")))
    page = one_line(tess.get("/runs/run_1/").content)
    assert page.count('action="/interactions/int_1/nudge"') == 1


def test_a_reviewers_run_page_offers_none(rina: Client, item: None) -> None:
    assert "/nudge" not in rina.get("/runs/run_1/").content.decode()


def buttons(page: str) -> list[str]:
    detail = page[page.index('<article id="detail"') : page.index("</article>")]
    form = r'action="/interactions/int_1/nudge">.*?name="user_id" value="(\w+)"'
    return re.findall(form, detail)


def test_from_a_question_it_comes_back_to_the_question(tess: Client, item: None) -> None:
    page = one_line(tess.get(f"{QUESTION}?q=pay").content)
    assert buttons(page) == ["user_rina"]
    assert f'name="back" value="{QUESTION}?q=pay"' in page
    assert press(tess, back=f"{QUESTION}?q=pay")["Location"] == f"{QUESTION}?q=pay"
    page = one_line(tess.get(QUESTION).content)
    assert re.search(r"Nudged \d\d:\d\d", page)
    assert buttons(page) == []


@pytest.mark.parametrize("back", [QUESTION, "/runs/run_1/"])
def test_a_refused_nudge_is_reported_on_the_page_it_was_sent_from(
    tess: Client, item: None, back: str
) -> None:
    press(tess)
    answer = press(tess, back=back)
    assert (answer.status_code, answer["Location"]) == (303, back)
    *_, message = get_messages(answer.wsgi_request)
    assert (message.level_tag, "Rina was nudged at" in str(message)) == ("warning", True)


@pytest.mark.parametrize(
    ("question", "offered"),
    [
        ({"policy": ANY}, ["user_rina", "user_sam", "user_lee"]),
        ({"policy": ANY, "claimed_by": "user_lee"}, ["user_lee"]),
        (
            {"policy": ANY, "claimed_by": "user_lee", "members": ("user_tess", "user_lee")},
            ["user_lee"],
        ),
        ({"responses": (SAM_SAID,)}, ["user_rina", "user_lee"]),
        (
            {"responses": (SAM_SAID,), "members": ("user_tess", "user_sam", "user_lee")},
            ["user_lee"],
        ),
        ({"members": ("user_m81", "user_sam")}, ["user_sam"]),
    ],
)
def test_a_groups_question_offers_it_for_each_it_waits_for(
    tess: Client, question: dict[str, Any], offered: list[str]
) -> None:
    tell(group_ask("int_1", **question))
    assert buttons(one_line(tess.get(QUESTION).content)) == offered


def test_a_question_offers_none_once_it_has_expired(tess: Client) -> None:
    tell(ask("int_1", expires_at=soon(minutes=-1)))
    assert buttons(one_line(tess.get(QUESTION).content)) == []


def test_a_reviewers_question_offers_none(sam: Client) -> None:
    tell(group_ask("int_1"))
    page = one_line(sam.get(QUESTION).content)
    assert "Not yet" in page
    assert buttons(page) == []


@pytest.mark.parametrize("back", ["https://example.com/", "//example.com/", "javascript:1", ""])
def test_it_redirects_to_no_other_site(tess: Client, item: None, back: str) -> None:
    assert press(tess, back=back)["Location"] == PAGE


def test_only_leads_find_it(rina: Client, mallory: Client, item: None) -> None:
    for client in (rina, mallory):
        assert press(client).status_code == 404
        assert press(client, headers=HTMX).status_code == 404
    assert not Notice.objects.exists()


def test_an_unknown_question_is_not_found(tess: Client) -> None:
    assert press(tess, id="int_9").status_code == 404


def test_it_is_sent_only_by_post(tess: Client, item: None) -> None:
    assert tess.get("/interactions/int_1/nudge").status_code == 405


@pytest.mark.usefixtures("item")
def test_signed_out_nothing_is_sent() -> None:
    assert "/accounts/login/" in press(Client())["Location"]
    assert "/accounts/login/" in press(Client(), headers=HTMX)["HX-Redirect"]
    assert not Notice.objects.exists()


def test_two_leads_share_the_hour(tess: Client, sam: Client, item: None) -> None:
    User.objects.get(username="sam").groups.add(Group.objects.get(name="team lead"))
    assert press(sam).status_code == 303
    assert press(tess).status_code == 409
    assert "Sam nudged Rina" in one_line(tess.get(PAGE).content)


def test_questions_of_another_upstream_are_not_found(
    tess: Client, item: None, settings: Any
) -> None:
    settings.MOBIUS_PROJECT = "another"
    assert press(tess).status_code == 404
    assert Interaction.objects.count() == 1
