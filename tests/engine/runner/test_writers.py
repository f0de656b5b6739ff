import pytest
from django.db import connections

from inbox.engine.actions import runs
from tests.engine.team import act
from tests.engine.watching import at_once

WRITERS = 32


def write_together(team, times):
    """Fails on the first error of any: a database that is locked is one."""

    def answer():
        for _ in range(times):
            team.answer(team.rina, team.ask())

    def start():
        for _ in range(times):
            spec = {"name": "w", "steps": [act("print")]}
            run = runs.start(caller=team.service, body={"spec": spec})
            runs.cancel(caller=team.service, run_id=run["id"])

    assert at_once(*[answer, start] * (WRITERS // 2)) == [None] * WRITERS


def check(team, times):
    seen, since = 0, 0
    while frames := team.frames(since):
        assert [frame["seq"] for frame in frames] == list(range(since + 1, since + 1 + len(frames)))
        since = frames[-1]["seq"]
        seen += len(frames)
    assert seen == team.newest() == 2 * times * WRITERS


@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_32_writers_do_not_fail(team):
    write_together(team, 10)
    check(team, 10)


@pytest.mark.slow
@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_32_writers_do_not_fail_in_the_long_run(team):
    write_together(team, 200)
    connections["engine"].ensure_connection()
    check(team, 200)
