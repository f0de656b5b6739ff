"""The guide's walkthrough, step by step, as a back end does it with the service key."""

from tests.engine.http.reading import reading
from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project


def test_a_run_asks_waits_is_answered_and_completes(project: Project) -> None:
    spec = {
        "name": "release",
        "steps": [
            {
                "name": "approve",
                "interaction": {
                    "type": "approval",
                    "message": "Deploy 4.2 to production?",
                    "target": {"type": "user", "id": "user_rina"},
                    "timeout": "30m",
                    "spec": {"mode": "confirm"},
                },
            }
        ],
    }
    started = project.http.post("runs", json={"mode": "inline", "spec": spec})
    assert started.status_code == 202
    run = started.json()
    assert run["status"] == "queued"
    assert run["ephemeral"] is True

    with reading(project, f"runs/{run['id']}/events?since=0") as stream:
        statuses = []
        for frame in stream:
            if frame.event == "run_updated" and frame.data is not None:
                statuses.append(frame.data["data"]["status"])
                if statuses[-1] == "suspended" and frame.id is not None:
                    break

        listed = project.http.get(
            "interactions", params={"run_id": run["id"], "status": "pending"}
        ).json()
        (asked,) = listed["items"]
        assert asked["message"] == "Deploy 4.2 to production?"
        assert asked["type"] == "approval"

        answered = project.http.post(
            f"interactions/{asked['id']}/respond", json={"value": True, "comment": "Go."}
        )
        assert answered.status_code == 200
        assert answered.json()["status"] == "completed"
        assert answered.json()["responder"] == {"type": "user", "id": "user_rina"}
        assert answered.json()["response"]["value"] is True
        assert answered.json()["response"]["comment"] == "Go."

        after = []
        for frame in stream:
            if frame.event == "run_updated" and frame.data is not None:
                after.append(frame.data["data"]["status"])
                if after[-1] == "completed":
                    break
    assert after == ["queued", "running", "completed"]

    again = project.http.post(f"interactions/{asked['id']}/respond", json={"value": True})
    assert refused(again, 409, "conflict") == {"status": "completed"}
    assert project.http.get(f"runs/{run['id']}").json()["status"] == "completed"
