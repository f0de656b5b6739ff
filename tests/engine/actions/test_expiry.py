from datetime import timedelta

import pytest

from inbox.engine import clock
from inbox.engine.actions import advance
from inbox.engine.rules import times
from tests.engine.team import question

pytestmark = pytest.mark.django_db(databases=["engine"])


def expire(team, *items, at):
    ids = [item["id"] for item in items]
    return advance.expire(project_id=team.project_id, interaction_ids=ids, at=at)


def test_a_steps_question_expires_and_fails_its_run(team, refusal):
    run = team.begin(question(timeout="30m"))
    item = team.questions(run)[0]
    since = team.newest()
    assert expire(team, item, at=times.read_time(item["expires_at"])) == 1
    assert [(f["type"], f["data"]["status"]) for f in team.frames(since)] == [
        ("interaction_expired", "expired"),
        ("run_step_updated", "failed"),
        ("run_updated", "failed"),
    ]
    done = team.run(run)
    assert (done["status"], done["error_type"]) == ("failed", "step_failed")
    assert "ask" in done["error_message"]
    with refusal(409, "conflict", status="expired"):
        team.answer(team.rina, item)


def test_a_standalone_question_expires_without_a_run(team):
    soon = clock.now() + timedelta(minutes=1)
    item = team.ask(expires_at=times.to_text(soon))
    assert expire(team, item, at=soon) == 1
    gone = team.read(item)
    assert (gone["status"], gone["response"], gone["completed_at"]) == ("expired", None, None)


def test_an_interaction_of_a_run_expires_without_changing_the_run(team):
    run = team.begin(question())
    soon = clock.now() + timedelta(minutes=1)
    item = team.ask(run_id=run["id"], signal_name="s", expires_at=times.to_text(soon))
    expire(team, item, at=soon)
    assert team.run(run)["status"] == "suspended"


def test_it_does_not_expire_before_its_deadline_or_after_its_answer(team):
    soon = clock.now() + timedelta(minutes=1)
    early, answered = (team.ask(expires_at=times.to_text(soon)) for _ in range(2))
    team.answer(team.rina, answered)
    assert expire(team, early, at=soon - timedelta(microseconds=1)) == 0
    assert expire(team, answered, at=soon) == 0
    assert team.read(answered)["status"] == "completed"


def test_due_interactions_are_listed_earliest_first(team):
    now = clock.now()
    later, sooner = (
        team.ask(expires_at=times.to_text(now + timedelta(minutes=minutes))) for minutes in (2, 1)
    )
    team.ask()
    far = now + timedelta(hours=1)
    due = advance.due_interactions(now=far, limit=10)
    assert due == [(team.project_id, sooner["id"]), (team.project_id, later["id"])]
    assert advance.earliest() == times.read_time(sooner["expires_at"])
    assert advance.due_interactions(now=now, limit=10) == []
