from datetime import timedelta

import pytest

from inbox.engine import clock, ids
from inbox.engine.actions import runs
from inbox.engine.models import Run
from inbox.engine.rules import times
from inbox.engine.runner import Runner
from tests.engine.team import act, question, sleep, wait
from tests.engine.watching import running

pytestmark = pytest.mark.django_db(databases=["engine"], transaction=True)

NEVER = 3600
"""As its longest wait, a runner looks again only when something is due or has been written."""


def test_a_started_run_is_carried_on_at_once(team):
    with running(NEVER) as watch:
        run = team.start(act("print"), question())
        watch.until(lambda: team.run(run)["status"] == "suspended")
        team.answer(team.rina, team.questions(run)[0])
        watch.until(lambda: team.run(run)["status"] == "completed")


def test_a_sleep_ends_and_a_signal_is_taken(team):
    with running() as watch:
        run = team.start(sleep("50ms"), wait("go"))
        watch.until(lambda: team.run(run)["wait_summary"]["waiting_on_signal_names"] == ["go"])
        runs.signal(caller=team.service, run_id=run["id"], body={"name": "go"})
        watch.until(lambda: team.run(run)["status"] == "completed")


@pytest.mark.parametrize("kind", ["question", "wait_signal"])
def test_a_time_out_fires(team, kind):
    step = question(timeout="300ms") if kind == "question" else wait(timeout="300ms")
    with running(NEVER) as watch:
        run = team.start(step)
        watch.until(lambda: team.run(run)["status"] == "failed")
    failed = team.steps(run)[0]
    due = times.read_time(failed["started_at"]) + timedelta(milliseconds=300)
    assert times.read_time(failed["completed_at"]) >= due
    assert failed["error_type"] == "timeout"


def test_a_deadline_that_comes_nearer_than_all_others_is_not_slept_through(team):
    team.ask(expires_at=times.to_text(clock.now() + timedelta(hours=1)))
    with running(NEVER) as watch:
        now = clock.now()
        soon = now + timedelta(seconds=1)
        item = team.ask(at=now, expires_at=times.to_text(soon))
        watch.until(lambda: team.read(item)["status"] == "expired")
    assert times.read_time(team.read(item)["updated_at"]) >= soon


def test_deadlines_that_passed_without_a_runner_fire_when_one_starts(team):
    now = clock.now()
    fell_due = times.to_text(now - timedelta(minutes=1))
    item = team.ask(at=now - timedelta(hours=1), expires_at=fell_due)
    queued = team.start(act("print"))
    asleep = team.begin(sleep("1ms"))
    unanswered = team.begin(question(timeout="1ms"))
    with running() as watch:
        watch.until(lambda: team.read(item)["status"] == "expired")
        watch.until(lambda: team.run(queued)["status"] == "completed")
        watch.until(lambda: team.run(asleep)["status"] == "completed")
        watch.until(lambda: team.run(unanswered)["status"] == "failed")


def test_a_run_left_in_the_middle_is_carried_on(team):
    run = team.start(act("print", "one"), act("print", "two"), question())
    Run.objects.filter(pk=run["id"]).update(status="running", started_at=clock.now())
    with running() as watch:
        watch.until(lambda: team.run(run)["status"] == "suspended")
    assert [step["step_name"] for step in team.steps(run)] == ["one", "two", "ask"]


def test_more_deadlines_than_a_batch_fire_without_a_pause(team):
    now = clock.now()
    fell_due = times.to_text(now - timedelta(minutes=1))
    items = [team.ask(at=now - timedelta(hours=1), expires_at=fell_due) for _ in range(100)]
    with running(NEVER) as watch:
        watch.until(lambda: all(team.read(item)["status"] == "expired" for item in items))


def test_a_run_that_cannot_be_continued_stops_no_other(team):
    broken, sound = team.start(act("print")), team.start(act("print"))
    Run.objects.filter(pk=broken["id"]).update(spec={})
    with running() as watch:
        watch.until(lambda: team.run(sound)["status"] == "completed")
        watch.until(lambda: team.run(broken)["status"] == "failed")
    assert team.run(broken)["error_type"] == "run_failed"


def test_it_stops_although_the_next_deadline_is_an_hour_away(team):
    team.ask(expires_at=times.to_text(clock.now() + timedelta(hours=1)))
    runner = Runner(longest_wait=NEVER)
    runner.start()
    runner.stop()


def test_work_of_another_process_is_noticed_within_the_longest_wait(team):
    row = Run.objects.get(pk=team.begin(act("print"), wait())["id"])
    with running(longest_wait=0.1) as watch:
        row.id, row.status, row.position = ids.new("run", clock.now()), "queued", 0
        row.step_counts, row.fires_at = {}, clock.now()
        row.save(force_insert=True)
        watch.until(lambda: team.run({"id": row.id})["status"] == "suspended")
