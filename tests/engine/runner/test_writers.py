"""Many writers at once on one database."""

import pytest
from django.db import connections

from inbox.engine.actions import runs
from tests.engine.team import act
from tests.engine.watching import at_once

WRITERS = 32


def write_together(team, times):
    """So many answers and starts of runs by 32 threads together; how many each of them did.

    Fails on the first error of any: a database that is locked is one.
    """
    turns = iter(range(times))

    def writer(number):
        def write():
            done = 0
            for _ in turns:
                if number % 2:
                    team.answer(team.rina, team.ask())
                else:
                    spec = {"name": "w", "steps": [act("print")]}
                    run = runs.start(caller=team.service, body={"spec": spec})
                    runs.cancel(caller=team.service, run_id=run["id"])
                done += 1
            return done

        return write

    results = at_once(*(writer(number) for number in range(WRITERS)))
    failures = [each for each in results if not isinstance(each, int)]
    assert failures == []
    return results


def check(team, counts):
    mean = sum(counts) / len(counts)
    assert min(counts) > 0
    assert min(counts) >= mean / 3, f"one of the writers starved: {sorted(counts)}"
    seen, since = 0, 0
    while frames := team.frames(since):
        assert [frame["seq"] for frame in frames] == list(range(since + 1, since + 1 + len(frames)))
        since = frames[-1]["seq"]
        seen += len(frames)
    assert seen == team.newest() == sum(2 * count for count in counts)


@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_32_writers_neither_fail_nor_starve(team):
    check(team, write_together(team, WRITERS * 10))


@pytest.mark.slow
@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_32_writers_neither_fail_nor_starve_in_the_long_run(team):
    counts = write_together(team, WRITERS * 200)
    connections["engine"].ensure_connection()
    check(team, counts)
