from datetime import timedelta

import pytest

from inbox.engine import clock
from inbox.engine.actions.auth import authenticate, digest, me
from inbox.engine.actions.provision import provision, revoke
from inbox.engine.models import Token
from tests.engine.team import PEOPLE, make_team

pytestmark = pytest.mark.django_db(databases=["engine"])


def test_a_service_key_is_a_machine(team):
    assert team.service.user_id is None
    assert team.tokens["service"].startswith("mbx_")


def test_a_member_token_is_one_person(team):
    assert (team.rina.user_id, team.rina.name) == ("user_rina", "Rina")
    assert team.tokens["user_rina"].startswith("mbc_")
    assert me(caller=team.rina) == {"user_id": "user_rina", "name": "Rina"}


def test_a_service_key_has_no_person(team, refusal):
    with refusal(400, "bad_request"):
        me(caller=team.service)


@pytest.mark.parametrize("token", [None, "", "mbx_unknown", ".p", "\ud800"])
def test_a_missing_or_unknown_token_is_a_401(team, refusal, token):
    with refusal(401, "unauthorized"):
        authenticate(token=token, project=team.handle)


def test_a_token_is_asked_for_before_the_project(refusal):
    with refusal(401, "unauthorized"):
        authenticate(token=None, project="nowhere")


def test_a_revoked_token_is_a_401(team, refusal):
    revoke(token=team.tokens["user_rina"])
    with refusal(401, "unauthorized"):
        authenticate(token=team.tokens["user_rina"], project=team.handle)


def test_an_expired_token_is_a_401(team, refusal):
    mine = Token.objects.filter(digest=digest(team.tokens["user_rina"]))
    mine.update(expires_at=clock.now() + timedelta(hours=1))
    authenticate(token=team.tokens["user_rina"], project=team.handle)
    mine.update(expires_at=clock.now())
    with refusal(401, "unauthorized"):
        authenticate(token=team.tokens["user_rina"], project=team.handle)


def test_a_suffix_may_name_the_project(team, refusal):
    token = team.tokens["user_rina"]
    assert authenticate(token=f"{token}.{team.handle}", project=team.handle).user_id == "user_rina"
    with refusal(403, "permission_denied"):
        authenticate(token=f"{token}.other", project=team.handle)


def test_another_projects_token_is_a_403_and_an_unknown_project_a_404(team, refusal):
    other = make_team()
    with refusal(403, "permission_denied"):
        authenticate(token=team.tokens["service"], project=other.handle)
    for unknown in ("nowhere", "a\0b"):
        with refusal(404, "not_found"):
            authenticate(token=team.tokens["service"], project=unknown)


def test_only_the_hash_of_a_token_is_kept(team):
    kept = str(list(Token.objects.values()))
    assert not any(token in kept for token in team.tokens.values())


def test_provisioning_again_keeps_what_is_and_brings_what_changed(team):
    group = {"handle": "approvers", "name": "Approvers!", "members": ["user_sam", "user_tess"]}
    again = provision(
        handle=team.handle,
        people={**PEOPLE, "user_rina": "Rina R."},
        groups=[group],
        service_key=team.tokens["service"],
        member_tokens={"user_rina": team.tokens["user_rina"]},
    )
    assert again["service_key"] == team.tokens["service"]
    assert again["members"]["user_rina"] == team.tokens["user_rina"]
    assert again["groups"] == {"approvers": team.groups["approvers"]}
    assert authenticate(token=team.tokens["user_rina"], project=team.handle).name == "Rina R."
    item = team.ask_group()
    assert sorted(item["target_member_snapshot"]) == ["user_sam", "user_tess"]


def test_groups_can_be_left_as_people_have_made_them(team):
    asked = [
        {"handle": handle, "name": handle, "members": ["user_tess"]}
        for handle in ("approvers", "newcomers")
    ]
    again = provision(handle=team.handle, people=PEOPLE, groups=asked, keep_groups=True)
    assert again["groups"]["approvers"] == team.groups["approvers"]
    assert "user_rina" in team.ask_group()["target_member_snapshot"]
    assert "newcomers" in again["groups"]


def test_a_token_that_was_not_given_is_made_again_and_the_old_one_stays_good(team):
    again = provision(handle=team.handle, people=PEOPLE, groups=[])
    assert again["members"]["user_rina"] != team.tokens["user_rina"]
    for token in (again["members"]["user_rina"], team.tokens["user_rina"]):
        assert authenticate(token=token, project=team.handle).user_id == "user_rina"


def test_someone_elses_token_cannot_be_registered(team, refusal):
    with refusal(409, "conflict"):
        provision(
            handle=team.handle,
            people=PEOPLE,
            groups=[],
            member_tokens={"user_sam": team.tokens["user_rina"]},
        )


@pytest.mark.parametrize("handle", ["", "a b", "a/b", "é", "-a"])
def test_a_project_has_a_url_safe_handle(refusal, handle):
    with refusal(400, "bad_request"):
        provision(handle=handle, people={}, groups=[])
