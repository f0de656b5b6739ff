import json

import pytest

from inbox.engine.actions import events, runs
from inbox.engine.rules.errors import EngineError
from tests.engine.team import act, make_team, question, wait

pytestmark = pytest.mark.django_db(databases=["engine"])


def test_numbers_are_without_gaps_within_a_project(team):
    other = make_team()
    team.begin(question())
    other.begin(question())
    team.ask()
    for each in (team, other):
        assert [frame["seq"] for frame in each.frames()] == list(range(1, each.newest() + 1))


def test_a_frame_says_what_of_which_run_and_when(team):
    run = team.start(question())
    logged = events.after(project_id=team.project_id, since=0)[0]
    frame = json.loads(logged.data)
    assert frame == {
        "type": "run_updated",
        "run_id": run["id"],
        "seq": 1,
        "timestamp": run["created_at"],
        "data": run,
    }
    assert (logged.seq, logged.run_id, logged.type) == (1, run["id"], "run_updated")


def test_a_frame_is_one_line_of_ascii(team):
    team.ask(message="Zeile\u2028eins\nzwei – “ja”\r\n")
    frame = events.after(project_id=team.project_id, since=0)[0].data
    assert frame.isascii()
    assert "\n" not in frame
    assert json.loads(frame)["data"]["message"] == "Zeile\u2028eins\nzwei – “ja”\r\n"


def test_the_log_is_read_from_a_cursor_and_by_run(team):
    run = team.begin(wait())
    team.ask()
    assert [frame["seq"] for frame in team.frames(since=2)] == [3, 4, 5]
    assert team.frames(since=5) == team.frames(since=10**30) == []
    assert {frame["run_id"] for frame in team.frames(run_id=run["id"])} == {run["id"]}
    page = events.after(project_id=team.project_id, since=0, limit=2)
    assert [each.seq for each in page] == [1, 2]


def test_the_seed_is_the_run_as_it_is_now(team, refusal):
    run = team.begin(wait())
    team.ask()
    seed = events.seed(caller=team.service, run_id=run["id"], since=None)
    now = team.run(run)
    del now["spec"]
    assert (seed["type"], seed["run_id"], seed["seq"]) == ("run_updated", run["id"], team.newest())
    assert seed["data"] == now
    assert events.seed(caller=team.service, run_id=run["id"], since=2)["seq"] == 2
    with refusal(404, "not_found"):
        events.seed(caller=team.service, run_id="run_unknown", since=None)


def test_a_new_project_has_no_events(team):
    assert team.newest() == 0
    assert team.frames() == []


def test_a_refusal_leaves_no_event_and_no_gap(team):
    item = team.ask()
    for _ in range(3):
        with pytest.raises(EngineError):
            team.answer(team.rina, item, "nonsense")
    team.answer(team.rina, item)
    assert [frame["seq"] for frame in team.frames()] == [1, 2]


def test_many_events_at_once_are_all_logged(team):
    run = team.begin(wait())
    for _ in range(150):
        team.ask(run_id=run["id"], signal_name="s")
    since = team.newest()
    runs.cancel(caller=team.service, run_id=run["id"])
    frames = team.frames(since)
    assert [frame["seq"] for frame in frames] == list(range(since + 1, since + 153))
    assert frames[-1]["type"] == "run_updated"


def test_an_actions_line_may_be_anything(team):
    run = team.begin(act("print", message={"a": "ü"}))
    assert run["status"] == "completed"
