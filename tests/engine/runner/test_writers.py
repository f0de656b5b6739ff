"""Many writers at once on one database."""

import threading
import time

import pytest
from django.db import connections

from inbox.engine.actions import runs
from tests.engine.team import act
from tests.engine.watching import at_once

WRITERS = 32


def write_for(team, seconds):
    """Answers and starts of runs by 32 threads; how many each of them did.

    Fails on the first error of any: a database that is locked is one.
    """
    end = time.monotonic() + seconds
    over = threading.Event()

    def writer(number):
        def write():
            done = 0
            while time.monotonic() < end and not over.is_set():
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
    check(team, write_for(team, 2))


@pytest.mark.slow
@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_32_writers_neither_fail_nor_starve_for_half_a_minute(team):
    begun = time.monotonic()
    counts = write_for(team, 30)
    assert time.monotonic() - begun < 35
    connections["engine"].ensure_connection()
    check(team, counts)
