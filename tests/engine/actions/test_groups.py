import pytest

from inbox.engine.actions import groups

pytestmark = pytest.mark.django_db(databases=["engine"])


def test_a_group_is_made_with_a_handle_of_its_name(team):
    created = groups.create(
        caller=team.service, body={"name": "Legal & Risk", "description": "both"}
    )
    assert created["id"].startswith("grp_")
    assert (created["handle"], created["name"], created["description"]) == (
        "legal-risk",
        "Legal & Risk",
        "both",
    )
    assert created["routing_policy"] == "first_responder"
    assert groups.get(caller=team.service, group="legal-risk") == {**created, "member_count": 0}
    assert groups.get(caller=team.service, group=created["id"])["id"] == created["id"]


def test_a_handle_in_use_is_a_409(team, refusal):
    with refusal(409, "conflict"):
        groups.create(caller=team.service, body={"name": "x", "handle": "approvers"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 65},
        {"name": "!!!"},
        {"name": "x", "handle": "a b"},
        {"name": "x", "routing_policy": "quorum"},
        {"name": "x", "members": []},
    ],
)
def test_a_wrong_group_is_a_400(team, refusal, body):
    with refusal(400, "bad_request"):
        groups.create(caller=team.service, body=body)


def test_the_list_counts_members(team):
    page = groups.list_groups(caller=team.service)
    found = {each["handle"]: each["member_count"] for each in page["items"]}
    assert found == {"approvers": 3, "change-board": 3}
    assert page["has_more"] is False


def test_name_description_and_policy_can_change_and_the_handle_cannot(team, refusal):
    before = groups.get(caller=team.service, group="approvers")
    body = {"name": "All", "description": None, "routing_policy": "all_members"}
    after = groups.update(caller=team.service, group="approvers", body=body)
    assert (after["name"], after["routing_policy"], after["handle"]) == (
        "All",
        "all_members",
        "approvers",
    )
    assert after["updated_at"] > before["updated_at"]
    for wrong in ({"handle": "x"}, {"name": None}, {"routing_policy": None}):
        with refusal(400, "bad_request"):
            groups.update(caller=team.service, group="approvers", body=wrong)


def test_a_changed_policy_does_not_touch_what_is_asked_already(team):
    item = team.ask_group()
    groups.update(caller=team.service, group="approvers", body={"routing_policy": "all_members"})
    assert team.answer(team.rina, item)["status"] == "completed"


def test_members_come_and_go(team, refusal):
    body = {"user_id": "user_tess"}
    added = groups.add_member(caller=team.rina, group="approvers", body=body)
    assert added["id"].startswith("gm_")
    assert (added["user_id"], added["added_by"]) == ("user_tess", "user_rina")
    assert added["group_id"] == team.groups["approvers"]
    with refusal(409, "conflict"):
        groups.add_member(caller=team.rina, group="approvers", body=body)
    listed = groups.members(caller=team.service, group="approvers")["items"]
    assert listed[0] == added
    assert len(listed) == 4
    groups.remove_member(caller=team.service, group="approvers", user_id="user_tess")
    with refusal(404, "not_found"):
        groups.remove_member(caller=team.service, group="approvers", user_id="user_tess")


def test_a_person_of_another_project_cannot_join(team, refusal):
    with refusal(400, "bad_request"):
        groups.add_member(caller=team.service, group="approvers", body={"user_id": "user_eve"})


def test_the_groups_of_a_person(team, refusal):
    found = groups.groups_of(caller=team.service, user_id="user_rina")
    assert sorted(each["handle"] for each in found["items"]) == ["approvers", "change-board"]
    assert groups.groups_of(caller=team.service, user_id="user_tess")["items"] == []
    with refusal(404, "not_found"):
        groups.groups_of(caller=team.service, user_id="user_eve")


@pytest.mark.parametrize("unknown", ["nobody", "grp_1", "a\0"])
def test_an_unknown_group_is_a_404(team, refusal, unknown):
    for call in (groups.get, groups.members):
        with refusal(404, "not_found"):
            call(caller=team.service, group=unknown)
    with refusal(404, "not_found"):
        groups.update(caller=team.service, group=unknown, body={})
