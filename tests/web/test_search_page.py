"""The search of the command palette: questions, runs and people, by the viewer's rights."""

import re
from typing import Any

from django.test import Client

from inbox.mobius.types import RunStatus, Target
from inbox.models import Group, Membership, Upstream
from tests.support.snapshots import LEE, RINA, answered, ask, at, run
from tests.web.cast import part, sign_in, stranger, tell


def found(client: Client, text: str) -> list[str]:
    answer = client.get("/search/", {"q": text}, headers=part("palette-found"))
    assert answer.status_code == 200
    return re.findall(r'<span class="cut">(.*?)</span>', answer.content.decode())


def told() -> None:
    lee = Target(type="user", id=LEE)
    tell(
        run("run_rina", status=RunStatus.SUSPENDED, workflow="refund"),
        run("run_lee", status=RunStatus.SUSPENDED, workflow="refund-late"),
        ask("int_rina", message="Refund Brightwater?", run_id="run_rina", workflow="refund"),
        ask(
            "int_lee",
            message="Refund Northgate?",
            target=lee,
            run_id="run_lee",
        ),
    )


def test_it_finds_questions_and_runs_that_the_viewer_may_open(rina: Client) -> None:
    told()
    assert found(rina, "refund") == ["Refund Brightwater?", "refund #rina"]
    lead = found(sign_in("tess"), "refund")
    assert sorted(lead) == [
        "Refund Brightwater?",
        "Refund Northgate?",
        "refund #rina",
        "refund-late #lee",
    ]
    assert found(stranger(), "refund") == []


def test_questions_with_the_words_in_their_title_come_first(rina: Client) -> None:
    tell(
        ask("int_1", message="Pay the refund?", created_at=at(0)),
        ask(
            "int_2", message="Ship it?\n\nThis has nothing to do with the refund.", created_at=at(5)
        ),
    )
    assert found(rina, "refu")[:2] == ["Pay the refund?", "Ship it?"]


def test_people_are_found_in_ones_groups_and_in_ones_questions(rina: Client) -> None:
    assert found(rina, "sam") == []
    tell(answered(ask("int_1", message="Pay?"), LEE, 1))
    group = Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_1", handle="ops", name="Operations"
    )
    Membership.objects.bulk_create(
        Membership(group=group, user_id=user_id) for user_id in (RINA, "user_sam")
    )
    assert found(rina, "sam")[-1:] == ["Sam"]
    assert found(rina, "lee") == ["Lee", "Pay?"]
    tell(ask("int_2", message="Pay Lee?"))
    assert found(rina, "lee") == ["Pay Lee?", "Pay?", "Lee"]
    assert found(rina, "tess") == []
    assert found(stranger(), "sam") == []
    page = sign_in("tess").get("/search/", {"q": "sam"}).content.decode()
    assert 'href="/runs/blocked/?person=user_sam"' in page


def test_the_link_to_the_inbox_needs_more_questions_there(rina: Client) -> None:
    more = "Show more questions in the inbox"
    tell(*(ask(f"int_{n}", message=f"Refund {n}?") for n in range(9)))
    assert more in found(rina, "refund")
    # They are Rina's; the inbox of a lead has only her own.
    assert found(sign_in("tess"), "refund") == [f"Refund {n}?" for n in range(8, 0, -1)]


def test_special_characters_find_nothing(rina: Client) -> None:
    told()
    for text in ("", "   ", "%", "_", '"', "OR", "re*und", "' OR 1=1 --", "x" * 999):
        assert "Refund Northgate?" not in found(rina, text), text
    assert found(rina, "") == []


def test_it_is_a_page_too(rina: Client) -> None:
    told()
    page = rina.get("/search/", {"q": "refund"})
    text = page.content.decode()
    assert 'value="refund"' in text
    assert 'href="/interactions/int_rina/"' in text
    assert "Nothing found" in rina.get("/search/?q=nowhere").content.decode()
    assert rina.post("/search/").status_code == 405


def names(page: Any) -> set[str]:
    group = page.content.decode().partition('id="palette-pages"')[2].partition("</div>")[0]
    return set(re.findall(r"<span>(.*?)</span>", group))


def test_the_palette_lists_only_what_the_person_may_use(rina: Client) -> None:
    own, lead, admin = (names(sign_in(name).get("/inbox/")) for name in ("rina", "tess", "admin"))
    assert {"Inbox", "Focus mode", "Done", "Runs", "Groups", "Account"} <= own & lead & admin
    assert lead - own == {
        "Blocked",
        "Comment templates",
        "Group channels",
        "Insights",
        "Decisions",
    }
    assert admin - own == {"Connection", "Permissions"}
    assert "palette" not in Client().get("/accounts/login/").content.decode()
