from typing import Any

import pytest

from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project

NO_INTERACTION = "int_01HW1N1A2B3C4D5E6F7G8H9J0K"
APPROVERS = {"type": "group", "id": "approvers"}
BOARD = {"type": "group", "id": "change-board"}


def respond(project: Project, asked: dict[str, Any], user_id: str, value: Any = True) -> Any:
    return project.as_(user_id).post(f"interactions/{asked['id']}/respond", json={"value": value})


def test_a_standalone_question_is_created(project: Project) -> None:
    response = project.http.post(
        "interactions",
        json={
            "type": "approval",
            "message": "Ship it?",
            "target": {"type": "user", "id": "user_rina"},
            "context": {"version": "4.2"},
            "spec": {"mode": "confirm"},
            "expires_at": "2099-01-01T00:00:00Z",
        },
    )
    assert response.status_code == 201
    asked = response.json()
    assert asked["id"].startswith("int_")
    assert (asked["status"], asked["type"]) == ("pending", "approval")
    assert asked["expires_at"] == "2099-01-01T00:00:00.000000Z"
    assert asked["context"] == {"version": "4.2"}
    for absent in ("run_id", "signal_name", "response", "responder", "claimed_by"):
        assert asked[absent] is None
    assert project.http.get(f"interactions/{asked['id']}").json() == asked


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"type": "quiz"}, "type"),
        ({"message": None}, "message"),
        ({"target": {"type": "user"}}, "target"),
        ({"target": {"type": "group", "id": "nobody"}}, "group"),
        ({"spec": {"mode": "confirm", "colour": 1}}, "colour"),
        ({"type": "input", "spec": {"mode": "select", "options": []}}, "options"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"signal_name": "go"}, "run_id"),
        ({"run_id": NO_INTERACTION}, "signal_name"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_question_is_a_400_that_names_the_field(
    project: Project, fields: dict[str, Any], named: str
) -> None:
    body = {
        "type": "approval",
        "message": "Ship it?",
        "target": {"type": "user", "id": "user_rina"},
        **fields,
    }
    refused(project.http.post("interactions", json=body), 400, "bad_request", named)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/respond"), ("POST", "/claim"), ("POST", "/release")],
)
def test_an_unknown_interaction_is_a_404(project: Project, method: str, path: str) -> None:
    body = {"value": True} if path == "/respond" else None
    for interaction_id in (NO_INTERACTION, "nonsense"):
        response = project.as_("user_rina").request(
            method, f"interactions/{interaction_id}{path}", json=body
        )
        refused(response, 404, "not_found")


def test_lists_are_filtered(project: Project) -> None:
    rina = project.ask(message="for Rina")
    group = project.ask(message="for the group", target=APPROVERS)
    done = project.ask(message="done", type="input")
    project.http.post(f"interactions/{done['id']}/respond", json={"value": "text"})
    run = project.start(project.question())
    of_run = project.pending(run["id"])

    def ids(client: Any = project.http, **filters: str) -> list[str]:
        response = client.get("interactions", params=filters)
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]

    everything = [of_run["id"], done["id"], group["id"], rina["id"]]
    assert ids() == everything
    assert ids(status="completed") == [done["id"]]
    assert ids(type="input") == [done["id"]]
    assert ids(target_type="group") == [group["id"]]
    assert ids(target_id="user_rina") == [of_run["id"], done["id"], rina["id"]]
    assert ids(run_id=run["id"]) == [of_run["id"]]
    assert ids(project.as_("user_rina"), inbox="true") == everything
    assert ids(project.as_("user_sam"), inbox="true") == [group["id"]]
    assert ids(project.as_("user_mallory"), inbox="true") == []


def test_a_service_key_has_no_inbox(project: Project) -> None:
    refused(project.http.get("interactions", params={"inbox": "true"}), 400, "bad_request")


def test_a_member_answers_as_themselves(project: Project) -> None:
    question = project.ask()
    response = project.as_("user_rina").post(
        f"interactions/{question['id']}/respond", json={"value": False, "comment": "Not yet."}
    )
    assert response.status_code == 200
    answered = response.json()
    assert answered["status"] == "completed"
    assert answered["responder"] == {"type": "user", "id": "user_rina"}
    assert answered["response"]["value"] is False
    assert answered["response"]["comment"] == "Not yet."
    assert answered["updated_at"] > question["updated_at"]


def test_only_who_is_asked_may_answer(project: Project) -> None:
    refused(respond(project, project.ask(), "user_sam"), 403, "permission_denied")
    question = project.ask(target=APPROVERS)
    refused(respond(project, question, "user_mallory"), 403, "permission_denied")


def test_a_service_key_may_not_act_for_a_group(project: Project) -> None:
    question = project.ask(target=APPROVERS)
    path = f"interactions/{question['id']}"
    refused(
        project.http.post(f"{path}/respond", json={"value": True}),
        403,
        "permission_denied",
        "member token",
    )
    refused(project.http.post(f"{path}/claim"), 403, "permission_denied")
    refused(project.http.post(f"{path}/release"), 403, "permission_denied")


def test_a_closed_question_is_a_409_whatever_is_sent(project: Project) -> None:
    question = project.ask()
    assert respond(project, question, "user_rina").status_code == 200
    for value in (True, "nonsense"):
        details = refused(respond(project, question, "user_rina", value), 409, "conflict")
        assert details == {"status": "completed"}


@pytest.mark.parametrize(
    ("fields", "value", "expected"),
    [
        ({"spec": {"mode": "confirm"}}, "yes", "true or false"),
        (
            {
                "type": "review",
                "spec": {"mode": "select", "options": [{"value": "a", "label": "A"}]},
            },
            "b",
            "a",
        ),
        (
            {
                "type": "input",
                "spec": {"mode": "multi_select", "options": [{"value": "a", "label": "A"}]},
            },
            ["a", "a"],
            "",
        ),
        ({"type": "input", "spec": {"mode": "input"}}, 5, "text"),
        ({"type": "input", "spec": {"mode": "input"}}, "x" * 65_537, ""),
    ],
)
def test_a_wrong_value_is_a_400_and_leaves_it_open(
    project: Project, fields: dict[str, Any], value: Any, expected: str
) -> None:
    question = project.ask(**fields)
    refused(respond(project, question, "user_rina", value), 400, "bad_request")
    assert project.http.get(f"interactions/{question['id']}").json() == question


@pytest.mark.parametrize(
    ("body", "named"), [({}, "value"), ({"value": True, "why": 1}, "why"), ({"comment": 1}, "")]
)
def test_a_wrong_answer_body_is_a_400_that_names_the_field(
    project: Project, body: dict[str, Any], named: str
) -> None:
    question = project.ask(spec={"mode": "confirm"})
    response = project.http.post(f"interactions/{question['id']}/respond", json=body)
    refused(response, 400, "bad_request", named)


def test_a_claim_keeps_others_from_answering(project: Project) -> None:
    question = project.ask(target=APPROVERS)
    path = f"interactions/{question['id']}"
    for _ in range(2):
        claimed = project.as_("user_sam").post(f"{path}/claim")
        assert claimed.status_code == 200
        assert claimed.json()["claimed_by"] == "user_sam"
    late = project.as_("user_lee").post(f"{path}/claim")
    assert refused(late, 409, "already_claimed") == {"claimed_by": "user_sam"}
    answer = respond(project, question, "user_lee")
    assert refused(answer, 409, "already_claimed") == {"claimed_by": "user_sam"}
    refused(project.as_("user_lee").post(f"{path}/release"), 403, "permission_denied")
    refused(project.as_("user_mallory").post(f"{path}/claim"), 403, "permission_denied")
    assert project.as_("user_sam").post(f"{path}/release").json()["claimed_by"] is None
    assert project.as_("user_lee").post(f"{path}/release").status_code == 200
    assert respond(project, question, "user_lee").status_code == 200
    refused(project.as_("user_sam").post(f"{path}/claim"), 409, "conflict")
    refused(project.as_("user_sam").post(f"{path}/release"), 409, "conflict")


@pytest.mark.parametrize("target", [BOARD, {"type": "user", "id": "user_rina"}])
def test_only_first_responder_questions_can_be_claimed(
    project: Project, target: dict[str, str]
) -> None:
    question = project.ask(target=target)
    response = project.as_("user_rina").post(f"interactions/{question['id']}/claim")
    refused(response, 400, "not_claimable")


def test_all_members_answer_and_the_last_one_completes_it(project: Project) -> None:
    question = project.ask(target=BOARD)
    assert question["target_member_snapshot"] == ["user_rina", "user_sam", "user_lee"]
    first = respond(project, question, "user_lee", value=False).json()
    assert first["status"] == "pending"
    assert [each["user_id"] for each in first["partial_responses"]] == ["user_lee"]
    refused(respond(project, question, "user_lee"), 409, "already_responded")
    assert respond(project, question, "user_rina").json()["status"] == "pending"
    last = respond(project, question, "user_sam").json()
    assert last["status"] == "completed"
    assert last["response"]["value"] == [True, True, False]
    assert last["response"]["comment"] is None
    assert last["responder"] == {"type": "user", "id": "user_sam"}


def test_a_question_for_a_run_delivers_its_signal(project: Project) -> None:
    run = project.start({"name": "wait", "wait_signal": {"topic": "go"}})
    project.wait_for(run["id"], "suspended")
    question = project.ask(run_id=run["id"], signal_name="go")
    assert respond(project, question, "user_rina").status_code == 200
    project.wait_for(run["id"], "completed")
