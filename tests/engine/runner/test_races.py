import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connections

from inbox.engine import clock
from inbox.engine.actions import advance, interactions, runs
from inbox.engine.rules.errors import EngineError
from tests.engine.team import question, wait
from tests.engine.watching import at_once

# 30 threads: each has a connection, and other tests of the suite share PostgreSQL's hundred.
pytestmark = pytest.mark.django_db(databases=["engine"], transaction=True)


def codes(results):
    """The outcome of each call, sorted. Raises an error that isn't one of the engine's."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, EngineError):
            raise result
    return sorted(
        result.code if isinstance(result, EngineError) else result["status"] for result in results
    )


@pytest.mark.parametrize("group", [False, True])
def test_thirty_simultaneous_answers_have_one_winner(team, group):
    target = {"type": "group", "id": "approvers"} if group else {"type": "user", "id": "user_rina"}
    run = team.begin(question(target=target))
    item = team.questions(run)[0]
    who = [team.rina, team.sam, team.lee] if group else [team.rina, team.service]
    results = at_once(
        *(
            partial(
                team.answer, who[number % len(who)], item, bool(number % 2), comment=str(number)
            )
            for number in range(30)
        )
    )
    assert codes(results) == ["completed"] + ["conflict"] * 29
    winner = next(result for result in results if isinstance(result, dict))
    assert team.read(item) == winner
    assert [f["type"] for f in team.frames()].count("interaction_completed") == 1
    assert team.settle(run)["status"] == "completed"


def test_simultaneous_answers_of_all_members_are_all_kept_and_the_last_completes(team):
    run = team.begin(question(target={"type": "group", "id": "change-board"}))
    item = team.questions(run)[0]
    results = at_once(
        *(partial(team.answer, who, item, True) for who in (team.rina, team.sam, team.lee) * 3)
    )
    assert codes(results).count("completed") == 1
    assert codes(results).count("pending") == 2
    done = team.read(item)
    assert sorted(response["user_id"] for response in done["partial_responses"]) == sorted(
        done["target_member_snapshot"]
    )
    assert [f["type"] for f in team.frames()].count("interaction_completed") == 1
    assert team.settle(run)["status"] == "completed"


def test_simultaneous_claims_have_one_winner(team):
    item = team.ask_group()
    results = at_once(
        *(
            partial(interactions.claim, caller=who, interaction_id=item["id"])
            for who in (team.rina, team.sam, team.lee) * 3
        )
    )
    winner = team.read(item)["claimed_by"]
    refused = [result for result in results if isinstance(result, EngineError)]
    assert {refusal.code for refusal in refused} == {"already_claimed"}
    assert {refusal.details["claimed_by"] for refusal in refused} == {winner}
    assert len(refused) == 6


@pytest.mark.parametrize("attempt", range(8))
def test_an_answer_against_its_deadline_has_one_winner(team, attempt):
    run = team.begin(question(timeout="1h"))
    item = team.questions(run)[0]
    due = clock.now() + timedelta(hours=2)
    expire = partial(
        advance.expire, project_id=team.project_id, interaction_ids=[item["id"]], at=due
    )
    answer = partial(team.answer, team.rina, item)
    answered, expired = at_once(*((answer, expire) if attempt % 2 else (expire, answer)))[
        :: 1 if attempt % 2 else -1
    ]
    closed, ended = team.read(item), team.settle(run)
    if isinstance(answered, EngineError):
        assert (answered.status, answered.details) == (409, {"status": "expired"})
        assert (expired, closed["status"], ended["status"]) == (1, "expired", "failed")
    else:
        assert (expired, closed["status"], ended["status"]) == (0, "completed", "completed")
    kinds = [frame["type"] for frame in team.frames()]
    assert kinds.count("interaction_completed") + kinds.count("interaction_expired") == 1


def test_one_external_id_is_one_run_however_many_start_it(team):
    started = at_once(*(partial(team.start, wait(), external_id="job-1") for _ in range(12)))
    assert len({run["id"] for run in started}) == 1
    assert team.newest() == 1


def test_a_signal_against_a_cancellation_leaves_one_end(team):
    run = team.begin(wait("go"))
    at_once(
        partial(runs.signal, caller=team.service, run_id=run["id"], body={"name": "go"}),
        partial(runs.cancel, caller=team.service, run_id=run["id"]),
    )
    ended = team.settle(run)
    assert (ended["status"], ended["error_type"]) == ("failed", "run_cancelled")


def test_no_one_ever_sees_half_an_answer(team):
    """A reader beside the writers: a closed question's run never waits for it any more."""
    asked = [team.begin(question(timeout="1h")) for _ in range(60)]
    items = [team.questions(run)[0] for run in asked]
    halves, looked = [], threading.Event()
    due = clock.now() + timedelta(hours=2)

    def close():
        looked.wait(60)
        for number, (run, item) in enumerate(zip(asked, items, strict=True)):
            if number % 3 == 0:
                team.answer(team.rina, item)
            elif number % 3 == 1:
                advance.expire(project_id=team.project_id, interaction_ids=[item["id"]], at=due)
            else:
                runs.cancel(caller=team.service, run_id=run["id"])

    def look():
        with connections["engine"].cursor() as cursor:
            while True:
                cursor.execute(
                    "SELECT sum(CASE WHEN i.status <> 'pending' AND r.status = 'suspended'"
                    " THEN 1 ELSE 0 END),"
                    " sum(CASE WHEN i.status = 'pending' THEN 1 ELSE 0 END)"
                    " FROM engine_interaction i JOIN engine_run r ON r.id = i.run_id"
                )
                torn, pending = cursor.fetchone()
                looked.set()
                if torn:
                    halves.append(torn)
                if not pending:
                    return

    assert at_once(close, look) == [None, None]
    assert halves == []
