from datetime import timedelta

import pytest
from django.db import OperationalError, connections

from inbox.engine import clock
from inbox.engine.actions import advance, interactions, runs
from inbox.engine.models import Event, Interaction, Project, Recipient, Run, Signal, Step
from tests.engine.team import act, question, sleep, wait

pytestmark = pytest.mark.django_db(databases=["engine"], transaction=True)

TABLES = (Event, Interaction, Project, Recipient, Run, Signal, Step)


def contents():
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in TABLES}


class Failing:
    def __init__(self, statements):
        self._left = statements

    def __call__(self, execute, sql, params, many, context):
        if self._left == 0:
            raise OperationalError("the database has gone away")
        self._left -= 1
        return execute(sql, params, many, context)


def answered(team):
    run = team.begin(question())
    item = team.questions(run)[0]
    return lambda: team.answer(team.rina, item), lambda: team.run(run)["status"] == "queued"


def last_of_all_answered(team):
    run = team.begin(question(target={"type": "group", "id": "change-board"}))
    item = team.questions(run)[0]
    team.answer(team.rina, item)
    team.answer(team.sam, item)
    return lambda: team.answer(team.lee, item), lambda: team.run(run)["status"] == "queued"


def run_backed_answered(team):
    run = team.begin(wait("go"))
    item = team.ask(run_id=run["id"], signal_name="go")
    return lambda: team.answer(team.rina, item), lambda: team.run(run)["status"] == "queued"


def expired(team):
    run = team.begin(question())
    item = team.questions(run)[0]
    due = clock.now() + timedelta(hours=2)
    return (
        lambda: advance.expire(project_id=team.project_id, interaction_ids=[item["id"]], at=due),
        lambda: team.run(run)["status"] == "failed",
    )


def cancelled(team):
    run = team.begin(question())
    team.ask(run_id=run["id"], signal_name="s")
    return (
        lambda: runs.cancel(caller=team.service, run_id=run["id"]),
        lambda: team.run(run)["error_type"] == "run_cancelled",
    )


def signalled(team):
    run = team.begin(question())
    name = team.questions(run)[0]["signal_name"]
    return (
        lambda: runs.signal(caller=team.service, run_id=run["id"], body={"name": name}),
        lambda: team.run(run)["status"] == "queued",
    )


def started(team):
    return lambda: team.start(question()), Run.objects.exists


def asked(team):
    return team.ask_group, Interaction.objects.exists


def claimed(team):
    item = team.ask_group()
    return (
        lambda: interactions.claim(caller=team.rina, interaction_id=item["id"]),
        lambda: team.read(item)["claimed_by"] == "user_rina",
    )


def carried_on_into(*steps):
    def arrange(team):
        run = team.start(*steps)
        ids = {"project_id": team.project_id, "run_id": run["id"]}
        advance.advance(**ids)
        return lambda: advance.advance(**ids), lambda: team.run(run)["status"] != "running"

    return arrange


@pytest.mark.parametrize(
    "arrange",
    [
        answered,
        last_of_all_answered,
        run_backed_answered,
        expired,
        cancelled,
        signalled,
        started,
        asked,
        claimed,
        carried_on_into(question(target={"type": "group", "id": "approvers"})),
        carried_on_into(act("print", message="hello")),
        carried_on_into(sleep("1h")),
        carried_on_into(wait("go")),
    ],
)
def test_all_or_nothing(team, arrange):
    call, happened = arrange(team)
    before = contents()
    statements = 0
    while True:
        failing = Failing(statements)
        try:
            with connections["engine"].execute_wrapper(failing):
                call()
        except OperationalError:
            assert contents() == before
            statements += 1
        else:
            break
    assert statements >= 3
    assert happened()
    newest = team.newest()
    assert [frame["seq"] for frame in team.frames()] == list(range(1, newest + 1))
