import pytest

from inbox.engine import clock
from inbox.engine.actions import groups, interactions, runs
from tests.engine.team import act

pytestmark = pytest.mark.django_db(databases=["engine"])


def walk(call, limit, between=None, **keywords):
    """All ids of a list, page by page; ``between`` is called after each page."""
    found, cursor = [], None
    while True:
        page = call(limit=limit, cursor=cursor, **keywords)
        found += [each["id"] for each in page["items"]]
        assert ("next_cursor" in page) == page["has_more"]
        if not page["has_more"]:
            return found
        assert len(page["items"]) == limit
        cursor = page["next_cursor"]
        if between is not None:
            between()


def test_a_walk_neither_skips_nor_repeats_while_rows_come_and_change(team):
    there = [team.ask()["id"] for _ in range(11)]
    unanswered = [{"id": each} for each in reversed(there)]

    def meanwhile():
        team.ask()
        team.answer(team.rina, unanswered.pop())

    found = walk(interactions.list_interactions, 2, meanwhile, caller=team.service, filters={})
    assert found == list(reversed(there))


def test_rows_of_the_same_instant_are_each_met_once(team):
    moment = clock.now()
    body = {"spec": {"name": "w", "steps": [act("print")]}}
    created = [runs.start(caller=team.service, body=body, at=moment)["id"] for _ in range(7)]
    found = walk(runs.list_runs, 3, caller=team.service, filters={})
    assert sorted(found) == sorted(created)
    assert len(found) == 7


def test_steps_groups_and_members_are_walked_too(team):
    run = team.begin(*(act("print", f"s{number}") for number in range(5)))
    assert walk(runs.steps, 2, caller=team.service, run_id=run["id"]) == [
        step["id"] for step in team.steps(run)
    ]
    assert len(walk(groups.list_groups, 1, caller=team.service)) == 2
    assert len(set(walk(groups.members, 1, caller=team.service, group="approvers"))) == 3


def test_a_page_that_ends_exactly_is_the_last(team):
    for _ in range(4):
        team.ask()
    page = interactions.list_interactions(caller=team.service, filters={}, limit=4)
    assert (len(page["items"]), page["has_more"]) == (4, False)
    assert "next_cursor" not in page


def test_another_lists_cursor_is_a_400(team, refusal):
    for _ in range(2):
        team.ask()
    listing = interactions.list_interactions
    cursor = listing(caller=team.service, filters={}, limit=1)["next_cursor"]
    with refusal(400, "bad_request"):
        runs.list_runs(caller=team.service, filters={}, cursor=cursor)
    for wrong in ("", "nonsense"):
        with refusal(400, "bad_request"):
            listing(caller=team.service, filters={}, cursor=wrong)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_limit_is_1_to_200(team, refusal, limit):
    with refusal(400, "bad_request"):
        runs.list_runs(caller=team.service, filters={}, limit=limit)
    run = team.start(act("print"))
    with refusal(400, "bad_request"):
        runs.steps(caller=team.service, run_id=run["id"], limit=limit)
