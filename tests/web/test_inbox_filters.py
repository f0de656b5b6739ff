import html
import re
from datetime import timedelta
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.access import Viewer
from inbox.mobius.types import Policy, PolicyKind, Target
from inbox.models import Group, Interaction, Recipient, Upstream
from inbox.models.distinct import distinct_values
from inbox.web.questions.focus import entry_href
from inbox.web.questions.order import order_of
from inbox.web.questions.place import next_item, place_of
from inbox.web.ui.lists import PAGE
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.scopes import GROUPINGS, OPEN, SORTS, Filters, FocusFilters, rows_of
from tests.support.snapshots import RINA, answered, ask, group_ask, run
from tests.web.cast import part, soon, tell
from tests.web.test_inbox_changes import changes, waiting
from tests.web.test_inbox_page import titles

pytestmark = pytest.mark.usefixtures("synced")

ONE_ANSWER = Policy(kind=PolicyKind.ANY)
VIEWER = Viewer(user_id=0, mobius_id=RINA, name="Rina")


def listed(who: Client, query: str) -> list[str]:
    return titles(html.unescape(who.get(f"/inbox/?{query}").content.decode()))


def headings(page: str) -> list[str]:
    found = re.findall(r'<h2 class="band[^>]*>(.*?)</h2>', page, re.DOTALL)
    text = (re.sub(r"<svg.*?</svg>|<span.*?</span>", "", band, flags=re.DOTALL) for band in found)
    return [html.unescape(" ".join(band.split())) for band in text]


def chips(page: str) -> dict[str, str]:
    links = re.findall(r'href="([^"]*)"[^>]*><span class="vh">Remove: </span>(.*?)<svg', page)
    strip = re.compile(r"<[^>]*>")
    return {html.unescape(strip.sub("", label)): html.unescape(href) for href, label in links}


def options(page: str, name: str) -> list[str]:
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)
    assert select
    return re.findall(r'<option value="([^"]+)"', select[0])


@pytest.fixture
def questions(people: None) -> None:
    now = timezone.now()
    tell(
        run("run_pay", workflow="payout", started_by="user_sam"),
        run("run_ship", workflow="release", started_by="user_tess"),
        ask("int_old", message="Old", run_id="run_pay", created_at=now - timedelta(days=3)),
        ask("int_late", message="Late", run_id="run_pay", expires_at=soon(minutes=20)),
        group_ask(
            "int_mine",
            message="Mine",
            run_id="run_ship",
            policy=ONE_ANSWER,
            claimed_by=RINA,
            expires_at=soon(days=3),
            created_at=now - timedelta(hours=2),
        ),
        group_ask("int_lees", message="Lee's", policy=ONE_ANSWER, claimed_by="user_lee"),
        group_ask("int_all", message="For all", claimed_by="user_lee", expires_at=soon(days=30)),
        ask("int_other", message="Not mine", target=Target(type="user", id="user_sam")),
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("workflow=payout", {"Old", "Late"}),
        ("workflow=pay", set()),
        ("requester=user_tess", {"Mine"}),
        ("run=run_ship", {"Mine"}),
        ("run=run_elsewhere", set()),
        ("age=1d", {"Old", "Late", "Lee's", "For all"}),
        ("age=odd", {"Old", "Late", "Mine", "Lee's", "For all"}),
        ("due=hour", {"Late"}),
        ("due=week", {"Late", "Mine"}),
        ("due=late", set()),
        ("due=none", {"Old", "Lee's"}),
        ("claimed=me", {"Mine"}),
        ("claimed=others", {"Lee's"}),
        ("claimed=no", {"Old", "Late", "For all"}),
        ("workflow=payout&due=none&claimed=no", {"Old"}),
        ("scope=claimed&claimed=no&workflow=release", {"Mine"}),
    ],
)
def test_each_filter_leaves_what_matches(
    questions: None, rina: Client, query: str, found: set[str]
) -> None:
    assert set(listed(rina, query)) == found


@pytest.mark.usefixtures("midday")
def test_questions_asked_today_can_be_filtered(rina: Client) -> None:
    tell(
        ask("int_a", message="New", created_at=timezone.now()),
        ask("int_b", message="Old", created_at=soon(days=-2)),
    )
    assert listed(rina, "age=today") == ["New"]


@pytest.mark.parametrize(
    ("query", "found", "bands"),
    [
        ("sort=newest", "C B A D", "Asked today, Asked in the last 7 days"),
        ("sort=oldest", "D A B C", "Asked in the last 7 days, Asked today"),
        ("sort=workflow", "B C A D", "payout, release, No workflow"),
        ("sort=requester", "A B C D", "Sam, Tess, No requester"),
        ("group_by=requester&sort=newest", "A C B D", "Sam, Tess, No requester"),
        ("group_by=due", "B A C D", "Within an hour, Later, No deadline"),
        ("group_by=due&sort=newest", "B C A D", "Within an hour, Later, No deadline"),
        ("group_by=workflow&sort=requester", "B C A D", "payout, release, No workflow"),
    ],
)
@pytest.mark.usefixtures("midday")
def test_it_is_sorted_and_its_headings_follow(
    rina: Client, query: str, found: str, bands: str
) -> None:
    noon = timezone.localtime().replace(hour=12, minute=0)
    tell(
        run("run_pay", workflow="payout", started_by="user_tess"),
        run("run_ship", workflow="release", started_by="user_sam"),
        run("run_more", workflow="payout", started_by="user_tess"),
        ask("int_a", message="A", run_id="run_ship", created_at=noon, expires_at=soon(days=3)),
        ask(
            "int_b",
            message="B",
            run_id="run_pay",
            created_at=noon + timedelta(milliseconds=1),
            expires_at=soon(minutes=30),
        ),
        ask(
            "int_c",
            message="C",
            run_id="run_more",
            created_at=noon + timedelta(milliseconds=2),
            expires_at=soon(days=9),
        ),
        ask("int_d", message="D", created_at=noon - timedelta(days=3)),
    )
    page = rina.get(f"/inbox/?{query}").content.decode()
    assert (titles(page), headings(page)) == (found.split(), bands.split(", "))


def test_every_order_is_paged_without_skipping_or_repeating(rina: Client) -> None:
    shared = timezone.now() - timedelta(hours=1)
    flows = ["payout", "Payout", "übergabe", "", "release_2", "release-1", '"quoted", 100%']
    starters = ["user_sam", "user_tess", "agent-7", ""]
    for number, flow in enumerate(flows):
        starter = starters[number % len(starters)]
        tell(run(f"run_{number}", workflow=flow, started_by=starter))
    tell(
        *(
            ask(
                f"int_{n}",
                message=f"No. {n}",
                run_id=f"run_{n % 9}",
                created_at=shared - timedelta(hours=n % 5),
                expires_at=None if n % 3 == 0 else soon(minutes=10 * (n % 20)),
            )
            for n in range(2 * PAGE + 20)
        )
    )
    for sort, group_by in product(SORTS, ("", *GROUPINGS)):
        pages, address = [], f"/inbox/?sort={sort}&group_by={group_by}"
        while address:
            page = rina.get(address).content.decode()
            pages.append(titles(page))
            link = re.search(r'href="([^"]*)" rel="next"', page)
            address = html.unescape(link[1]) if link else ""
        seen = [title for page in pages for title in page]
        assert len(seen) == len(set(seen)) == 2 * PAGE + 20, (sort, group_by)
        filters = Filters.read({"sort": sort, "group_by": group_by})
        rows = order_of(filters, {}).first(rows_of(OPEN, VIEWER, Upstream.current()), "", 500)
        assert seen == list(rows.values_list("interaction__title", flat=True)), (sort, group_by)


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "[]",
        '["a"]',
        '[1, "_1"]',
        '["a", 2]',
        '["a", null]',
        '["a", "_99999999999999999999"]',
        '["a\\u0000", "_1"]',
        '["\\ud800", "_1"]',
        "[" * 1400,
        "9" * 1400,
    ],
)
def test_a_cursor_that_cant_be_read_is_the_first_page(rina: Client, cursor: str) -> None:
    tell(ask("int_a", message="A"))
    assert listed(rina, f"sort=workflow&cursor={quote(cursor)}") == ["A"]
    assert waiting(changes(rina, "int_a", sort="workflow", until=cursor)) == ["int_a"]


def test_the_longest_workflow_still_fits_a_cursor(rina: Client) -> None:
    tell(run("run_1", workflow="\N{PILE OF POO}" * 300))
    tell(*(ask(f"int_{n}", message=f"{n}", run_id="run_1") for n in range(PAGE + 1)))
    page = rina.get("/inbox/?sort=workflow").content.decode()
    link = re.search(r'href="([^"]*)" rel="next"', page)
    assert link
    assert len(titles(rina.get(html.unescape(link[1])).content.decode())) == 1


@pytest.mark.sqlite
def test_the_newest_are_read_from_an_index(rina: Client) -> None:
    tell(*(ask(f"int_{n}") for n in range(5)))
    for sort in ("newest", "oldest"):
        order = order_of(Filters.read({"sort": sort}), {})
        plan = order.first(rows_of(OPEN, VIEWER, Upstream.current()), "", PAGE).explain()
        assert "asks_by_age" in plan
        assert "TEMP B-TREE" not in plan


def test_a_question_that_arrives_waits_where_its_page_is(rina: Client) -> None:
    for number in range(3):
        tell(run(f"run_{number}", workflow=f"flow-{number}"))
    tell(*(ask(f"int_{n:02}", run_id="run_1") for n in range(PAGE + 5)))
    page = rina.get("/inbox/?sort=workflow").content.decode()
    (address,) = re.findall(r'data-changes="([^"]*)"', page)
    tell(ask("int_before", run_id="run_0"), ask("int_after", run_id="run_2"))
    address = f"{html.unescape(address)}&changed=int_before&changed=int_after"
    assert waiting(" ".join(rina.get(address).content.decode().split())) == ["int_before"]


def test_a_row_whose_workflow_becomes_known_is_found_by_it(rina: Client) -> None:
    tell(ask("int_a", message="A", run_id="run_1"))
    tell(run("run_1", workflow="payout", started_by="user_sam"))
    assert listed(rina, "workflow=payout") == ["A"]
    assert listed(rina, "requester=user_sam") == ["A"]


def test_the_next_question_follows_the_order(rina: Client) -> None:
    own = OwnData(VIEWER, Upstream.current())
    for number in range(3):
        tell(run(f"run_{number}", workflow=f"flow-{number}"))
    tell(
        ask("int_a", run_id="run_1", expires_at=soon(hours=1)),
        ask("int_b", run_id="run_0", expires_at=soon(hours=2)),
        ask("int_c", run_id="run_2", expires_at=soon(hours=3)),
    )
    by_workflow = Filters.read({"sort": "workflow"})
    place = place_of(own, by_workflow, "int_a")
    assert place.words == "2 of 3"
    assert place.previous_href == "/interactions/int_b/?sort=workflow"
    assert place.next_href == "/interactions/int_c/?sort=workflow"
    answered = Interaction.objects.get(mobius_id="int_a")
    following = next_item(own, answered, by_workflow)
    assert following is not None
    assert following.mobius_id == "int_c"
    on_page = Recipient.objects.filter(interaction__mobius_id__in=["int_a", "int_b"])
    shown = list(on_page.values_list("pk", flat=True))
    following = next_item(own, answered, by_workflow, shown)
    assert following is not None
    assert following.mobius_id == "int_b"
    first = entry_href(own, FocusFilters.read({"sort": "workflow"}))
    assert "item=int_b" in first
    first = entry_href(own, FocusFilters.read({"workflow": "flow-2"}))
    assert "item=int_c" in first


def test_each_active_filter_can_be_removed(questions: None, rina: Client) -> None:
    query = "type=approval&workflow=payout&requester=user_sam&run=run_pay&due=none&sort=newest"
    found = chips(rina.get(f"/inbox/?{query}").content.decode())
    assert list(found) == [
        "payout",
        "Requested by Sam",
        "payout #pay",
        "No deadline",
        "Newest first",
    ]
    assert found["payout"] == (
        "/inbox/?type=approval&requester=user_sam&run=run_pay&due=none&sort=newest"
    )
    assert chips(rina.get("/inbox/?type=approval&target=mine").content.decode()) == {}
    page = rina.get("/inbox/?sort=workflow&group_by=requester").content.decode()
    assert list(chips(page)) == ["Sorted by workflow", "Grouped by requester"]
    assert "Grouped by requester · Sorted by workflow</span>" in page
    assert list(chips(rina.get("/inbox/?type=ballot").content.decode())) == ["Ballot"]


def test_a_chip_names_only_people_and_groups_that_the_list_names(
    questions: None, rina: Client
) -> None:
    Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_x", handle="x", name="Secret", routing="any"
    )
    page = rina.get("/inbox/?requester=user_lee&target=grp_x").content.decode()
    assert list(chips(page)) == ["Requested by user_lee", "grp_x"]
    assert "Secret" not in page


def test_the_filters_offer_what_is_in_my_own_questions(questions: None, rina: Client) -> None:
    tell(
        run("run_secret", workflow="secret", started_by="user_mallory"),
        ask("int_x", run_id="run_secret", target=Target(type="user", id="user_sam")),
    )
    page = rina.get("/inbox/filters/").content.decode()
    assert options(page, "workflow") == ["payout", "release"]
    assert options(page, "requester") == ["user_sam", "user_tess"]
    assert options(page, "run") == ["run_pay", "run_ship"]
    assert options(page, "target") == ["mine", "groups", "grp_board"]
    assert options(page, "group_by") == ["due", "workflow", "requester"]
    done = rina.get("/inbox/filters/?scope=done").content.decode()
    assert options(done, "sort") == ["oldest"]
    assert 'name="claimed"' not in done


def test_values_are_listed_once_in_order_up_to_a_limit(questions: None) -> None:
    rows = Recipient.objects.all()
    assert distinct_values(rows, "workflow", 5) == ["payout", "release"]
    assert distinct_values(rows, "workflow", 1) == ["payout"]
    assert distinct_values(rows.none(), "workflow", 5) == []
    assert distinct_values(rows.filter(run_id=None), "run_id", 5) == []


def test_the_form_of_filters_keeps_the_others_and_its_swap_has_a_short_address(
    questions: None, rina: Client
) -> None:
    page = rina.get("/inbox/filters/?type=approval&q=x&due=none&cursor=y").content.decode()
    form = page[page.index('aria-label="Filters"') :].partition("</form>")[0]
    assert re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', form) == [("q", "x")]
    headers = part("inbox-list") | {"HX-Source": "form#list-panel"}
    answer = rina.get("/inbox/?workflow=payout&due=&sort=newest", headers=headers)
    assert answer["HX-Push-Url"] == "/inbox/?workflow=payout&sort=newest"


def test_all_filters_can_be_cleared_at_once(questions: None, rina: Client) -> None:
    page = rina.get("/inbox/?scope=claimed&workflow=release&sort=newest").content.decode()
    assert re.search(r'href="/inbox/\?scope=claimed"[^>]*>Clear all<', page)
    assert "Clear all" not in rina.get("/inbox/?scope=claimed").content.decode()


def test_done_can_be_filtered_and_sorted_by_age(rina: Client) -> None:
    tell(
        run("run_pay", workflow="payout"),
        answered(ask("int_a", message="A", run_id="run_pay"), RINA, 1),
        answered(ask("int_b", message="B"), RINA, 2),
    )
    assert listed(rina, "scope=done&sort=oldest") == ["A", "B"]
    assert listed(rina, "scope=done&sort=workflow&due=late&group_by=due") == ["B", "A"]
    assert listed(rina, "scope=done&workflow=payout") == ["A"]


@pytest.mark.parametrize("query", ["sort=workflow&due=week", "group_by=requester&workflow=flow-1"])
def test_queries_do_not_grow_with_the_rows(rina: Client, query: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert rina.get(f"/inbox/?{query}").status_code == 200
        return len(captured)

    def add(first: int, last: int) -> None:
        for n in range(first, last):
            about: dict[str, Any] = {"run_id": f"run_{n}", "expires_at": soon(days=1)}
            tell(run(f"run_{n}", workflow=f"flow-{n % 3}", started_by=f"user_{n}"))
            tell(ask(f"int_{n}", **about), group_ask(f"int_g{n}", **about))

    add(1, 3)
    rina.get("/inbox/")
    few = cost()
    add(3, 40)
    assert cost() == few


def test_drafts_lists_the_questions_with_the_viewers_own_draft(rina: Client, sam: Client) -> None:
    for id_ in ("typed", "theirs", "emptied"):
        tell(group_ask(f"int_{id_}", message=id_))
    rina.post("/interactions/int_typed/draft", {"comment": "So far"})
    rina.post("/interactions/int_emptied/draft", {"value": "", "comment": ""})
    sam.post("/interactions/int_theirs/draft", {"comment": "Not Rina's"})
    assert listed(rina, "drafts=yes") == ["typed"]
    assert listed(sam, "drafts=yes") == ["theirs"]


def test_a_row_says_that_the_viewer_has_a_draft(rina: Client, sam: Client) -> None:
    for id_ in ("typed", "other"):
        tell(group_ask(f"int_{id_}", message=id_))
    rina.post("/interactions/int_typed/draft", {"comment": "So far"})
    page = rina.get("/inbox/").content.decode()
    assert page.count("Draft</span>") == 1
    assert "Draft</span>" in page.partition('id="entry-int_typed"')[2].partition("</li>")[0]
    assert "Draft</span>" not in sam.get("/inbox/").content.decode()
    rows = rina.get("/inbox/changes/?changed=int_typed&shown=int_typed").content.decode()
    assert "Draft</span>" in rows
