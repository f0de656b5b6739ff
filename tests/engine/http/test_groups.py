from typing import Any

import pytest

from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project


def test_a_group_is_created_read_and_changed(project: Project) -> None:
    created = project.http.post(
        "groups", json={"handle": "finance", "name": "Finance", "routing_policy": "all_members"}
    )
    assert created.status_code == 201
    group = created.json()
    assert group["id"].startswith("grp_")
    assert (group["handle"], group["routing_policy"]) == ("finance", "all_members")
    for key in ("finance", group["id"]):
        assert project.http.get(f"groups/{key}").json()["id"] == group["id"]
    changed = project.http.patch("groups/finance", json={"name": "Money"})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["handle"]) == ("Money", "finance")
    assert changed.json()["updated_at"] > group["updated_at"]


def test_the_list_has_the_number_of_members_of_each_group(project: Project) -> None:
    listed = project.http.get("groups").json()
    assert {each["handle"]: each["member_count"] for each in listed["items"]} == {
        "approvers": 3,
        "change-board": 3,
    }
    page = project.http.get("groups", params={"limit": 1}).json()
    assert page["has_more"] is True
    rest = project.http.get("groups", params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert {page["items"][0]["handle"], rest["items"][0]["handle"]} == {"approvers", "change-board"}


def test_a_handle_that_exists_is_a_409(project: Project) -> None:
    response = project.http.post("groups", json={"handle": "approvers", "name": "Again"})
    refused(response, 409, "conflict")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "name"),
        ({"name": "x", "routing_policy": "quorum"}, "routing_policy"),
        ({"name": "x", "colour": 1}, "colour"),
    ],
)
def test_a_wrong_group_is_a_400_that_names_the_field(
    project: Project, body: dict[str, Any], named: str
) -> None:
    refused(project.http.post("groups", json=body), 400, "bad_request", named)


def test_members_come_and_go(project: Project) -> None:
    added = project.http.post("groups/approvers/members", json={"user_id": "user_tess"})
    assert added.status_code == 201
    assert added.json()["user_id"] == "user_tess"
    assert added.json()["id"].startswith("gm_")
    again = project.http.post("groups/approvers/members", json={"user_id": "user_tess"})
    refused(again, 409, "conflict")
    groups = project.http.get("members/user_tess/groups").json()["items"]
    assert [each["handle"] for each in groups] == ["approvers"]
    removed = project.http.delete("groups/approvers/members/user_tess")
    assert (removed.status_code, removed.content) == (204, b"")
    members = project.http.get("groups/approvers/members").json()["items"]
    assert {each["user_id"] for each in members} == {"user_rina", "user_sam", "user_lee"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "groups/nobody"),
        ("PATCH", "groups/nobody"),
        ("GET", "groups/nobody/members"),
        ("POST", "groups/nobody/members"),
        ("DELETE", "groups/nobody/members/user_rina"),
        ("DELETE", "groups/approvers/members/user_tess"),
    ],
)
def test_an_unknown_group_or_member_is_a_404(project: Project, method: str, path: str) -> None:
    bodies = {"PATCH": {"name": "x"}, "POST": {"user_id": "user_rina"}}
    response = project.http.request(method, path, json=bodies.get(method))
    refused(response, 404, "not_found")


def test_an_interaction_keeps_the_members_that_it_was_asked_of(project: Project) -> None:
    question = project.ask(target={"type": "group", "id": "approvers"})
    project.http.delete("groups/approvers/members/user_lee")
    answered = project.as_("user_lee").post(
        f"interactions/{question['id']}/respond", json={"value": True}
    )
    assert answered.status_code == 200
