from datetime import timedelta

import pytest

from inbox.engine import clock
from inbox.engine.actions import advance, runs
from tests.engine.team import act, question, wait

pytestmark = pytest.mark.django_db(databases=["engine"])


def send(team, run, name="go", **body):
    return runs.signal(caller=team.service, run_id=run["id"], body={"name": name, **body})


def taken(team, run):
    return team.steps(run)[-1]["parameters"]["message"]


SHOW = act("print", "show", message="${steps.wait}")


def test_a_waiting_run_resumes_with_the_payload(team):
    run = team.begin(wait("go"), SHOW)
    assert run["wait_summary"]["waiting_on_signal_names"] == ["go"]
    assert run["wait_summary"]["kind_counts"] == {"signal": 1}
    assert run["wait_summary"]["next_wake_at"] is None
    sent = send(team, run, payload={"by": "Rina"})
    assert sent["id"].startswith("sig_")
    assert (sent["run_id"], sent["name"]) == (run["id"], "go")
    assert team.run(run)["status"] == "queued"
    assert team.settle(run)["status"] == "completed"
    assert taken(team, run) == {"by": "Rina"}


def test_a_signal_that_no_step_waits_for_is_stored_for_a_later_step(team):
    run = team.begin(wait("go", "first"), wait("later"), SHOW)
    send(team, run, "later", payload={"n": 1})
    send(team, run, "later", payload={"n": 2})
    assert team.run(run)["status"] == "suspended"
    send(team, run, "go")
    assert team.settle(run)["status"] == "completed"
    assert taken(team, run) == {"n": 1}


def test_a_stored_signal_is_taken_once(team):
    run = team.begin(wait("x", "first"), wait("go", "second"), wait("go"))
    send(team, run, "go")
    send(team, run, "x")
    assert team.settle(run)["wait_summary"]["waiting_on_signal_names"] == ["go"]
    assert [step["status"] for step in team.steps(run)] == ["completed", "completed", "running"]


def test_a_signal_without_a_payload_is_an_empty_one(team):
    run = team.begin(wait(), SHOW)
    send(team, run)
    team.settle(run)
    assert taken(team, run) == {}


def test_a_wait_that_times_out_fails_the_run(team):
    run = team.begin(wait("go", timeout="10m"))
    assert run["wait_summary"]["next_wake_at"] is not None
    late = clock.now() + timedelta(minutes=11)
    advance.advance(project_id=team.project_id, run_id=run["id"], at=late)
    done = team.run(run)
    assert (done["status"], done["error_type"]) == ("failed", "step_failed")
    assert "wait" in done["error_message"]
    assert team.steps(run)[0]["error_type"] == "timeout"


def test_a_question_can_be_signalled_past_and_is_then_expired(team, refusal):
    run = team.begin(question(), act("json", "show", all="${steps.ask}"))
    item = team.questions(run)[0]
    since = team.newest()
    send(team, run, item["signal_name"], payload={"approved": True})
    assert [(f["type"], f["data"]["status"]) for f in team.frames(since)] == [
        ("interaction_expired", "expired"),
        ("run_step_updated", "completed"),
        ("run_updated", "queued"),
    ]
    with refusal(409, "conflict", status="expired"):
        team.answer(team.rina, item)
    assert team.settle(run)["status"] == "completed"
    assert team.steps(run)[1]["parameters"]["all"] == {
        "value": {"approved": True},
        "comment": None,
        "responder": None,
    }


def test_nothing_sent_before_a_question_exists_can_answer_it(team):
    run = team.begin(wait(), question())
    send(team, run, "ask")
    send(team, run, "interaction:")
    send(team, run, "go")
    assert team.settle(run)["wait_summary"]["kind_counts"] == {"interaction": 1}


def test_a_finished_run_takes_none(team, refusal):
    run = team.begin(act("print"))
    with refusal(409, "conflict", status="completed"):
        send(team, run)


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": 3}, {"name": "go", "payload": []}, {"name": "go", "more": 1}, None],
)
def test_a_wrong_body_is_a_400(team, refusal, body):
    run = team.begin(wait())
    with refusal(400, "bad_request"):
        runs.signal(caller=team.service, run_id=run["id"], body=body)
    assert team.run(run) == run
