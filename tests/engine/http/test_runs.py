from typing import Any

import pytest

from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project

NO_RUN = "run_01HW1N1A2B3C4D5E6F7G8H9J0K"
PRINT = {"name": "say", "action": "print", "parameters": {"message": "hello"}}
WAIT = {"name": "wait", "wait_signal": {"topic": "go"}}


def test_a_run_is_accepted_with_all_its_fields(project: Project) -> None:
    run = project.start(
        PRINT, name="nightly", queue="slow", inputs={"day": 1}, metadata={"by": "cron"}
    )
    assert run["id"].startswith("run_")
    assert (run["workflow_name"], run["queue"], run["status"]) == ("nightly", "slow", "queued")
    assert (run["inputs"], run["metadata"]) == ({"day": 1}, {"by": "cron"})
    assert run["created_at"].endswith("Z")
    assert set(run) >= {
        "attempt",
        "ephemeral",
        "tags",
        "external_id",
        "started_at",
        "completed_at",
        "updated_at",
        "error_type",
        "error_message",
        "errors",
        "path_counts",
        "job_counts",
        "step_counts",
        "wait_summary",
    }


def test_a_run_comes_with_its_spec(project: Project) -> None:
    run = project.start(PRINT)
    project.wait_for(run["id"], "completed")
    read = project.http.get(f"runs/{run['id']}").json()
    assert read["status"] == "completed"
    assert read["spec"]["steps"][0]["name"] == "say"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/steps"),
        ("GET", "/events"),
        ("POST", "/signals"),
        ("POST", "/cancellations"),
    ],
)
def test_an_unknown_run_is_a_404(project: Project, method: str, path: str) -> None:
    body = {"name": "go"} if path == "/signals" else None
    for run_id in (NO_RUN, "nonsense", "run_%F0%9F%98%80"):
        response = project.http.request(method, f"runs/{run_id}{path}", json=body)
        refused(response, 404, "not_found")


def test_a_run_of_another_project_is_not_found(project: Project, engine: Any) -> None:
    other = Project(engine, f"{project.handle}-other")
    run = other.start(PRINT)
    refused(project.http.get(f"runs/{run['id']}"), 404, "not_found")
    refused(project.http.get(f"runs/{run['id']}/events"), 404, "not_found")
    other.close()


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "bad_request", "spec"),
        ({"spec": {}}, "bad_request", "name"),
        ({"spec": {"name": "x", "steps": []}}, "bad_request", "steps"),
        ({"spec": {"name": "x", "steps": [PRINT]}, "colour": 1}, "bad_request", "colour"),
        ({"spec": {"name": "x", "steps": [PRINT, PRINT]}}, "bad_request", "say"),
        ({"spec": {"name": "x", "steps": [{"name": "a", "action": "build"}]}}, None, "worker"),
        ({"spec": {"name": "x", "steps": [{**PRINT, "each": []}]}}, "not_supported", "each"),
        ({"spec": {"name": "x", "steps": [PRINT]}, "mode": "saved"}, None, "mode"),
        ({"spec": {"name": "x", "steps": [PRINT]}, "config": []}, "not_supported", "config"),
        ({"spec": {"name": "x", "steps": [PRINT]}, "inputs": []}, "bad_request", "inputs"),
    ],
)
def test_a_wrong_start_is_a_400_that_names_the_field(
    project: Project, body: dict[str, Any], code: str | None, named: str
) -> None:
    response = project.http.post("runs", json=body)
    refused(response, 400, code or response.json()["error"]["code"], named)


def test_an_external_id_of_a_live_run_returns_that_run(project: Project) -> None:
    first = project.start(WAIT, external_id="order-7")
    second = project.start(WAIT, external_id="order-7")
    assert second["id"] == first["id"]


def test_an_external_id_of_a_finished_run_is_a_409(project: Project) -> None:
    run = project.start(PRINT, external_id="order-7")
    project.wait_for(run["id"], "completed")
    response = project.http.post(
        "runs", json={"spec": {"name": "x", "steps": [PRINT]}, "external_id": "order-7"}
    )
    details = refused(response, 409, "external_id_conflict")
    assert (details["existing_run_id"], details["status"]) == (run["id"], "completed")


def test_a_list_is_newest_first_and_filtered(project: Project) -> None:
    first = project.start(PRINT, name="a")
    project.wait_for(first["id"], "completed")
    second = project.start(WAIT, name="b", queue="slow", external_id="x1")
    project.wait_for(second["id"], "suspended")

    def ids(**filters: str) -> list[str]:
        response = project.http.get("runs", params=filters)
        assert response.status_code == 200, response.text
        return [run["id"] for run in response.json()["items"]]

    assert ids() == [second["id"], first["id"]]
    assert ids(status="completed") == [first["id"]]
    assert ids(workflow_type="b") == [second["id"]]
    assert ids(queue="slow") == [second["id"]]
    assert ids(external_id="x1") == [second["id"]]
    assert ids(status="failed") == []


def test_a_walk_neither_skips_nor_repeats_while_runs_are_added(project: Project) -> None:
    created = [project.start(WAIT)["id"] for _ in range(7)]
    met: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = project.http.get("runs", params={"limit": "2", **cursor}).json()
        met += [run["id"] for run in page["items"]]
        project.start(WAIT)
        if not page["has_more"]:
            assert "next_cursor" not in page
            break
        cursor = {"cursor": page["next_cursor"]}
    assert met == created[::-1]


def test_the_steps_are_listed_in_order(project: Project) -> None:
    run = project.start(PRINT, {**PRINT, "name": "again"})
    project.wait_for(run["id"], "completed")
    steps = project.http.get(f"runs/{run['id']}/steps").json()["items"]
    assert [(step["step_name"], step["status"]) for step in steps] == [
        ("say", "completed"),
        ("again", "completed"),
    ]
    assert steps[0]["path_id"] == "main"


def test_a_signal_resumes_the_step_that_waits_for_it(project: Project) -> None:
    run = project.start(WAIT)
    project.wait_for(run["id"], "suspended")
    sent = project.http.post(
        f"runs/{run['id']}/signals", json={"name": "go", "payload": {"ok": True}}
    )
    assert sent.status_code == 202
    assert sent.json()["id"].startswith("sig_")
    assert (sent.json()["run_id"], sent.json()["name"]) == (run["id"], "go")
    project.wait_for(run["id"], "completed")


def test_a_signal_to_a_finished_run_is_a_409(project: Project) -> None:
    run = project.start(PRINT)
    project.wait_for(run["id"], "completed")
    response = project.http.post(f"runs/{run['id']}/signals", json={"name": "go"})
    assert refused(response, 409, "conflict") == {"status": "completed"}


@pytest.mark.parametrize(
    ("body", "named"),
    [({}, "name"), ({"name": "go", "payload": [1]}, "payload"), ({"name": "go", "to": 1}, "to")],
)
def test_a_wrong_signal_is_a_400_that_names_the_field(
    project: Project, body: dict[str, Any], named: str
) -> None:
    run = project.start(WAIT)
    response = project.http.post(f"runs/{run['id']}/signals", json=body)
    refused(response, 400, "bad_request", named)


def test_a_cancellation_ends_the_run_and_its_question(project: Project) -> None:
    run = project.start(project.question())
    question = project.pending(run["id"])
    response = project.http.post(f"runs/{run['id']}/cancellations")
    assert (response.status_code, response.content) == (204, b"")
    ended = project.http.get(f"runs/{run['id']}").json()
    assert (ended["status"], ended["error_type"]) == ("failed", "run_cancelled")
    assert project.http.get(f"interactions/{question['id']}").json()["status"] == "expired"
    again = project.http.post(f"runs/{run['id']}/cancellations")
    assert again.status_code == 204
    assert project.http.get(f"runs/{run['id']}").json() == ended
