"""The list *Questions*: everyone's open questions, for leads where there are no runs."""

import re
from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import InteractionStatus, Policy, PolicyKind, Target
from inbox.models import SavedView, Upstream
from inbox.templatetags.inbox_tags import drawing
from tests.support.snapshots import LEE, RINA, SAM, ask, reply
from tests.support.tags import text_of
from tests.web.cast import part, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]

LIST = "/inbox/?scope=everyone"
SEVERAL = {"target": Target(type="group", id=""), "group_id": None, "members": (RINA, SAM)}


@pytest.fixture(autouse=True)
def asked(people: None) -> None:
    Upstream.current()
    Upstream.objects.update(generation="c")
    tell(
        ask("int_1", message="Ship it?"),
        ask("int_2", message="Which one?", type="input", **SEVERAL),
        ask("int_3", message="Sorted?", target=Target(type="user", id=LEE)),
        ask("int_4", message="Over?", status=InteractionStatus.EXPIRED),
    )


def listed(client: Client, query: str = "") -> list[str]:
    page = client.get(LIST + query).content.decode()
    return [f"int_{n}" for n in "1234" for _ in range(page.count(f'id="entry-int_{n}"'))]


def test_a_lead_sees_each_open_question_once(tess: Client) -> None:
    assert listed(tess) == ["int_1", "int_2", "int_3"]
    page = text_of(tess.get(LIST, headers=part("inbox-list")).content.decode())
    assert "Rina and Sam" in page
    assert "Unread" not in page
    assert listed(tess, "&type=input") == listed(tess, "&q=which") == ["int_2"]


def test_one_person_is_not_drawn_as_a_group(tess: Client) -> None:
    page = tess.get(LIST).content.decode()
    chips = re.findall(r'<span class="chip">(.*?)<span class="cut">(.*?)</span>', page)
    icons = {name: icon for icon, name in chips}
    assert icons["Lee"] == drawing("user", "", small=False)
    assert icons["Rina and Sam"] == drawing("groups", "", small=False)


def test_a_question_in_review_is_one_of_them(tess: Client) -> None:
    policy = Policy(kind=PolicyKind.ANY)
    answers = (reply(LEE, True),)
    review = InteractionStatus.IN_REVIEW
    target = Target(type="user", id=LEE)
    tell(ask("int_3", 5, status=review, target=target, policy=policy, responses=answers))
    assert "int_3" in listed(tess)
    assert "In review" in tess.get(LIST).content.decode()


def test_it_is_for_leads_where_there_are_no_runs(tess: Client, rina: Client) -> None:
    assert f'href="{LIST}"' in tess.get("/inbox/").content.decode()
    assert f'href="{LIST}"' not in rina.get("/inbox/").content.decode()
    assert rina.get(LIST).status_code == 404
    assert "int_3" not in rina.get("/interactions/int_1/?scope=everyone").content.decode()
    Upstream.objects.update(generation="b")
    assert tess.get(LIST).status_code == 404


def test_an_open_question_leads_back_to_the_list(tess: Client) -> None:
    page = tess.get("/interactions/int_3/?scope=everyone").content.decode()
    assert 'id="entry-int_1"' in page
    assert 'aria-label="Back to the list"' in page


def test_a_row_that_has_closed_leaves_the_list(tess: Client) -> None:
    tell(ask("int_1", 5, status=InteractionStatus.EXPIRED))
    query = "&changed=int_1&changed=int_2&shown=int_1&shown=int_2"
    page = tess.get(f"/inbox/changes/{LIST.removeprefix('/inbox/')}{query}").content.decode()
    assert 'id="entry-int_2"' in page
    assert 'hx-swap-oob="delete"' in page


def test_it_follows_everyones_questions_also_beside_an_open_one(tess: Client, rina: Client) -> None:
    for client, follows in ((tess, True), (rina, False)):
        for path in ("/live/inbox/", "/live/inbox/?item=int_1"):
            response: Any = client.get(path)
            assert ("runs" in response.subscription.topics) is follows


def test_it_can_be_saved_as_a_view(tess: Client) -> None:
    tess.post("/views/new/?page=inbox&scope=everyone&type=input", {"name": "Inputs"})
    view = SavedView.objects.get()
    assert "Which one?" in tess.get(view.get_absolute_url()).content.decode()
