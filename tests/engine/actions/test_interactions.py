from datetime import timedelta

import pytest

from inbox.engine import clock
from inbox.engine.actions import groups, interactions, runs
from inbox.engine.rules import times
from tests.engine.team import make_team, question, wait

pytestmark = pytest.mark.django_db(databases=["engine"])


def test_a_new_interaction_has_every_field_of_the_contract(team):
    soon = times.to_text(clock.now() + timedelta(hours=1))
    item = team.ask(context={"b": 1, "a": [None]}, expires_at=soon)
    assert item["id"].startswith("int_")
    assert item["created_at"] == item["updated_at"]
    del item["id"], item["created_at"], item["updated_at"]
    assert item == {
        "type": "approval",
        "status": "pending",
        "run_id": None,
        "signal_name": None,
        "message": "Publish it?",
        "context": {"b": 1, "a": [None]},
        "spec": {"mode": "confirm"},
        "target": {"type": "user", "id": "user_rina"},
        "target_group_id": None,
        "target_member_snapshot": None,
        "routing_policy_snapshot": None,
        "require_all": None,
        "claimed_by": None,
        "claimed_at": None,
        "partial_responses": None,
        "responder": None,
        "response": None,
        "expires_at": soon,
        "completed_at": None,
    }


def test_context_keeps_the_order_it_was_sent_in(team):
    item = team.ask(context={"zebra": 1, "aa": 2, "b": 3})
    assert list(team.read(item)["context"]) == ["zebra", "aa", "b"]


def test_a_group_is_snapshotted(team):
    item = team.ask_group("change-board", require_all=False)
    assert item["target"] == {"type": "group", "id": "change-board"}
    assert item["target_group_id"] == team.groups["change-board"]
    assert item["target_member_snapshot"] == ["user_rina", "user_sam", "user_lee"]
    assert item["routing_policy_snapshot"] == "all_members"
    assert item["require_all"] is False


def test_a_group_may_be_named_by_its_id(team):
    item = team.ask_group(team.groups["approvers"])
    assert item["target"] == {"type": "group", "id": team.groups["approvers"]}
    assert item["target_group_id"] == team.groups["approvers"]


def test_it_is_logged(team):
    item = team.ask()
    frame = team.frames()[-1]
    assert (frame["type"], frame["run_id"], frame["data"]) == ("interaction_created", None, item)
    assert frame["timestamp"] == item["created_at"]


@pytest.mark.parametrize(
    "fields",
    [
        {"target": {"type": "group", "id": "nobody"}},
        {"target": {"type": "team", "id": "x"}},
        {"target": {"type": "user", "id": ""}},
        {"target": "user_rina"},
        {"target": ...},
        {"message": ""},
        {"message": ...},
        {"type": "poll"},
        {"type": ...},
        {"context": [1]},
        {"colour": "red"},
        {"run_id": "run_1"},
        {"signal_name": "go"},
        {"expires_at": "soon"},
        {"expires_at": 5},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2999-01-01T00:00:00"},
        {"require_all": "yes"},
        {"message": "a\0b"},
    ],
)
def test_a_wrong_body_is_a_400_and_leaves_nothing(team, refusal, fields):
    with refusal(400, "bad_request"):
        team.ask(**fields)
    assert team.newest() == 0


def test_an_empty_group_is_a_400(team, refusal):
    groups.create(caller=team.service, body={"name": "Empty"})
    with refusal(400, "bad_request") as caught:
        team.ask_group("empty")
    assert "no members" in caught[0].message


def test_an_unknown_interaction_is_a_404(team, refusal):
    elsewhere = make_team().ask()
    for unknown in ("int_x", "int_01M883G4EFC887DHZZ5MSEDWDR", "x\0", elsewhere["id"]):
        with refusal(404, "not_found"):
            interactions.get(caller=team.service, interaction_id=unknown)


def test_answering_an_interaction_of_a_run_delivers_its_signal(team):
    run = team.begin(wait("approved"))
    item = team.ask(run_id=run["id"], signal_name="approved")
    assert (item["run_id"], item["signal_name"]) == (run["id"], "approved")
    team.answer(team.rina, item, comment="fine")
    assert team.run(run)["status"] == "queued"
    assert team.settle(run)["status"] == "completed"


def test_the_delivered_payload_is_what_a_step_would_have_had(team):
    print_it = {"name": "p", "action": "print", "parameters": {"message": "${steps.wait}"}}
    run = team.begin(wait("approved"), print_it)
    team.answer(team.rina, team.ask(run_id=run["id"], signal_name="approved"), comment="fine")
    team.settle(run)
    assert team.steps(run)[1]["parameters"]["message"] == {
        "value": True,
        "comment": "fine",
        "responder": {"type": "user", "id": "user_rina"},
    }


def test_answered_before_the_run_waits_its_signal_is_stored(team):
    run = team.begin(question(), wait("approved"))
    team.answer(team.rina, team.ask(run_id=run["id"], signal_name="approved"))
    assert team.run(run)["status"] == "suspended"
    team.answer(team.rina, team.questions(run)[-1])
    assert team.settle(run)["status"] == "completed"


def test_an_interaction_for_an_unknown_or_finished_run_is_refused(team, refusal):
    with refusal(404, "not_found"):
        team.ask(run_id="run_01M883G4EFC887DHZZ5MSEDWDR", signal_name="go")
    run = team.begin(wait())
    runs.cancel(caller=team.service, run_id=run["id"])
    with refusal(409, "conflict", status="failed"):
        team.ask(run_id=run["id"], signal_name="go")


def test_when_its_run_ends_it_expires(team):
    run = team.begin(wait())
    item = team.ask(run_id=run["id"], signal_name="later")
    runs.signal(caller=team.service, run_id=run["id"], body={"name": "go"})
    team.settle(run)
    assert team.read(item)["status"] == "expired"
    kinds = [frame["type"] for frame in team.frames(run_id=run["id"])][-2:]
    assert kinds == ["interaction_expired", "run_updated"]


def listed(caller, **filters):
    page = interactions.list_interactions(caller=caller, filters=filters)
    return [each["id"] for each in page["items"]]


def test_the_list_is_newest_first(team):
    first, second = team.ask(), team.ask()
    assert listed(team.service) == [second["id"], first["id"]]


def test_the_list_can_be_filtered(team):
    mine = team.ask()
    group = team.ask_group(type="review", spec=...)
    run = team.begin(question())
    of_run = team.questions(run)[0]
    team.answer(team.rina, mine)
    assert listed(team.service, status="completed") == [mine["id"]]
    assert listed(team.service, status="pending", type="review") == [group["id"]]
    assert listed(team.service, run_id=run["id"]) == [of_run["id"]]
    assert listed(team.service, target_type="group") == [group["id"]]
    assert listed(team.service, target_id="approvers") == [group["id"]]
    assert listed(team.service, target_id=team.groups["approvers"]) == [group["id"]]
    assert listed(team.service, target_id="user_rina", type="review") == []


def test_the_inbox_is_what_the_tokens_owner_was_asked(team):
    direct, group = team.ask(), team.ask_group()
    other = team.ask(target={"type": "user", "id": "user_sam"})
    assert listed(team.rina, inbox="true") == [group["id"], direct["id"]]
    assert listed(team.sam, inbox="true") == [other["id"], group["id"]]
    assert listed(team.mallory, inbox="true") == []
    assert listed(team.service, inbox="false") == [other["id"], group["id"], direct["id"]]


@pytest.mark.parametrize(
    "filters",
    [{"colour": "red"}, {"status": "open"}, {"type": "poll"}, {"inbox": "yes"}, {"run_id": "\0"}],
)
def test_a_wrong_filter_is_a_400(team, refusal, filters):
    with refusal(400, "bad_request"):
        interactions.list_interactions(caller=team.rina, filters=filters)


def test_a_service_key_has_no_inbox(team, refusal):
    with refusal(400, "bad_request"):
        listed(team.service, inbox="true")
