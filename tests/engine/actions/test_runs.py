from datetime import timedelta

import pytest

from inbox.engine import clock
from inbox.engine.actions import advance, runs
from inbox.engine.models import Run
from tests.engine.team import act, make_team, question, sleep, wait

pytestmark = pytest.mark.django_db(databases=["engine"])

IDLE = {
    "waiting_paths": 0,
    "kind_counts": {},
    "next_wake_at": None,
    "waiting_on_signal_names": [],
    "interaction_ids": [],
}


def events_of(team, run):
    """Type, status and step of each."""
    return [
        (frame["type"], frame["data"].get("status"), frame["data"].get("step_name"))
        for frame in team.frames(run_id=run["id"])
    ]


def test_a_new_run_is_queued_and_has_every_field_of_the_contract(team):
    run = team.start(
        question(), inputs={"n": 1}, metadata={"by": "api"}, queue="slow", external_id="x-1"
    )
    assert run["id"].startswith("run_")
    assert run["created_at"] == run["updated_at"]
    del run["id"], run["created_at"], run["updated_at"]
    assert run == {
        "workflow_name": "billing",
        "queue": "slow",
        "status": "queued",
        "attempt": 1,
        "ephemeral": True,
        "inputs": {"n": 1},
        "metadata": {"by": "api"},
        "tags": {},
        "external_id": "x-1",
        "error_type": None,
        "error_message": None,
        "errors": [],
        "path_counts": {
            "total": 1,
            "active": 1,
            "working": 1,
            "waiting": 0,
            "completed": 0,
            "failed": 0,
        },
        "job_counts": {"ready": 0, "scheduled": 0, "claimed": 0},
        "step_counts": {"pending": 0, "running": 0, "completed": 0, "failed": 0, "cancelled": 0},
        "wait_summary": IDLE,
        "started_at": None,
        "completed_at": None,
    }


def test_a_run_carries_its_spec_as_it_was_sent(team):
    step = {**question(), "layout": {"y": 2, "x": 1}, "description": "the question"}
    run = team.start(step, tags={"team": "finance"})
    whole = runs.get(caller=team.service, run_id=run["id"])
    assert whole["spec"] == {"name": "billing", "steps": [step]}
    assert list(whole["spec"]["steps"][0]["layout"]) == ["y", "x"]
    assert whole["tags"] == {"team": "finance"}
    assert "spec" not in run


def test_a_question_emits_its_events_in_order_and_suspends_the_run(team):
    run = team.begin(question())
    item = team.questions(run)[0]
    assert events_of(team, run) == [
        ("run_updated", "queued", None),
        ("run_updated", "running", None),
        ("run_step_updated", "running", "ask"),
        ("interaction_created", "pending", None),
        ("run_updated", "suspended", None),
    ]
    assert run["status"] == "suspended"
    assert run["wait_summary"] == {
        "waiting_paths": 1,
        "kind_counts": {"interaction": 1},
        "next_wake_at": item["expires_at"],
        "waiting_on_signal_names": [f"interaction:{item['id']}"],
        "interaction_ids": [item["id"]],
    }
    assert (run["path_counts"]["working"], run["path_counts"]["waiting"]) == (0, 1)
    assert run["step_counts"]["running"] == 1
    assert run["started_at"] is not None


def test_an_answered_run_continues_to_its_end(team):
    run = team.begin(question())
    since = team.newest()
    team.answer(team.rina, team.questions(run)[0])
    done = team.settle(run)
    assert events_of(team, run)[since:] == [
        ("interaction_completed", "completed", None),
        ("run_step_updated", "completed", "ask"),
        ("run_updated", "queued", None),
        ("run_updated", "running", None),
        ("run_updated", "completed", None),
    ]
    assert (done["status"], done["wait_summary"], done["errors"]) == ("completed", IDLE, [])
    assert done["completed_at"] == done["updated_at"]
    assert done["step_counts"]["completed"] == 1
    assert done["path_counts"]["completed"] == 1


def test_the_last_frame_of_a_run_is_the_run_as_it_is(team):
    run = team.begin(question(), sleep("1h"))
    team.answer(team.rina, team.questions(run)[0])
    now = team.settle(run)
    del now["spec"]
    last = [frame for frame in team.frames() if frame["type"] == "run_updated"][-1]
    assert last["data"] == now


def test_steps_are_rows_in_the_order_they_were_reached(team):
    run = team.begin(act("print", message="hi"), question(), sleep("1s"))
    first, second = team.steps(run)
    assert first["id"].startswith("step_")
    for name in ("id", "started_at", "completed_at", "created_at", "updated_at"):
        assert first.pop(name) is not None
    assert first == {
        "run_id": run["id"],
        "path_id": "main",
        "step_name": "act",
        "action": "print",
        "attempt": 0,
        "transition_seq": 1,
        "kind": "server_action",
        "source": "executed",
        "status": "completed",
        "parameters": {"message": "hi"},
        "error_type": None,
        "error_message": None,
    }
    assert (second["kind"], second["action"], second["status"]) == ("control", "", "running")
    assert (second["transition_seq"], second["completed_at"]) == (2, None)


def test_an_action_logs_its_line(team):
    run = team.begin(act("print", message="hello ${inputs.who}"), inputs={"who": "Rina"})
    assert run["status"] == "completed"
    lines = [f["data"] for f in team.frames() if f["type"] == "action_appended"]
    assert lines == [{"step_name": "act", "line": "hello Rina"}]


def test_references_reach_message_context_and_parameters(team):
    ask = question(
        message="Pay ${inputs.amount}? ${steps.note.value}",
        context={"rows": [{"amount": "${inputs.amount}"}], "note": "${steps.note.value}!"},
    )
    run = team.begin(act("print", "note", message="urgent"), ask, inputs={"amount": 12})
    item = team.questions(run)[0]
    assert item["message"] == "Pay 12? urgent"
    assert item["context"] == {"rows": [{"amount": 12}], "note": "urgent!"}


def test_a_reference_to_an_answer(team):
    run = team.begin(
        question(), act("print", message="${steps.ask.value} by ${steps.ask.responder.id}")
    )
    team.answer(team.rina, team.questions(run)[0])
    team.settle(run)
    assert team.steps(run)[1]["parameters"] == {"message": "true by user_rina"}


@pytest.mark.parametrize(
    ("step", "reason", "words"),
    [
        (act("print", message="${inputs.nothing}"), "unknown_reference", "${inputs.nothing}"),
        (act("fail", message="out of paper"), "action_failed", "out of paper"),
        (
            question("act", message="${steps.later.value}"),
            "unknown_reference",
            "${steps.later.value}",
        ),
        (question("act", target={"type": "group", "id": "nobody"}), "bad_request", "nobody"),
        (question("act", message="${inputs.empty}"), "bad_request", "message"),
    ],
)
def test_a_step_that_cannot_continue_fails_its_run_with_a_reason(team, step, reason, words):
    run = team.begin(step, inputs={"empty": ""})
    assert (run["status"], run["error_type"]) == ("failed", "step_failed")
    assert "act" in run["error_message"]
    assert words in run["error_message"]
    assert run["errors"] == [
        {"path_id": "main", "error_type": "step_failed", "error_message": run["error_message"]}
    ]
    failed = team.steps(run)[-1]
    assert (failed["status"], failed["error_type"]) == ("failed", reason)
    assert words in failed["error_message"]
    assert team.questions(run) == []
    assert events_of(team, run)[-2:] == [
        ("run_step_updated", "failed", "act"),
        ("run_updated", "failed", None),
    ]


def value_of(number):
    return f"${{steps.s{number}.value}}"


def test_values_nested_through_many_steps_fail_the_step_and_not_the_engine(team):
    deep: object = "x"
    for _ in range(40):
        deep = [deep]
    steps = [act("json", "s0", v=deep)]
    steps += [act("json", f"s{n}", v=[value_of(n - 1)]) for n in range(1, 60)]
    run = team.begin(*steps)
    assert run["error_type"] == "step_failed"
    assert "nested" in run["error_message"]


def test_values_that_double_at_each_step_fail_the_step_and_not_the_engine(team):
    steps = [act("json", "s0", v="x" * 1000)]
    steps += [
        act("print", f"s{n}", message=f"{value_of(n - 1)} {value_of(n - 1)}") for n in range(1, 40)
    ]
    assert team.begin(*steps)["error_message"].endswith("1 MiB")


def test_a_sleep_is_over_when_its_time_has_come(team):
    run = team.begin(sleep("2h"))
    assert run["wait_summary"]["kind_counts"] == {"sleep": 1}
    due = clock.now() + timedelta(hours=2, seconds=1)
    ids = {"project_id": team.project_id, "run_id": run["id"]}
    assert not advance.advance(**ids)
    assert advance.advance(**ids, at=due)
    assert team.run(run)["status"] == "queued"
    advance.settle(**ids, at=due)
    assert team.run(run)["status"] == "completed"


def test_external_id_gives_back_the_live_run_and_refuses_a_finished_one(team, refusal):
    run = team.start(wait(), external_id="job-7")
    newest = team.newest()
    assert team.start(question(), external_id="job-7") == run
    assert team.newest() == newest
    runs.cancel(caller=team.service, run_id=run["id"])
    with refusal(409, "external_id_conflict", existing_run_id=run["id"], status="failed"):
        team.start(wait(), external_id="job-7")
    assert make_team().start(wait(), external_id="job-7")["id"] != run["id"]


def test_a_wrong_spec_starts_nothing(team, refusal):
    with refusal(400, "not_supported"):
        team.start(act("summarize"))
    assert team.newest() == 0


def test_an_unknown_run_is_a_404(team, refusal):
    elsewhere = make_team().start(wait())["id"]
    for unknown in ("run_x", "run_01M883G4EFC887DHZZ5MSEDWDR", elsewhere, "x\0"):
        for verb in (runs.get, runs.steps, runs.cancel):
            with refusal(404, "not_found"):
                verb(caller=team.service, run_id=unknown)
        with refusal(404, "not_found"):
            runs.signal(caller=team.service, run_id=unknown, body={"name": "go"})


def listed(team, **filters):
    page = runs.list_runs(caller=team.service, filters=filters)
    return [each["id"] for each in page["items"]]


def test_runs_are_listed_newest_first_and_filtered(team):
    first = team.begin(wait(), external_id="one")
    second = team.start(wait(), queue="slow")
    assert listed(team) == [second["id"], first["id"]]
    assert listed(team, status="suspended") == [first["id"]]
    assert listed(team, queue="slow") == [second["id"]]
    assert listed(team, external_id="one") == [first["id"]]
    assert listed(team, workflow_type="billing") == [second["id"], first["id"]]
    assert listed(team, workflow_type="other") == []


@pytest.mark.parametrize("filters", [{"status": "active"}, {"source_type": "api"}])
def test_a_wrong_filter_is_a_400(team, refusal, filters):
    with refusal(400, "bad_request"):
        listed(team, **filters)


def test_a_cancelled_run_is_failed_and_asks_no_more(team, refusal):
    run = team.begin(question())
    beside = team.ask(run_id=run["id"], signal_name="s")
    since = team.newest()
    runs.cancel(caller=team.service, run_id=run["id"])
    done = team.run(run)
    assert (done["status"], done["error_type"]) == ("failed", "run_cancelled")
    item = team.questions(run)[-1]
    assert (item["status"], team.read(beside)["status"]) == ("expired", "expired")
    assert team.steps(run)[0]["status"] == "cancelled"
    assert [(f["type"], f["data"]["status"]) for f in team.frames(since)] == [
        ("interaction_expired", "expired"),
        ("interaction_expired", "expired"),
        ("run_step_updated", "cancelled"),
        ("run_updated", "failed"),
    ]
    with refusal(409, "conflict", status="expired"):
        team.answer(team.rina, item)


def test_cancelling_a_finished_run_changes_nothing(team):
    run = team.begin(act("print"))
    runs.cancel(caller=team.service, run_id=run["id"])
    assert team.run(run) == run


def test_a_queued_run_can_be_cancelled_and_then_stays_so(team):
    run = team.start(act("print"))
    runs.cancel(caller=team.service, run_id=run["id"])
    assert team.settle(run)["error_type"] == "run_cancelled"


def test_a_run_that_the_engine_cannot_continue_fails(team):
    run = team.start(act("print"))
    advance.abandon(project_id=team.project_id, run_id=run["id"], message="a defect")
    done = team.run(run)
    assert (done["error_type"], done["error_message"]) == ("run_failed", "a defect")
    advance.abandon(project_id=team.project_id, run_id=run["id"], message="again")
    assert team.run(run) == done


def test_updated_at_increases_with_every_change_even_if_the_clock_stops(team):
    moment = clock.now() + timedelta(hours=1)
    run = team.start(question())
    stamps = [run["updated_at"]]
    ids = {"project_id": team.project_id, "run_id": run["id"]}
    while advance.advance(**ids, at=moment):
        stamps.append(team.run(run)["updated_at"])
    stamps.append(team.run(run)["updated_at"])
    assert stamps == sorted(set(stamps))


def test_a_past_can_be_made_with_a_given_clock(team):
    past = clock.now() - timedelta(days=3)
    body = {"spec": {"name": "old", "steps": [question()]}}
    run = runs.start(caller=team.service, body=body, at=past)
    advance.settle(project_id=team.project_id, run_id=run["id"], at=past + timedelta(seconds=1))
    assert Run.objects.get(pk=run["id"]).created_at == past
    assert team.run(run)["status"] == "suspended"
