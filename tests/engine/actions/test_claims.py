import pytest

from inbox.engine.actions.interactions import claim, release

pytestmark = pytest.mark.django_db(databases=["engine"])


def test_a_claim_keeps_others_from_answering(team, refusal):
    item = team.ask_group()
    claimed = claim(caller=team.rina, interaction_id=item["id"])
    assert (claimed["claimed_by"], claimed["status"]) == ("user_rina", "pending")
    assert claimed["claimed_at"] == claimed["updated_at"]
    assert team.frames()[-1]["type"] == "interaction_group_claimed"
    with refusal(409, "already_claimed", claimed_by="user_rina"):
        team.answer(team.sam, item)
    with refusal(409, "already_claimed", claimed_by="user_rina"):
        claim(caller=team.sam, interaction_id=item["id"])
    done = team.answer(team.rina, item)
    assert (done["status"], done["claimed_by"]) == ("completed", "user_rina")


def test_claiming_again_changes_nothing(team):
    item = team.ask_group()
    claimed = claim(caller=team.rina, interaction_id=item["id"])
    newest = team.newest()
    assert claim(caller=team.rina, interaction_id=item["id"]) == claimed
    assert team.newest() == newest


def test_a_released_one_is_open_to_all_again(team):
    item = team.ask_group()
    claim(caller=team.rina, interaction_id=item["id"])
    free = release(caller=team.rina, interaction_id=item["id"])
    assert (free["claimed_by"], free["claimed_at"]) == (None, None)
    assert team.frames()[-1]["type"] == "interaction_group_released"
    assert team.answer(team.sam, item)["status"] == "completed"


def test_releasing_an_unclaimed_question_changes_nothing(team):
    item = team.ask_group()
    newest = team.newest()
    assert release(caller=team.rina, interaction_id=item["id"]) == item
    assert team.newest() == newest


def test_only_the_person_who_claimed_it_releases(team, refusal):
    item = team.ask_group()
    claim(caller=team.rina, interaction_id=item["id"])
    with refusal(403, "permission_denied"):
        release(caller=team.sam, interaction_id=item["id"])


@pytest.mark.parametrize("verb", [claim, release])
def test_a_person_who_was_not_asked_cannot_claim(team, refusal, verb):
    item = team.ask_group()
    for who in (team.mallory, team.service):
        with refusal(403, "permission_denied"):
            verb(caller=who, interaction_id=item["id"])
    with refusal(404, "not_found"):
        verb(caller=team.rina, interaction_id="int_unknown")


def test_a_direct_question_and_one_to_all_cannot_be_claimed(team, refusal):
    for item in (team.ask(), team.ask_group("change-board"), team.ask_group(require_all=True)):
        with refusal(400, "not_claimable"):
            claim(caller=team.rina, interaction_id=item["id"])


@pytest.mark.parametrize("verb", [claim, release])
def test_claiming_a_closed_question_is_a_409(team, refusal, verb):
    item = team.ask_group()
    team.answer(team.rina, item)
    with refusal(409, "conflict", status="completed"):
        verb(caller=team.rina, interaction_id=item["id"])
