import pytest

from inbox.engine.actions import groups, interactions
from tests.engine.team import REVIEWERS, question

pytestmark = pytest.mark.django_db(databases=["engine"])


def test_an_answer_completes_it(team):
    item = team.answer(team.rina, team.ask(), True, comment="fine")
    assert item["status"] == "completed"
    assert item["responder"] == {"type": "user", "id": "user_rina"}
    assert item["response"] == {"value": True, "comment": "fine", "at": item["completed_at"]}
    assert item["updated_at"] == item["completed_at"]
    assert team.read(item) == item
    assert team.frames()[-1]["type"] == "interaction_completed"
    assert team.frames()[-1]["data"] == item


def test_a_service_key_answers_for_the_one_person_asked(team):
    item = team.answer(team.service, team.ask())
    assert item["responder"] == {"type": "user", "id": "user_rina"}


def test_a_service_key_answers_for_an_agent(team, refusal):
    item = team.ask(target={"type": "agent", "id": "triage"})
    with refusal(403, "permission_denied"):
        team.answer(team.rina, item)
    assert team.answer(team.service, item)["responder"] == {"type": "agent", "id": "triage"}


def test_a_service_key_may_not_answer_for_a_group(team, refusal):
    with refusal(403, "permission_denied") as caught:
        team.answer(team.service, team.ask_group())
    assert "member token" in caught[0].message


def test_an_answer_resumes_the_run_that_asked(team):
    run = team.begin(question())
    since = team.newest()
    item = team.answer(team.rina, team.questions(run)[0], False, comment="no")
    assert team.run(run)["status"] == "queued"
    changes = [(frame["type"], frame["data"]["status"]) for frame in team.frames(since)]
    assert changes == [
        ("interaction_completed", "completed"),
        ("run_step_updated", "completed"),
        ("run_updated", "queued"),
    ]
    assert item["signal_name"] == f"interaction:{item['id']}"
    assert team.settle(run)["status"] == "completed"


def test_refusals_come_in_the_order_of_the_contract(team, refusal):
    item = team.ask_group()
    nonsense = {"colour": "red"}

    def respond(who, interaction_id=item["id"], body=nonsense):
        return interactions.respond(caller=who, interaction_id=interaction_id, body=body)

    with refusal(404, "not_found"):
        respond(team.mallory, "int_01M883G4EFC887DHZZ5MSEDWDR")
    interactions.claim(caller=team.sam, interaction_id=item["id"])
    with refusal(403, "permission_denied"):
        respond(team.mallory)
    with refusal(409, "already_claimed", claimed_by="user_sam"):
        respond(team.rina)
    with refusal(400, "bad_request"):
        respond(team.sam)
    team.answer(team.sam, item)
    with refusal(409, "conflict", status="completed"):
        respond(team.rina)
    with refusal(403, "permission_denied"):
        respond(team.mallory)


@pytest.mark.parametrize(
    "body",
    [{}, {"value": 3}, {"value": True, "comment": 3}, {"value": True, "more": 1}, [True], None],
)
def test_a_wrong_answer_is_a_400_and_changes_nothing(team, refusal, body):
    item = team.ask()
    with refusal(400, "bad_request"):
        interactions.respond(caller=team.rina, interaction_id=item["id"], body=body)
    assert team.read(item) == item


@pytest.mark.parametrize("value", [None, 0, "text", [1, {"a": None}], {"b": {}}])
def test_without_a_spec_any_json_answers(team, value):
    item = team.answer(team.rina, team.ask(spec=...), value)
    assert item["status"] == "completed"
    assert team.read(item)["response"]["value"] == value


def test_a_comment_may_be_null(team):
    assert team.answer(team.rina, team.ask(), comment=None)["response"]["comment"] is None


def test_the_first_of_a_group_completes_it(team, refusal):
    item = team.ask_group()
    assert team.answer(team.sam, item)["responder"]["id"] == "user_sam"
    with refusal(409, "conflict", status="completed"):
        team.answer(team.rina, item)


def test_all_members_answer_before_it_is_completed(team, refusal):
    item = team.ask_group("change-board")
    pending = team.answer(team.lee, item, False, comment="risky")
    assert (pending["status"], pending["response"], pending["responder"]) == ("pending", None, None)
    assert pending["partial_responses"] == [
        {
            "user_id": "user_lee",
            "value": False,
            "comment": "risky",
            "responded_at": pending["updated_at"],
        }
    ]
    assert team.frames()[-1]["type"] == "interaction_updated"
    with refusal(409, "already_responded"):
        team.answer(team.lee, item)
    team.answer(team.rina, item, True)
    done = team.answer(team.sam, item, True)
    assert done["status"] == "completed"
    assert done["responder"] == {"type": "user", "id": "user_sam"}
    assert done["response"] == {
        "value": [True, True, False],
        "comment": None,
        "at": done["completed_at"],
    }
    assert len(done["partial_responses"]) == 3


@pytest.mark.parametrize("inside", [True, False])
def test_require_all_raises_the_policy_of_a_group(team, inside):
    target = {"type": "group", "id": "approvers"}
    if inside:
        item = team.ask(target={**target, "require_all": True})
    else:
        item = team.ask(target=target, require_all=True)
    assert item["target"] == target
    assert (item["require_all"], item["routing_policy_snapshot"]) == (True, "first_responder")
    assert team.answer(team.rina, item)["status"] == "pending"


def test_require_all_does_not_lower_the_policy(team):
    item = team.ask_group("change-board", require_all=False)
    assert team.answer(team.rina, item)["status"] == "pending"


def test_require_all_means_nothing_for_one_person(team):
    item = team.ask(require_all=True)
    assert item["require_all"] is None
    assert team.answer(team.rina, item)["status"] == "completed"


def test_a_runs_question_to_all_has_all_answers_in_its_output(team):
    board = {"type": "group", "id": "change-board", "require_all": True}
    show = {"name": "show", "action": "json", "parameters": {"all": "${steps.ask}"}}
    run = team.begin(question(target=board), show)
    item = team.questions(run)[0]
    for who, value in ((team.sam, False), (team.lee, True), (team.rina, True)):
        assert team.run(run)["status"] == "suspended"
        team.answer(who, item, value)
    team.settle(run)
    output = team.steps(run)[1]["parameters"]["all"]
    assert output["value"] == [True, False, True]
    assert [each["user_id"] for each in output["responses"]] == REVIEWERS
    assert output["responder"] == {"type": "user", "id": "user_rina"}


def test_the_member_snapshot_decides_who_may_answer(team, refusal):
    item = team.ask_group()
    groups.remove_member(caller=team.service, group="approvers", user_id="user_rina")
    groups.add_member(caller=team.service, group="approvers", body={"user_id": "user_mallory"})
    with refusal(403, "permission_denied"):
        team.answer(team.mallory, item)
    assert team.answer(team.rina, item)["status"] == "completed"
