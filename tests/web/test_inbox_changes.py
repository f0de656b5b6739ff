import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inbox.mirror import freshness
from inbox.mobius.types import InteractionStatus, Target
from inbox.models import Recipient, Snooze
from inbox.web.ui.labels import item_status
from inbox.web.ui.scopes import COUNTED
from tests.support.snapshots import RINA, SAM, answered, ask, at, group_ask, reply
from tests.web.cast import part, soon, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]

FREE: dict[str, Any] = {"policy": {"kind": "any"}}


def changes(who: Client, *changed: str, shown: tuple[str, ...] = (), **query: str) -> str:
    asked = {"changed": changed, "shown": shown, **query}
    answer = who.get(reverse("inbox-changes"), asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def renewed(fragment: str) -> list[str]:
    return re.findall(r'id="entry-(\w+)" hx-swap-oob="outerMorph"', fragment)


def taken_away(fragment: str) -> list[str]:
    return re.findall(r'id="entry-(\w+)" hx-swap-oob="delete"', fragment)


def waiting(fragment: str) -> list[str]:
    found = re.search(r'id="arrivals".*?data-ids="([^"]*)"', fragment)
    assert found
    return found[1].split()


def rows(page: Any) -> list[str]:
    return re.findall(r'<li class="row-with"\s+id="entry-(\w+)"', page.content.decode())


def bands(page: Any) -> dict[str, str]:
    content = page if isinstance(page, str) else page.content.decode()
    return dict(re.findall(r'id="band-count-(\w+)"[^>]*>([^<]+)<', content))


def numbers(*ids: str) -> str:
    found = dict(Recipient.objects.filter(user_id=RINA).values_list("interaction__mobius_id", "pk"))
    return ".".join(str(found[one]) for one in ids)


def test_a_row_that_is_shown_is_renewed_with_the_counts(rina: Client) -> None:
    tell(group_ask("int_a", **FREE), ask("int_b"))
    tell(group_ask("int_a", minutes=1, claimed_by="user_lee", claimed_at=soon(), **FREE))
    got = changes(rina, "int_a", shown=("int_a",))
    assert (renewed(got), taken_away(got), waiting(got)) == (["int_a"], [], [])
    assert "Claimed by Lee" in got
    assert 'id="list-open" hx-swap-oob="true">2 open' in got
    assert "band-count" not in got
    assert 'id="choice-count-groups" hx-swap-oob="true">1' in got
    assert 'id="count-inbox" hx-swap-oob="true">2' in got


def test_the_group_of_a_closed_question_is_counted_again(rina: Client) -> None:
    tell(
        group_ask("int_a", group_id="grp_finance", **FREE),
        group_ask("int_b", group_id="grp_ops", **FREE),
    )
    page = rina.get("/inbox/").content.decode()
    assert 'id="choice-count-group-grp_finance">1<' in " ".join(page.split())
    tell(answered(group_ask("int_a", group_id="grp_finance", **FREE), SAM, 1))
    got = changes(rina, "int_a", shown=("int_a", "int_b"))
    assert 'id="choice-count-group-grp_finance" hx-swap-oob="true">0<' in got
    assert 'id="choice-count-group-grp_ops" hx-swap-oob="true">1<' in got


def test_what_others_did_changes_a_row_but_no_number(rina: Client) -> None:
    tell(group_ask("int_a", **FREE), ask("int_b"))
    tell(group_ask("int_a", minutes=1, claimed_by="user_lee", claimed_at=soon(), **FREE))
    got = changes(rina, "int_a", shown=("int_a",), rows_only="yes", item="int_b")
    assert renewed(got) == ["int_a"]
    assert "Claimed by Lee" in got
    assert re.findall(r'id="((?:list|count|choice|place|unread)[^"]*)"', got) == []


def test_a_filter_by_claim_is_counted_whoever_claimed(rina: Client) -> None:
    tell(group_ask("int_a", **FREE), group_ask("int_b", **FREE))
    tell(group_ask("int_a", minutes=1, claimed_by="user_lee", claimed_at=soon(), **FREE))
    got = changes(rina, "int_a", shown=("int_a",), rows_only="yes", claimed="no")
    assert taken_away(got) == ["int_a"]
    assert 'id="list-found" role="status" hx-swap-oob="true">1 found<' in got


def test_a_row_that_was_answered_on_this_page_is_removed(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"))
    tell(answered(ask("int_a"), RINA, 1))
    got = changes(rina, "int_a", shown=("int_a",), answered_here="int_a")
    assert (renewed(got), taken_away(got), waiting(got)) == ([], ["int_a"], [])
    assert 'id="list-open" hx-swap-oob="true">1 open' in got


def test_questions_that_others_closed_stay_in_place_and_say_how_they_ended(rina: Client) -> None:
    late = {"expires_at": soon(hours=1)}
    tell(ask("int_a"), group_ask("int_b", **late, **FREE), ask("int_c"))
    shown = numbers("int_b", "int_a", "int_c")
    tell(
        answered(group_ask("int_b", **late, **FREE), "user_lee", 1),
        ask("int_c", 1, status=InteractionStatus.EXPIRED),
    )
    got = changes(rina, "int_b", "int_c", shown=("int_b", "int_c"))
    assert (sorted(renewed(got)), taken_away(got)) == (["int_b", "int_c"], [])
    assert got.count(" data-over") == 2
    assert "Lee approved" in got
    assert item_status("expired").label in got
    again = {"shown": shown, "item": "int_c"}
    page = rina.get("/inbox/", again, headers=part("inbox-list"))
    assert rows(page) == ["int_b", "int_a", "int_c"]
    page = rina.get("/inbox/", again | {"moved_on": "yes"}, headers=part("inbox-list"))
    assert rows(page) == ["int_a", "int_c"]
    assert rows(rina.get("/inbox/")) == ["int_a"]
    assert " data-over" not in rina.get("/inbox/?scope=done").content.decode()


@pytest.mark.parametrize("alone", [True, False])
def test_a_row_that_the_viewer_answered_elsewhere_stays_as_well(rina: Client, alone: bool) -> None:
    asked = ask if alone else group_ask
    tell(asked("int_a"), asked("int_b"), asked("int_c"))
    shown = numbers("int_a", "int_b", "int_c")
    for id_ in ("int_a", "int_b"):
        given = (reply(RINA, True, at=at(1)),)
        tell(answered(ask(id_), RINA, 1) if alone else group_ask(id_, 1, responses=given))
    got = changes(rina, "int_a", "int_b", shown=("int_a", "int_b"), answered_here="int_b")
    assert (renewed(got), taken_away(got)) == (["int_a"], ["int_b"])
    assert " data-over" in got
    assert "Approved" in got
    again = {"shown": shown, "answered_here": "int_b"}
    page = rina.get("/inbox/", again, headers=part("inbox-list"))
    assert rows(page) == ["int_a", "int_c"]
    page = rina.get("/inbox/", again | {"moved_on": "yes"}, headers=part("inbox-list"))
    assert rows(page) == ["int_c"]


def test_a_narrowed_list_counts_what_is_left(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"), ask("int_c", type="review"))
    tell(answered(ask("int_a"), RINA, 1))
    got = changes(rina, "int_a", shown=("int_a",), type="approval")
    assert 'id="list-found" role="status" hx-swap-oob="true">1 found<' in got


def test_a_question_that_is_new_waits_behind_the_bar(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"), ask("int_c"))
    got = changes(rina, "int_b", "int_c", shown=())
    assert (renewed(got), taken_away(got)) == ([], [])
    assert sorted(waiting(got)) == ["int_b", "int_c"]
    assert 'aria-label="Show 2 new questions"' in got
    assert ">2 new<" in re.sub(r"<svg.*?</svg>", "", got, flags=re.DOTALL)


def test_a_waiting_row_that_closes_no_longer_waits(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"))
    tell(answered(ask("int_b"), RINA, 1))
    got = changes(rina, "int_b")
    assert waiting(got) == []
    assert "Soonest due first" in got


def test_the_open_question_says_its_place_among_what_the_list_counts(rina: Client) -> None:
    tell(ask("int_a"), ask("int_b"))
    tell(ask("int_c", expires_at=soon(minutes=5)))
    for path in ("/inbox/changes/?changed=int_c&item=int_a", "/inbox/?item=int_a"):
        got = " ".join(rina.get(path, headers=part("inbox-list")).content.decode().split())
        place = got[got.index('id="place-int_a"') :]
        assert 'hx-swap-oob="outerMorph"' in place
        assert "2 of 3" in place
    assert 'id="place-' not in changes(rina, "int_c")


def test_new_questions_are_announced_whether_or_not_the_counts_read_them(rina: Client) -> None:
    def announced() -> tuple[list[str], int]:
        with CaptureQueriesContext(connection) as queries:
            got = changes(rina, "int_new", "int_later", "int_done", "int_theirs")
        return waiting(got), len(queries)

    theirs = ask("int_theirs", target=Target(type="user", id=SAM))
    tell(ask("int_new"), ask("int_later"), theirs, answered(ask("int_done"), RINA, 1))
    rina.post("/interactions/int_later/snooze", {"preset": soon(days=1).isoformat()})
    assert Snooze.objects.exists()
    few, queries = announced()
    tell(*(ask(f"int_{n}", expires_at=soon(hours=1)) for n in range(COUNTED + 1)))
    many, more_queries = announced()
    assert few == many == ["int_new"]
    assert more_queries > queries


def test_only_what_the_filters_leave_waits(rina: Client) -> None:
    tell(ask("int_a", type="review"), ask("int_b"))
    assert waiting(changes(rina, "int_a", "int_b", type="review")) == ["int_a"]
    assert waiting(changes(rina, "int_a", "int_b", scope="done")) == []


def test_a_lead_sees_how_much_is_blocked(tess: Client) -> None:
    tell(ask("int_a"), ask("int_b"))
    assert re.search(r'id="count-blocked" hx-swap-oob="true">2', changes(tess, "int_a"))


@pytest.mark.parametrize("scope", ["", "claimed", "waiting-others", "done"])
def test_each_page_of_the_list_keeps_only_its_own_rows(rina: Client, scope: str) -> None:
    tell(
        ask("int_open"),
        group_ask("int_mine", claimed_by=RINA, claimed_at=soon(), **FREE),
        group_ask("int_others", responses=(reply(RINA, True, at=at(1)),)),
        answered(ask("int_answered"), RINA, 2),
        ask("int_expired", 3, status=InteractionStatus.EXPIRED),
        ask("int_other", 4, status=InteractionStatus.OTHER, raw={"status": "paused"}),
    )
    every = tuple(Recipient.objects.values_list("interaction__mobius_id", flat=True).distinct())
    listed = rows(rina.get(reverse("inbox"), {"scope": scope}))
    got = changes(rina, *every, shown=every, scope=scope)
    assert listed
    over = {"int_others", "int_answered", "int_expired", "int_other"} - set(listed)
    over = over if scope in ("", "claimed") else set()
    assert sorted(renewed(got)) == sorted({*listed, *over})
    assert sorted(taken_away(got)) == sorted(set(every) - {*listed, *over})


def test_the_count_of_a_band_is_that_of_its_rows(rina: Client) -> None:
    far = {"expires_at": soon(days=9)}
    tell(ask("int_a", **far), ask("int_b", **far), ask("int_c", **far), ask("int_d"))
    shown = numbers("int_a", "int_b", "int_c", "int_d")
    tell(ask("int_new", **far), ask("int_c", 1, status=InteractionStatus.EXPIRED, **far))
    again = rina.get("/inbox/", {"shown": shown}, headers=part("inbox-list"))
    assert rows(again) == ["int_a", "int_b", "int_c", "int_d"]
    assert waiting(" ".join(again.content.decode().split())) == ["int_new"]
    assert bands(again) == {"later": "2", "none": "1"}
    # What the page counts itself is not sent.
    assert bands(changes(rina, "int_new", "int_c", shown=("int_c",))) == {}
    assert again.content.decode().count("data-by-rows") == 2
    assert bands(rina.get("/inbox/")) == {"later": "3", "none": "1"}


def test_over_several_pages_the_count_of_a_band_leaves_out_what_waits(rina: Client) -> None:
    far = [soon(days=9, hours=n) for n in range(60)]
    tell(*(ask(f"int_{n:02}", expires_at=at) for n, at in enumerate(far)))
    first = rina.get("/inbox/").content.decode()
    assert bands(first) == {"later": "60"}
    assert "data-by-rows" not in first
    (until,) = re.findall(r'data-changes="/inbox/changes/\?until=([^"]*)"', first)
    tell(ask("int_soon", expires_at=far[0]), ask("int_late", expires_at=soon(days=20)))
    url = f"/inbox/changes/?until={until}&changed=int_soon&changed=int_late"
    assert bands(" ".join(rina.get(url).content.decode().split())) == {"later": "61"}
    shown = numbers(*(f"int_{n:02}" for n in range(50)))
    again = rina.get("/inbox/", {"shown": shown}, headers=part("inbox-list"))
    assert bands(again) == {"later": "61"}


def test_a_band_whose_questions_have_all_closed_has_no_count(rina: Client) -> None:
    later = (ask(f"int_{n:02}", expires_at=soon(days=9, hours=n)) for n in range(60))
    tell(ask("int_soon", expires_at=soon(minutes=30)), *later)
    page = rina.get("/inbox/").content.decode()
    assert bands(page) == {"hour": "1", "later": "60"}
    (until,) = re.findall(r'data-changes="/inbox/changes/\?until=([^"]*)"', page)
    tell(ask("int_soon", 1, status=InteractionStatus.EXPIRED, expires_at=soon(minutes=30)))
    url = f"/inbox/changes/?until={until}&changed=int_soon&shown=int_soon"
    got = " ".join(rina.get(url).content.decode().split())
    assert bands(got) == {"later": "60"}
    assert '<span id="band-count-hour" hx-swap-oob="true"></span>' in got


def test_the_counts_of_bands_in_a_filtered_list_are_left_to_the_page(rina: Client) -> None:
    tell(ask("int_a", type="review"), ask("int_b"))
    assert "band-count" not in changes(rina, "int_a", shown=("int_a",), type="review")


def test_questions_of_another_page_are_not_announced_on_this_one(rina: Client) -> None:
    tell(*(ask(f"int_{n:02}", expires_at=soon(hours=n + 1)) for n in range(60)))
    first = rina.get("/inbox/").content.decode()
    (until,) = re.findall(r'data-changes="/inbox/changes/\?until=([^"]*)"', first)
    tell(ask("int_early", expires_at=soon(minutes=5)), ask("int_late", expires_at=soon(days=9)))
    url = f"/inbox/changes/?until={until}&changed=int_early&changed=int_late"
    assert waiting(" ".join(rina.get(url).content.decode().split())) == ["int_early"]


def test_others_questions_are_not_mentioned(rina: Client, mallory: Client) -> None:
    tell(ask("int_a", message="Between us?"))
    got = changes(mallory, "int_a")
    assert (waiting(got), "Between us" in got) == ([], False)
    assert taken_away(changes(mallory, "int_a", shown=("int_a",))) == ["int_a"]


def test_a_fetch_is_small_and_its_queries_do_not_grow_with_the_list(rina: Client) -> None:
    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            got = changes(rina, "int_0", shown=("int_0",))
        return len(queries), len(got)

    tell(group_ask("int_0", **FREE))
    few, _ = cost()
    tell(*(group_ask(f"int_{n}", **FREE) for n in range(1, 120)))
    many, size = cost()
    assert many == few
    assert size < 3000


def test_reading_again_keeps_the_rows_and_lets_new_ones_wait(rina: Client) -> None:
    tell(ask("int_a", expires_at=soon(hours=2)), ask("int_b", expires_at=soon(hours=4)))
    shown = numbers("int_a", "int_b")
    tell(ask("int_c", expires_at=soon(hours=3)), answered(ask("int_b"), RINA, 1))
    again = {"shown": shown, "answered_here": "int_b"}
    page = rina.get("/inbox/", again, headers=part("inbox-list"))
    assert rows(page) == ["int_a"]
    assert waiting(" ".join(page.content.decode().split())) == ["int_c"]
    assert rows(rina.get("/inbox/", headers=part("inbox-list"))) == ["int_a", "int_c"]


def test_an_empty_list_is_filled_again(rina: Client) -> None:
    tell(ask("int_a"))
    shown = numbers("int_a")
    tell(ask("int_b"), answered(ask("int_a"), RINA, 1))
    again = {"shown": shown, "answered_here": "int_a"}
    page = rina.get("/inbox/", again, headers=part("inbox-list"))
    assert rows(page) == ["int_b"]
    assert waiting(" ".join(page.content.decode().split())) == []


def test_an_unreadable_shown_parameter_is_ignored(rina: Client) -> None:
    tell(ask("int_a"))
    for shown in ("x", "-1", "1.2.99999999999999999999", "."):
        assert rows(rina.get(f"/inbox/?shown={shown}")) == ["int_a"]
    assert waiting(changes(rina, "int_a", until="nonsense_x", cursor="_")) == ["int_a"]


def test_the_stream_brings_the_mark_and_the_warning_when_mobius_goes_away(away: None) -> None:
    context = {"freshness": freshness.current()}
    shown = " ".join(render_to_string("components/_mirror_state.html", context).split())
    assert re.search(r'id="freshness"[^>]* hx-swap-oob="true"', shown)
    assert re.search(r'id="mirror-stale" hx-swap-oob="true"> <div class="notice', shown)


def test_it_is_for_people_who_are_signed_in() -> None:
    assert Client().get(reverse("inbox-changes"), {"now": datetime.now(UTC)}).status_code == 302
