from itertools import pairwise

from inbox.mirror.run_reads import Retries


def test_a_run_that_cannot_be_read_is_asked_for_less_and_less_often() -> None:
    retries, now, tries = Retries(), 0.0, [0.0]
    while now < 3600:
        retries.note_failure("run_1", now)
        assert retries.waiting(now) == {"run_1"}
        while not retries.due(now):
            now += 1
        tries.append(now)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert 5 <= pauses[0] <= 11
    assert 150 <= pauses[-1] <= 301
    assert len(tries) < 40


def test_a_run_that_mobius_limits_waits_as_long_as_it_says() -> None:
    retries = Retries()
    retries.note_failure("run_1", 0, retry_after=1000)
    assert retries.waiting(999) == {"run_1"}


def test_a_run_that_was_read_or_is_no_longer_open_begins_again() -> None:
    retries = Retries()
    for id in ("run_1", "run_2"):
        retries.note_failure(id, 0)
    retries.note_success("run_1")
    retries.keep(())
    assert (retries.due(1000), retries.waiting(0)) == (set(), set())
