"""The page on which an administrator deactivates a person, and the command that does the same."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client

from inbox.answering import deactivation
from inbox.mobius.types import Policy, PolicyKind
from inbox.models import Credential, Decision, Interaction
from tests.support.desk import Desk
from tests.support.snapshots import ask, group_ask
from tests.support.tags import text_of
from tests.web.cast import sign_in, tell


@pytest.fixture
def boss(people: None) -> Client:
    return sign_in("admin")


def path(name: str = "rina") -> str:
    return f"/people/{User.objects.get(username=name).pk}/deactivate"


def shown(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return text_of(answer.content.decode())


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("deactivate_person", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def claimed(desk: Desk, monkeypatch: Any) -> Interaction:
    monkeypatch.setattr(deactivation, "TRY_FOR", 0.0)
    desk.ask(message="Only Rina knows")
    item = desk.ask_group(message="Which vendor?")
    desk.project.as_("user_rina").post(f"interactions/{item.mobius_id}/claim")
    desk.read(item.mobius_id)
    desk.server.refuse()
    return item


def test_the_list_of_people_leads_there_but_not_from_ones_own_row(boss: Client) -> None:
    page = boss.get("/people/").content.decode()
    assert f'href="{path()}"' in page
    assert f'href="{path("admin")}"' not in page


def test_it_asks_first_and_says_what_will_happen(boss: Client) -> None:
    tell(ask(), group_ask("int_2", policy=Policy(kind=PolicyKind.ANY), claimed_by="user_rina"))
    page = shown(boss.get(path()))
    assert "Deactivate Rina?" in page
    assert "Deactivate Rina Cancel" in page
    assert "1 claim will be released with their member token." in page
    assert "1 open question will wait for someone who can't answer here any more." in page
    assert User.objects.get(username="rina").is_active


def test_it_warns_where_claims_may_not_be_released(boss: Client, away: None) -> None:
    assert "Releasing claims may fail now." in shown(boss.get(path()))


def test_the_page_shows_what_was_done_and_what_is_left(claimed: Interaction) -> None:
    page = shown(sign_in("admin").post(path()))
    for words in (
        "Rina was deactivated",
        "0 of 1 claims released",
        "Member token removed",
        "1 claim wasn't released",
        "Mobius can't be reached.",
        "No one else can answer.",
    ):
        assert words in page
    entry = Decision.objects.get(verb="account_switched_off")
    assert (entry.account, entry.title, entry.address) == ("admin", "rina", "127.0.0.1")
    later = shown(sign_in("admin").get(path()))
    assert "No one else can answer while it's claimed." in later
    assert "The deactivation isn't finished" not in later


def test_only_a_lead_reads_what_the_questions_are_about(claimed: Interaction) -> None:
    page = shown(sign_in("admin").post(path()))
    assert claimed.mobius_id in page
    assert "Which vendor?" not in page
    assert "Show in Blocked" not in page
    User.objects.get(username="admin").groups.add(Group.objects.get(name="team lead"))
    admin = sign_in("admin")
    page = shown(admin.get(path()))
    assert "Which vendor?" in page
    assert "Only Rina knows" in page
    blocked = shown(admin.get("/runs/blocked/?person=user_rina"))
    assert "The account is deactivated" in blocked
    assert "Only Rina knows" in blocked


def test_the_command_shows_the_same(claimed: Interaction) -> None:
    out, err = run("rina")
    assert out.startswith(
        "rina is deactivated.\n"
        "0 unsent answers withdrawn.\n"
        "0 of 1 claims released.\n"
        "Member token removed.\n"
        "0 sessions ended.\n"
    )
    alone = Interaction.objects.exclude(pk=claimed.pk).get()
    address = f"http://127.0.0.1:8000/interactions/{alone.mobius_id}/"
    assert f"Open question: {address}\tNo one else can answer.\n" in out
    assert f"/interactions/{claimed.mobius_id}/\tMobius can't be reached.\n" in err
    assert "Which vendor?" not in out + err
    entry = Decision.objects.get(verb="account_switched_off")
    assert (entry.credential_kind, entry.address) == ("command", "")


def test_the_command_refuses_an_unknown_name_and_the_last_administrator(people: None) -> None:
    with pytest.raises(CommandError, match="No account exists for nobody"):
        run("nobody")
    with pytest.raises(CommandError, match="admin is the only administrator"):
        run("admin")
    assert User.objects.get(username="admin").is_active


def test_no_one_deactivates_themselves_or_the_last_administrator(boss: Client) -> None:
    assert "You can't deactivate your own account." in shown(boss.get(path("admin")))
    assert "You can't deactivate your own account." in shown(boss.post(path("admin")), 422)
    assert User.objects.get(username="admin").is_active


def test_an_account_that_was_only_switched_off_can_be_finished(boss: Client) -> None:
    User.objects.filter(username="rina").update(is_active=False)
    assert "The deactivation isn't finished" in shown(boss.get(path()))
    page = shown(boss.post(path()))
    assert "Member token removed" in page
    assert "The deactivation isn't finished" not in page
    assert not Credential.objects.filter(reviewer__user__username="rina").exists()


@pytest.mark.parametrize("name", ["rina", "tess"])
def test_it_is_for_administrators_only(people: None, name: str) -> None:
    client = sign_in(name)
    assert client.get(path("sam")).status_code == 404
    assert client.post(path("sam")).status_code == 404
    assert User.objects.get(username="sam").is_active


def test_the_log_says_whose_answer_was_withdrawn_and_who_had_a_claim_released(
    claimed: Interaction, desk: Desk
) -> None:
    desk.server.listen()
    sign_in("admin").post(path())
    page = shown(sign_in("tess").get("/decisions/"))
    assert "By admin, when the account was deactivated" in page
    assert "Deactivated an account" in page
