"""The Blocked page: open questions, how long they have waited, and their assignees."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.access import viewer_of
from inbox.mirror import project
from inbox.mirror.freshness import Facts, sync_status
from inbox.mobius.types import Interaction, Policy, PolicyKind, Target
from inbox.models import Group, Membership, Upstream
from inbox.web.ui.frame import rail_counts
from inbox.web.ui.own_data import OwnData
from tests.support.snapshots import ask, at, group_ask, reply, run
from tests.support.tags import one_line, text_of
from tests.web.cast import HTMX, part, soon, tell

pytestmark = pytest.mark.usefixtures("midday", "synced")

PAGE = "/runs/blocked/"


def opened(client: Client, query: str = "") -> str:
    answer = client.get(PAGE + query)
    assert answer.status_code == 200
    return one_line(answer.content)


def people(page: str) -> dict[str, list[str]]:
    """Person → questions, in the page's order."""
    parts = re.findall(r'<tbody role="rowgroup" id="person-(\w+)">(.*?)</tbody>', page)
    return {who: re.findall(r'data-interaction-id="(\w+)"', rows) for who, rows in parts}


def section(page: str, id: str) -> str:
    found = re.search(rf'id="{id}".*?</section>', page)
    return found[0] if found else ""


def by_group(page: str) -> str:
    return page[page.index('id="by-group-title"') :]


def board(*members: str) -> None:
    group = Group.objects.create(
        upstream=Upstream.current(),
        mobius_id="grp_board",
        handle="change-board",
        name="Change board",
        routing="all",
    )
    Membership.objects.bulk_create(Membership(group=group, user_id=one) for one in members)


def due(**length: float) -> dict[str, str]:
    return {"due_at": soon(**length).isoformat()}


def first_responder(id: str, **fields: object) -> Interaction:
    return group_ask(id, policy=Policy(kind=PolicyKind.ANY), **fields)


def test_people_are_sorted_by_their_longest_waiting_question(
    tess: Client,
) -> None:
    tell(
        ask("int_1", created_at=soon(hours=-1)),
        ask("int_2", created_at=soon(hours=-30)),
        ask("int_3", created_at=soon(hours=-40), target=Target(type="user", id="user_sam")),
    )
    page = opened(tess)
    assert list(people(page).items()) == [
        ("user_sam", ["int_3"]),
        ("user_rina", ["int_2", "int_1"]),
    ]
    assert "2 questions, oldest 1 d 6 h" in page
    assert 'href="/interactions/int_2/"' in page


def test_test_questions_are_neither_listed_nor_counted(tess: Client) -> None:
    tell(ask("int_test", created_at=soon(hours=-2)), ask("int_1", created_at=soon(hours=-1)))
    project.record_test_question(Upstream.current(), "int_test")
    page = opened(tess)
    assert people(page) == {"user_rina": ["int_1"]}
    assert "int_test" not in page
    viewer = viewer_of(User.objects.get(username="tess"))
    counts = rail_counts(OwnData(viewer, Upstream.current()), None, notices=False)
    assert counts["blocked"] == "1"


def test_members_who_have_not_answered_are_named(tess: Client) -> None:
    board("user_sam", "user_lee")
    answers = (reply("user_sam", True, at=at(1)),)
    members = ("user_rina", "user_sam", "user_lee", "user_m81")
    tell(group_ask("int_1", members=members, responses=answers, created_at=soon(hours=-1)))
    page = opened(tess)
    assert set(people(page)) == {"user_rina", "user_lee", "user_m81"}
    card = by_group(page)
    assert "Change board" in card
    assert "1 of 4 answered. Waiting for Rina, Lee and user_m81." in card
    assert "No longer in the group" in card
    assert "No account here; the question can't be completed without them" in card
    assert "Can't be nudged" in page


def test_a_deactivated_account_cannot_be_nudged(tess: Client) -> None:
    User.objects.filter(username="rina").update(is_active=False)
    tell(group_ask("int_1", created_at=soon(hours=-1)))
    page = opened(tess)
    assert "The account is deactivated" in by_group(page)
    assert "The account is deactivated" in section(page, "person-user_rina")
    assert "No account here" not in section(page, "person-user_rina")


@pytest.mark.parametrize(
    ("panel", "show"), [("expire-today", "today"), ("claimed-too-long", "stale")]
)
def test_a_panel_counts_and_links_what_it_does_not_list(
    tess: Client, panel: str, show: str
) -> None:
    claim = {"claimed_by": "user_lee", "claimed_at": soon(hours=-3)}
    tell(*(first_responder(f"int_{n}", expires_at=soon(hours=20), **claim) for n in range(8)))
    page = opened(tess)
    text = section(page, panel)
    assert re.findall(r'class="meta end">(\d+)<', text) == ["8"]
    assert figures(page)[show] == "8"
    assert f'href="/runs/blocked/?show={show}">and 2 more</a>' in text
    whole = section(opened(tess, f"?show={show}"), panel)
    assert whole.count('href="/interactions/') == 8
    assert "more</a>" not in whole


def test_a_former_member_who_blocks_a_question_can_be_nudged(tess: Client) -> None:
    board("user_rina", "user_sam")
    tell(group_ask("int_1"))
    rows = re.findall(r"<li .*?</li>", by_group(opened(tess)))
    (lee,) = [row for row in rows if "No longer in the group" in row]
    assert "Lee" in lee
    assert "the question can't be completed without them" in lee
    assert "Blocking" in lee
    assert 'action="/interactions/int_1/nudge"' in lee
    assert [row for row in rows if "Blocking" in row] == [lee]


def test_a_claimed_question_waits_only_for_the_person_who_claimed_it(tess: Client) -> None:
    tell(
        first_responder(
            "int_1", claimed_by="user_lee", claimed_at=soon(hours=-2), created_at=soon(hours=-3)
        )
    )
    page = opened(tess)
    assert people(page) == {"user_lee": ["int_1"]}
    assert "2 h (too long)" in section(page, "claimed-too-long")


def test_a_free_question_waits_for_each_who_could_answer(tess: Client) -> None:
    tell(first_responder("int_1", created_at=soon(hours=-3)))
    page = opened(tess)
    assert set(people(page)) == {"user_rina", "user_sam", "user_lee"}
    assert "No one has claimed it. It's assigned to Rina, Sam and Lee." in page


def test_questions_that_expire_within_24_hours_name_those_who_have_not_answered(
    tess: Client,
) -> None:
    tell(
        ask("int_1", message="Soon?", expires_at=soon(hours=23)),
        ask("int_2", message="Another day?", expires_at=soon(hours=25)),
    )
    page = opened(tess)
    text = section(page, "expire-today")
    assert "Expiring in the next 24 hours" in text
    assert figures(page)["today"] == "1"
    assert "Soon?" in text
    assert "Waiting for Rina." in text
    assert "Another day?" not in text


def test_the_question_that_expires_soonest_comes_first_however_new(tess: Client) -> None:
    soonest = soon(hours=2)
    tell(
        ask("int_1", message="Old.", created_at=soon(days=-2), expires_at=soon(hours=20)),
        ask("int_2", message="New.", created_at=soon(hours=-1), expires_at=soonest),
    )
    assert re.findall(r"Old\.|New\.", section(opened(tess), "expire-today")) == ["New.", "Old."]


def figures(page: str) -> dict[str, str]:
    found = re.findall(r'id="counter-(\w+)".*?class="figure">(\d+)', page)
    return dict(found)


def test_the_counters_count_and_filter(tess: Client) -> None:
    old = soon(hours=-5)
    tell(
        ask("int_1", created_at=old, expires_at=soon(hours=20)),
        ask("int_2", created_at=old, context=due(hours=-1), expires_at=soon(days=2)),
        first_responder("int_3", claimed_by="user_lee", claimed_at=old, created_at=old),
        group_ask("int_4", created_at=old),
    )
    page = opened(tess)
    assert figures(page) == {"waiting": "4", "late": "1", "today": "1", "stale": "1", "all": "1"}
    for show, id in (("late", "int_2"), ("today", "int_1"), ("stale", "int_3"), ("all", "int_4")):
        shown = people(opened(tess, f"?show={show}"))
        assert {one for rows in shown.values() for one in rows} == {id}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?person=user_sam", {"int_2", "int_3"}),
        ("?group=grp_board", {"int_3"}),
        ("?workflow=ledger", {"int_2"}),
        ("?over=4h", {"int_1"}),
        ("?q=REFUND", {"int_1"}),
        ("?q=nothing", set()),
        ("?show=odd&over=odd", {"int_1", "int_2", "int_3"}),
    ],
)
def test_it_is_filtered_by_what_the_address_says(tess: Client, query: str, found: set[str]) -> None:
    sam = Target(type="user", id="user_sam")
    tell(
        run("run_1", workflow="ledger"),
        ask("int_1", message="Refund?", created_at=soon(hours=-5)),
        ask("int_2", run_id="run_1", target=sam, created_at=soon(hours=-1)),
        group_ask("int_3", created_at=soon(hours=-2)),
    )
    shown = people(opened(tess, query))
    assert {one for rows in shown.values() for one in rows} == found
    if "person" in query:
        assert list(shown) == ["user_sam"]


def test_before_mobius_was_read_it_does_not_say_that_nothing_waits(tess: Client) -> None:
    sync_status.update(**vars(Facts()))
    page = opened(tess)
    assert "Waiting for the first sync" in text_of(page)
    assert "Nothing is blocked" not in page


def test_answered_and_deleted_questions_are_not_listed(tess: Client) -> None:
    tell(ask("int_1", status="completed", completed_at=at(1)), ask("int_2", status="expired"))
    assert "Nothing is blocked" in opened(tess)


def test_each_person_shows_a_few_questions_and_a_link_to_the_rest(tess: Client) -> None:
    tell(*(ask(f"int_{n:02}", created_at=soon(hours=-n - 1)) for n in range(20)))
    page = opened(tess)
    assert len(people(page)["user_rina"]) == 8
    assert "and 12 more for Rina" in page
    assert len(people(opened(tess, "?person=user_rina"))["user_rina"]) == 20


def test_each_persons_overdue_questions_come_first_however_new(tess: Client) -> None:
    expired = {"context": due(hours=-4), "expires_at": soon(hours=-1)}
    tell(
        *(ask(f"int_{n}", created_at=soon(hours=-30 + n)) for n in range(8)),
        ask("int_later", created_at=soon(hours=-2), context=due(hours=3)),
        ask("int_late", created_at=soon(hours=-3), context=due(minutes=-5)),
        ask("int_later_still", created_at=soon(hours=-2), context=due(days=3)),
        ask("int_latest", created_at=soon(hours=-1), context=due(minutes=-50)),
        ask("int_over", created_at=soon(hours=-5), **expired),
    )
    page = opened(tess)
    oldest = [f"int_{n}" for n in range(6)]
    assert people(page) == {"user_rina": ["int_latest", "int_late", *oldest]}
    assert "13 questions, oldest 1 d 6 h" in page
    assert "and 5 more for Rina" in page
    unlisted = re.search(r'data-unlisted="([^"]*)"', page)
    assert unlisted
    assert set(unlisted[1].split()) == {
        "int_6",
        "int_7",
        "int_over",
        "int_later",
        "int_later_still",
    }


def test_each_groups_overdue_questions_come_first(tess: Client) -> None:
    tell(
        *(group_ask(f"int_{n}", created_at=soon(hours=-30 + n)) for n in range(5)),
        group_ask("int_late", created_at=soon(hours=-1), context=due(minutes=-5)),
    )
    page = opened(tess)
    asked = re.findall(r'id="asks-(\w+)"', by_group(page))
    assert asked == ["int_late", "int_0", "int_1", "int_2"]
    assert "6 questions, oldest 1 d 6 h" in by_group(page)
    assert "and 2 more for this group" in page


def test_very_many_questions_are_cut_to_the_oldest_and_most_urgent(tess: Client) -> None:
    tell(*(ask(f"int_{n}", created_at=soon(days=-2)) for n in range(230)))
    tell(ask("int_new", message="Now!", created_at=soon(minutes=-1), context=due(seconds=-5)))
    page = opened(tess, "?show=late")
    assert people(page) == {"user_rina": ["int_new"]}
    assert "Showing the 200 oldest questions" in page


def test_the_number_of_queries_does_not_grow(tess: Client) -> None:
    tell(group_ask("int_0", created_at=soon(hours=-1)))
    tess.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        tess.get(PAGE)
    tell(*(group_ask(f"int_{n}", created_at=soon(hours=-1)) for n in range(60)))
    with CaptureQueriesContext(connection) as many:
        tess.get(PAGE)
    assert len(many) == len(few)
    assert len(many) <= 13, [query["sql"][:150] for query in many]


def test_it_is_live(tess: Client) -> None:
    page = opened(tess, "?person=user_rina")
    assert 'hx-sse:connect="/live/runs/?since=' in page
    assert 'hx-get="/runs/blocked/?person=user_rina"' in page
    swap = tess.get(PAGE, headers=part("blocked")).content.decode()
    assert "<html" not in swap
    assert 'id="blocked"' in swap


def test_the_rail_leads_there_and_counts_what_waits(tess: Client, rina: Client) -> None:
    tell(ask("int_1", created_at=soon(hours=-1)), ask("int_2", created_at=soon(hours=-1)))
    page = one_line(tess.get("/inbox/").content)
    assert re.search(r'href="/runs/blocked/".*?id="count-blocked">2<', page)
    assert "/runs/blocked/" not in rina.get("/inbox/").content.decode()


def test_for_reviewers_and_strangers_it_is_not_there(rina: Client, mallory: Client) -> None:
    for client in (rina, mallory):
        assert client.get(PAGE).status_code == 404
        assert client.get(PAGE, headers=part("blocked")).status_code == 404


def test_it_is_only_read(tess: Client) -> None:
    assert tess.post(PAGE).status_code == 405


@pytest.mark.usefixtures("people")
def test_signed_out_it_asks_to_sign_in() -> None:
    answer = Client().get(PAGE)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")
    assert Client().get(PAGE, headers={**HTMX, "HX-Target": "div#blocked"}).status_code == 401


def test_while_upstream_is_away_it_opens(tess: Client, away: None) -> None:
    tell(ask("int_1", created_at=soon(hours=-1)))
    page = opened(tess)
    assert people_of(page) == ["int_1"]
    assert "No updates since" in text_of(page)


def people_of(page: str) -> list[str]:
    return [one for rows in people(page).values() for one in rows]


def test_two_hours_are_said_as_they_are(tess: Client) -> None:
    tell(ask("int_1", created_at=soon() - timedelta(hours=2)))
    assert "1 question, 2 h" in opened(tess)


def test_the_old_address_leads_to_the_page_with_its_filters(tess: Client) -> None:
    moved = tess.get("/runs/waiting/?person=user_rina")
    assert (moved.status_code, moved["Location"]) == (302, "/runs/blocked/?person=user_rina")


def test_a_question_for_no_one_that_is_known_is_listed(tess: Client) -> None:
    tell(ask(target=Target(type="", id="")))
    page = opened(tess)
    assert "Nothing is blocked" not in page
    assert "Ship it?" in section(page, "unknown-recipient")
    assert people(page) == {}


def test_without_runs_it_is_by_question(tess: Client) -> None:
    Upstream.objects.update(generation="c")
    named = {"target": Target(type="group", id=""), "group_id": None}
    tell(
        ask("int_1", created_at=soon(hours=-1)),
        group_ask("int_2", created_at=soon(hours=-2), **named),
        ask("int_3", context=due(minutes=-5)),
    )
    page = opened(tess)
    assert people(page) == {}
    asked = re.findall(r'id="asks-(\w+)"|id="missing-int_\d-(\w+)"', page)
    assert [question or person for question, person in asked] == [
        *("int_3", "user_rina", "int_2", "user_rina", "user_sam", "user_lee"),
        *("int_1", "user_rina"),
    ]
    assert page.count('action="/interactions/int_2/nudge"') == 3
    assert "0 of 3 answered" in page
    assert "stale" not in figures(page)
