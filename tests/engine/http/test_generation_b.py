"""Generation B over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import httpx_sse
import pytest

from tests.engine.http.refusals import refused
from tests.fixtures_engine import LaterProject

REVIEWED = {"type": "any_of", "review": {"reviewer_user_ids": ["user_lee"]}}
OPTIONS = [{"value": "apr", "label": "April"}, {"value": "may", "label": "May"}]


def read(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    body: dict[str, Any] = response.json()
    return body


def events(project: LaterProject, run_id: str, after: int = 0) -> list[dict[str, Any]]:
    """Those that the stream brings until it ends."""
    path = f"runs/{run_id}/events?after_sequence={after}"
    with httpx_sse.connect_sse(project.http, "GET", path) as source:
        found = []
        for event in source.iter_sse():
            data = event.json()
            assert (event.event, event.id) == (data["event_type"], str(data["sequence"]))
            found.append(data)
        return found


def follow(project: LaterProject, run_id: str, until: Callable[[dict[str, Any]], bool]) -> None:
    with httpx_sse.connect_sse(project.http, "GET", f"runs/{run_id}/events") as source:
        for event in source.iter_sse():
            if until(event.json()):
                return
    raise AssertionError("the stream ended before that")


def asked_by(project: LaterProject, run_id: str) -> dict[str, Any]:
    """The question for which the run waits."""
    follow(project, run_id, lambda event: event["event_type"] == "wait.opened")
    query = {"run_id": run_id, "status": "pending"}
    (asked,) = read(project.http.get("interactions", params=query))["items"]
    found: dict[str, Any] = asked
    return found


def test_a_run_asks_is_answered_and_completes_while_it_is_followed(
    later_project: LaterProject,
) -> None:
    project = later_project
    run_id = project.run_story(project.question(message="Deploy 4.2?\n\nAll is green."))
    asked = asked_by(project, run_id)
    assert (asked["kind"], asked["title"]) == ("request_approval", "Deploy 4.2?")
    assert (asked["description"], asked["spec"]) == ("All is green.", {"mode": "confirm"})
    run = {"run_id": run_id, "signal_name": "ask"}
    assert asked["consumer"] == {"kind": "run", "run": run}
    assert {name: asked[name] for name in run} == run
    assert read(project.http.get(f"runs/{run_id}"))["status"] == "suspended"
    (step,) = read(project.http.get(f"runs/{run_id}/steps"))["items"]
    assert (step["step_key"], step["kind"], step["status"]) == ("ask", "interaction", "suspended")

    answered = read(
        project.as_("user_rina").post(
            f"interactions/{asked['id']}/respond", json={"value": True, "comment": "Go."}
        )
    )
    assert (answered["status"], answered["outcome"]) == ("completed", True)
    assert answered["responder"] == {"user_id": "user_rina"}
    assert [each["value"] for each in answered["responses"]] == [True]

    seen = events(project, run_id)
    assert [event["event_type"] for event in seen] == [
        "run.started",
        "step.started",
        "wait.opened",
        "interaction.responded",
        "step.completed",
        "run.resumed",
        "run.completed",
    ]
    assert events(project, run_id, after=seen[-1]["sequence"]) == []
    assert read(project.http.get(f"runs/{run_id}"))["stop_reason"] == "completed"


def test_the_log_is_read_in_pages(later_project: LaterProject) -> None:
    say = {"name": "say", "action": "print", "parameters": {"message": "Hello"}}
    run_id = later_project.run_story(say)
    whole = events(later_project, run_id)
    found: list[dict[str, Any]] = []
    more = True
    while more:
        query = {"after_sequence": found[-1]["sequence"] if found else 0, "limit": 2}
        page = read(later_project.http.get(f"runs/{run_id}/events", params=query))
        found += page["items"]
        more = page["has_more"]
        assert page["next_sequence"] == found[-1]["sequence"]
    assert found == whole
    for wrong in ({"limit": "101"}, {"limit": "0"}, {"after_sequence": "x"}):
        response = later_project.http.get(f"runs/{run_id}/events", params=wrong)
        refused(response, 400, "bad_request")


def test_a_form_has_one_value_in_each_mode(later_project: LaterProject) -> None:
    select = {"mode": "select", "options": OPTIONS}
    for spec, value, wrong in (
        (select, "apr", "june"),
        ({**select, "mode": "multi_select"}, ["apr", "may"], ["june"]),
        ({"mode": "input"}, "text", True),
    ):
        asked = later_project.ask(kind="request_information", spec=spec)
        path = f"interactions/{asked['id']}/respond"
        rina = later_project.as_("user_rina")
        refused(rina.post(path, json={"value": wrong}), 400, "bad_request", "value")
        refused(rina.post(path, json={"answers": []}), 400, "bad_request", "answers")
        assert read(rina.post(path, json={"value": value}))["outcome"] == value


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"spec": {"questions": []}}, "spec.questions is not a known field"),
        ({"spec": {"mode": "input"}}, "confirm or select"),
        ({"signal_name": "go"}, "come together"),
        ({"type": "approval"}, "type is not a known field"),
    ],
)
def test_a_wrong_question_is_a_400_that_names_the_field(
    later_project: LaterProject, fields: dict[str, Any], said: str
) -> None:
    body = {
        "kind": "request_approval",
        "title": "Ship it?",
        "target_user_ids": ["user_rina"],
        **fields,
    }
    refused(later_project.http.post("interactions", json=body), 400, "bad_request", said)


def test_quorum_and_review_decide_when_it_closes(later_project: LaterProject) -> None:
    people = ["user_rina", "user_sam", "user_tess"]
    policy = {**REVIEWED, "type": "quorum", "threshold": 2}
    asked = later_project.ask(target_user_ids=people, resolution_policy=policy)
    path = f"interactions/{asked['id']}"

    def respond(who: str, value: bool) -> dict[str, Any]:
        return read(later_project.as_(who).post(f"{path}/respond", json={"value": value}))

    assert respond("user_sam", True)["status"] == "pending"
    assert respond("user_tess", False)["status"] == "in_review"
    sent_back = {"action": "request_changes", "comment": "Talk first."}
    again = read(later_project.as_("user_lee").post(f"{path}/review", json=sent_back))
    assert (again["status"], again["review_round"]) == ("pending", 1)
    respond("user_sam", True)
    respond("user_tess", True)
    done = read(later_project.as_("user_lee").post(f"{path}/review", json={"action": "accept"}))
    assert (done["status"], done["outcome"]) == ("completed", [True, True])


def test_cancelling_a_run_cancels_its_question(later_project: LaterProject) -> None:
    run_id = later_project.run_story(later_project.question())
    asked = asked_by(later_project, run_id)
    for _ in range(2):
        body = {"reason": "Not this week"}
        run = read(later_project.http.post(f"runs/{run_id}/cancel", json=body))
        assert (run["status"], run["stop_reason"]) == ("cancelled", "cancelled")
    shown = read(later_project.http.get(f"interactions/{asked['id']}"))
    assert shown["status"] == "cancelled"
    assert events(later_project, run_id)[-1]["event_type"] == "run.cancelled"
    refused(later_project.http.post(f"runs/{run_id}/retry"), 409, "conflict")
    for status, found in (("cancelled", [run_id]), ("failed", [])):
        page = read(later_project.http.get("runs", params={"status": status}))
        assert [each["id"] for each in page["items"]] == found


def test_a_failed_run_is_tried_again_from_the_step_that_failed(
    later_project: LaterProject,
) -> None:
    fail = {"name": "import", "action": "fail", "parameters": {"message": "No file"}}
    run_id = later_project.run_story(later_project.question(), fail)
    asked = asked_by(later_project, run_id)
    path = f"interactions/{asked['id']}/respond"
    read(later_project.as_("user_rina").post(path, json={"value": True}))
    before = events(later_project, run_id)
    assert before[-1]["event_type"] == "run.failed"
    again = later_project.http.post(f"runs/{run_id}/retry", json={"reason": "The file is there"})
    assert again.status_code == 202
    assert again.json()["attempt"] == 2
    after = events(later_project, run_id, after=before[-1]["sequence"])
    kinds = [(event["event_type"], event["step_key"]) for event in after]
    assert kinds == [
        ("run.resumed", None),
        ("step.started", "import"),
        ("step.failed", "import"),
        ("run.failed", None),
    ]


def test_a_signal_goes_to_the_step_that_waits(later_project: LaterProject) -> None:
    wait = {"name": "wait", "wait_signal": {"topic": "go"}}
    run_id = later_project.run_story(wait)
    follow(later_project, run_id, lambda event: event["event_type"] == "wait.opened")
    path = f"runs/{run_id}/signals"
    refused(later_project.http.post(path, json={"step_key": "other"}), 400, "bad_request")
    refused(later_project.http.post(path, json={"name": "go"}), 400, "bad_request")
    read(later_project.http.post(path, json={"step_key": "wait", "result": {"ok": True}}))
    assert events(later_project, run_id)[-1]["event_type"] == "run.completed"
    (step,) = read(later_project.http.get(f"runs/{run_id}/steps"))["items"]
    assert (step["kind"], step["result"]) == ("wait_for_event", {"ok": True})


def test_it_can_be_told_from_other_generations_and_whose_token_it_is(
    later_project: LaterProject,
) -> None:
    http = later_project.http
    later_project.run_story(later_project.question(), name="Monthly report")
    (loop,) = read(http.get("loops"))["items"]
    assert loop["id"] == "loop_monthly_report"
    assert len(read(http.get("runs", params={"loop_id": loop["id"]}))["items"]) == 1
    (machine,) = read(http.get("principals"))["items"]
    assert machine["id"] == later_project.ask()["created_by"]
    for path in ("groups", "members/me", "runs/events"):
        refused(http.get(path), 404, "not_found")
    refused(http.get(f"{later_project.base_url}/v1/interactions"), 404, "not_found")
    suffixed = later_project.with_token(f"{later_project.service_key}.{later_project.handle}")
    (project,) = read(suffixed.get(f"{later_project.base_url}/v1/projects"))["items"]
    assert project["handle"] == later_project.handle
    url = f"{later_project.base_url}/v1/auth/cli-credentials"
    (credential,) = read(later_project.as_("user_rina").get(url))["items"]
    assert credential["user_id"] == "user_rina"
    refused(http.get(url), 403, "permission_denied")


def test_the_demo_is_told_without_what_needs_several_questions(
    later_project: LaterProject,
) -> None:
    later_project.tell_the_morning()
    page = read(later_project.http.get("interactions", params={"limit": "100"}))
    found = page["items"]
    assert {"quorum", "any_of", "all_of"} <= {each["resolution_policy"]["type"] for each in found}
    assert {"pending", "in_review"} <= {each["status"] for each in found}
    assert max(each["review_round"] for each in found) == 1
    assert "questions" not in json.dumps([each["spec"] for each in found])
