import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.access import Viewer
from inbox.mirror import capabilities
from inbox.mirror.freshness import Facts, Reason, Trouble, sync_status, trouble_of
from inbox.mobius.errors import (
    Denied,
    MobiusError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from inbox.mobius.types import (
    Capabilities,
    Generation,
    InteractionStatus,
    Policy,
    PolicyKind,
    Target,
)
from inbox.models import Interaction, Recipient, Reviewer, Upstream
from inbox.people import credentials
from inbox.web.questions.order import SOONEST_DUE
from inbox.web.ui.freshness import trouble_text
from inbox.web.ui.scopes import COUNTED, OPEN, rows_of
from tests.support.snapshots import RINA, answered, ask, group_ask, run
from tests.support.tags import text_of
from tests.web.cast import part, sign_in, soon, tell

pytestmark = pytest.mark.usefixtures("synced")

FILTER_COUNT = re.compile(r'id="choice-count-[^>]*>([^<]*)<')


def titles(page: str) -> list[str]:
    return re.findall(r'class="row-title">(.*?)</span>', page)


def test_it_lists_what_waits_for_me_soonest_due_first(rina: Client) -> None:
    tell(
        ask("int_a", message="Later", expires_at=soon(days=3)),
        ask("int_b", message="Soon", expires_at=soon(minutes=20)),
        ask("int_c", message="Without a deadline"),
        ask("int_d", message="Overdue", context={"due_at": soon(minutes=-5).isoformat()}),
        ask("int_e", message="Not mine", target=Target(type="user", id="user_sam")),
        group_ask("int_f", message="Through a group", expires_at=soon(days=2)),
    )
    page = rina.get("/inbox/").content.decode()
    assert titles(page) == ["Overdue", "Soon", "Through a group", "Later", "Without a deadline"]
    assert 'data-interaction-id="int_b"' in page


def test_its_bands_are_named_and_counted(rina: Client) -> None:
    tell(
        ask("int_a", context={"due_at": soon(minutes=-5).isoformat()}),
        ask("int_b", expires_at=soon(minutes=20)),
        ask("int_c", expires_at=soon(days=3)),
        ask("int_d", expires_at=soon(days=4)),
        ask("int_e"),
    )
    page = " ".join(rina.get("/inbox/").content.decode().split())
    for words, key, count in (
        ("Overdue", "late", 1),
        ("Within an hour", "hour", 1),
        ("Later", "later", 2),
        ("No deadline", "none", 1),
    ):
        assert f'{words} <span id="band-count-{key}" data-by-rows>{count}' in page
    assert "5 open" in page


@pytest.mark.usefixtures("midday")
def test_a_question_due_in_two_hours_is_in_today(rina: Client) -> None:
    tell(ask("int_a", expires_at=soon(hours=2)))
    page = rina.get("/inbox/").content.decode()
    assert ">Today" in page.replace("\n", "").replace("  ", "")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("at", [datetime.min, datetime.max])
def test_a_deadline_at_the_end_of_time_can_be_shown_everywhere(
    rina: Client, at: datetime, zone: str
) -> None:
    Reviewer.objects.update(time_zone=zone)
    tell(ask("int_1", message="For ever?", expires_at=at.replace(tzinfo=UTC)))
    for path in ("/inbox/", "/inbox/?group_by=due", "/interactions/int_1/"):
        assert "For ever?" in rina.get(path).content.decode()
    assert rina.get("/interactions/int_1/snooze").status_code == 200


def test_a_row_names_kind_workflow_asker_group_and_how_many_answered(rina: Client) -> None:
    tell(
        run("run_1", workflow="price-rollout", started_by="user_sam"),
        group_ask("int_1", message="Raise the limit?", run_id="run_1", expires_at=soon(hours=30)),
    )
    page = rina.get("/inbox/").content.decode()
    assert "price-rollout · Sam" in page
    assert "change-board" in page
    assert "<b>0 of 3</b>" in page
    assert 'aria-label="Approval"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=approval", ["Pay?"]),
        ("type=review", ["Which vendor?"]),
        ("target=mine", ["Pay?", "Which vendor?"]),
        ("target=groups", ["Board?"]),
        ("target=grp_board", ["Board?"]),
        ("q=vendor", ["Which vendor?"]),
        ("q=VENDOR+which", ["Which vendor?"]),
        ("q=nothing-like-it", []),
        ("target=mine&type=approval", ["Pay?"]),
        ("cursor=nonsense", ["Pay?", "Which vendor?", "Board?"]),
        ("type=brand-new", []),
    ],
)
def test_it_filters_by_type_target_and_text(rina: Client, query: str, found: list[str]) -> None:
    tell(
        ask("int_a", message="Pay?", expires_at=soon(days=2)),
        ask("int_b", message="Which vendor?", type="review", expires_at=soon(days=3)),
        group_ask("int_c", message="Board?", type="input", expires_at=soon(days=4)),
    )
    page = rina.get(f"/inbox/?{query}").content.decode()
    assert titles(page) == found
    narrowed = "cursor" not in query
    assert (f">{len(found) or 'None'} found<" in page, "3 open<" in page) == (
        narrowed,
        not narrowed,
    )
    if not found:
        assert "No matching questions" in page


def test_a_search_that_finds_nothing_does_not_blame_filters(rina: Client) -> None:
    tell(ask("int_a"))
    page = rina.get("/inbox/?q=zzz&sort=newest").content.decode()
    assert "Only this list was searched." in page
    assert re.search(r'href="/inbox/\?sort=newest"[^>]*>Clear search<', page)
    assert re.search(r'href="/search/\?q=zzz"[^>]*>Search everything<', page)
    page = rina.get("/inbox/?q=zzz&type=review").content.decode()
    assert "No questions match these filters." in page


def test_filters_stay_in_the_addresses_of_rows_and_of_the_next_page(rina: Client) -> None:
    tell(*(ask(f"int_{n:03}", expires_at=soon(days=1, minutes=n)) for n in range(60)))
    page = rina.get("/inbox/?type=approval").content.decode()
    assert 'href="/interactions/int_000/?type=approval"' in page
    assert "type=approval&amp;cursor=" in page


def test_it_is_paged_without_skipping_or_repeating(rina: Client) -> None:
    dated = [
        ask(f"int_{n:03}", message=f"No. {n}", expires_at=soon(days=1, seconds=n))
        for n in range(70)
    ]
    equal = [
        ask(f"int_e{n}", message=f"Equal {n}", expires_at=dated[-1].expires_at) for n in range(5)
    ]
    undated = [ask(f"int_u{n:02}", message=f"Undated {n}") for n in range(40)]
    tell(*dated, *equal, *undated)
    seen: list[str] = []
    address = "/inbox/"
    for _ in range(4):
        page = rina.get(address).content.decode()
        seen += titles(page)
        if 'rel="next"' not in page:
            break
        address = (
            page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
        )
    assert len(seen) == len(set(seen)) == 115
    assert seen[-1] == "Undated 39"


def test_done_lists_what_i_answered_and_what_expired_unanswered(rina: Client) -> None:
    tell(
        answered(ask("int_a", message="Mine"), "user_rina", 1),
        ask(
            "int_b",
            message="Expired",
            status=InteractionStatus.EXPIRED,
            completed_at=soon(minutes=-3),
        ),
        answered(
            group_ask("int_c", message="Lee was first", policy=Policy(kind=PolicyKind.ANY)),
            "user_lee",
            2,
        ),
        ask("int_d", message="Still open"),
    )
    page = rina.get("/inbox/?scope=done").content.decode()
    assert titles(page) == ["Expired", "Mine"]
    assert "Approved" in page


def test_my_part_of_a_group_answer_waits_for_others_and_is_done_when_they_are(rina: Client) -> None:
    item = group_ask("int_a", message="Board?")
    part_of_it = answered(item, "user_rina", 1).model_copy(
        update={"status": InteractionStatus.PENDING, "completed_at": None, "responder_id": None}
    )
    tell(part_of_it)
    assert titles(rina.get("/inbox/").content.decode()) == []
    assert titles(rina.get("/inbox/?scope=done").content.decode()) == []
    page = rina.get("/inbox/?scope=waiting-others").content.decode()
    assert titles(page) == ["Board?"]
    assert counts(page) == {"inbox": "", "claimed": "", "others": "1"}
    tell(answered(part_of_it, "user_sam", 2))
    page = rina.get("/inbox/?scope=waiting-others").content.decode()
    assert titles(page) == []
    assert "Nothing is waiting for others" in page
    assert counts(page) == {"inbox": "", "claimed": "", "others": ""}
    assert titles(rina.get("/inbox/?scope=done").content.decode()) == ["Board?"]


def counts(page: str) -> dict[str, str]:
    found = re.findall(r'id="count-(inbox|claimed|others)"[^>]*>(\d*\+?)', page)
    return dict(found)


def test_claimed_by_me_is_a_separate_list(rina: Client, sam: Client) -> None:
    free = Policy(kind=PolicyKind.ANY)
    tell(
        group_ask("int_a", message="Mine?", policy=free, claimed_by="user_rina"),
        group_ask("int_b", message="Sam's?", policy=free, claimed_by="user_sam"),
        group_ask("int_c", message="All?", claimed_by="user_rina"),
    )
    page = rina.get("/inbox/?scope=claimed").content.decode()
    assert titles(page) == ["Mine?"]
    assert counts(page) == {"inbox": "3", "claimed": "1", "others": ""}
    assert titles(sam.get("/inbox/?scope=claimed").content.decode()) == ["Sam&#x27;s?"]
    assert len(titles(rina.get("/inbox/").content.decode())) == 3


def test_an_unknown_scope_shows_the_inbox(rina: Client) -> None:
    tell(ask("int_a", message="Pay?"))
    assert titles(rina.get("/inbox/?scope=nonsense").content.decode()) == ["Pay?"]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("scope", "index"), [("claimed", "asks_claimed"), ("waiting-others", "asks_waiting")]
)
def test_scopes_with_few_rows_have_their_own_index(rina: Client, scope: str, index: str) -> None:
    viewer = Viewer(user_id=0, mobius_id="user_rina", name="Rina")
    plan = SOONEST_DUE.sorted(rows_of(scope, viewer, Upstream.current()))[:51].explain()
    assert f"{index} (upstream_id=? AND user_id=?)" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_the_rail_counts_group_questions_beyond_the_first_in_the_list(rina: Client) -> None:
    tell(*(ask(f"int_{n}", expires_at=soon(hours=1)) for n in range(COUNTED + 1)))
    tell(group_ask("int_group", expires_at=soon(hours=2)))
    for path in ("/inbox/", "/account/"):
        assert 'id="count-groups">1<' in rina.get(path).content.decode()


@pytest.mark.usefixtures("midday")
def test_it_says_that_nothing_is_waiting(rina: Client) -> None:
    assert "Nothing is waiting for you" in rina.get("/inbox/").content.decode()
    tell(answered(ask("int_1"), RINA, 1))
    Recipient.objects.update(answered_at=timezone.now(), closed_at=timezone.now())
    page = rina.get("/inbox/").content.decode()
    assert "You're all caught up" in page
    assert "You&#x27;ve answered 1 question today." in page
    snoozed = 'class="btn" href="/inbox/?snoozed=yes"'
    assert snoozed not in " ".join(page.split())
    tell(ask("int_2"))
    until = timezone.now() + timedelta(hours=1)
    rina.post("/interactions/int_2/snooze", {"preset": until.isoformat()})
    for path in ("/inbox/", "/inbox/focus/"):
        page = " ".join(rina.get(path).content.decode().split())
        assert "You're all caught up" in page
        assert snoozed in page


def test_an_empty_inbox_asks_for_the_token_that_answers_need(rina: Client, settings: Any) -> None:
    link = '<a class="btn" href="/account/">Add your token</a>'
    assert link not in rina.get("/inbox/").content.decode()
    credentials.remove(Reviewer.objects.get(user__username="rina"))
    assert link in rina.get("/inbox/").content.decode()
    assert link not in rina.get("/inbox/?scope=claimed").content.decode()
    settings.SERVICE_KEY_ANSWERS = "on"
    assert link not in rina.get("/inbox/").content.decode()


def list_of(page: str) -> str:
    return page[page.index('id="inbox-list"') : page.index('id="detail"')]


@pytest.mark.parametrize("query", ["", "?q=nothing", "?scope=done"])
def test_an_inbox_that_was_never_synced_says_so(rina: Client, query: str) -> None:
    sync_status.update(**vars(Facts()))
    page = " ".join(rina.get(f"/inbox/{query}").content.decode().split())
    assert "<h2>Waiting for the first sync</h2>" in page
    assert "Nothing is waiting" not in list_of(page)
    assert "Answering is paused" not in text_of(page)
    assert "0 open" not in page
    assert "None found" not in page
    assert FILTER_COUNT.findall(page) == [""] * page.count('id="choice-count-')
    sync_status.update(connected=True, full_sync_done=True, seeded=True)
    page = " ".join(rina.get(f"/inbox/{query}").content.decode().split())
    assert "Waiting for the first sync" not in text_of(page)
    assert ("0 open" in page, "None found" in page) == (query == "", "q=" in query)


@pytest.mark.parametrize("seeded", [False, True])
def test_an_inbox_whose_mobius_cannot_be_read_does_not_say_that_nothing_is_waiting(
    rina: Client, seeded: bool
) -> None:
    since = soon(seconds=-40)
    sync_status.update(
        connected=False,
        seeded=seeded,
        broken_at=since,
        trouble=Trouble(Reason.OTHER_API, generation=Generation.B),
    )
    page = rina.get("/inbox/").content.decode()
    assert "Mobius now uses generation B of the API." in text_of(list_of(page))
    assert "Nothing is waiting" not in list_of(page)
    assert "Answers are still sent" not in text_of(page)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unreachable("no", sent=False), "Answering is paused"),
        (Rejected("limit is at most 50", status=422), "Answers are still sent to Mobius"),
        (RateLimited("no", retry_after=60.0), "Answers are still sent to Mobius"),
        (Unauthorized("no"), "Answers with a member token are still sent to Mobius"),
        (Denied("no"), "Answers with a member token are still sent to Mobius"),
    ],
)
def test_a_stale_list_says_whether_answers_are_sent(
    rina: Client, error: MobiusError, said: str
) -> None:
    since = soon(seconds=-40)
    trouble = trouble_of(error)
    sync_status.update(connected=False, heard_at=since, broken_at=since, trouble=trouble)
    page = text_of(rina.get("/inbox/").content.decode())
    assert trouble_text(trouble, timezone.now()) in page
    assert said in page
    assert ("Answering is paused" in page) == isinstance(error, Unreachable)


def test_an_account_without_a_mobius_id_sees_what_to_do(people: None) -> None:
    Reviewer.objects.filter(user__username="lee").update(mobius_id=None)
    page = sign_in("lee").get("/inbox/").content.decode()
    assert "Your account has no Mobius ID yet" in page


def test_a_swap_gets_only_the_list_with_the_open_question_marked(rina: Client) -> None:
    tell(ask("int_a", message="Pay?"))
    headers = part("inbox-list", "http://testserver/interactions/int_a/")
    answer = rina.get("/inbox/", headers=headers)
    page = answer.content.decode()
    assert "<html" not in page
    assert page.lstrip().startswith("<section")
    assert 'aria-current="true"' in page.split('data-interaction-id="int_a"')[1].split(">")[0]
    assert 'id="count-inbox" hx-swap-oob="true"' in page
    assert "no-store" in answer["Cache-Control"]


def test_with_item_the_question_is_shown_beside_the_list(rina: Client) -> None:
    tell(ask("int_a", message="Pay?"))
    page = rina.get("/inbox/?item=int_a").content.decode()
    assert 'action="/interactions/int_a/respond"' in page


def test_an_item_that_is_not_mine_is_not_shown_beside_it(mallory: Client) -> None:
    tell(ask("int_a", message="Pay?"))
    page = mallory.get("/inbox/?item=int_a").content.decode()
    assert "Pay?" not in page


def test_signed_out_it_asks_to_sign_in_and_comes_back(people: None) -> None:
    answer = Client().get("/inbox/?type=review")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/inbox/%3Ftype%3Dreview"


def test_a_swap_that_is_signed_out_gets_a_401(people: None) -> None:
    assert Client().get("/inbox/", headers=part("inbox-list")).status_code == 401


def test_it_takes_no_post(rina: Client) -> None:
    assert rina.post("/inbox/").status_code == 405


def test_the_root_leads_here(rina: Client) -> None:
    answer = rina.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/inbox/")


def test_every_title_is_shown_in_full_under_the_pointer(rina: Client) -> None:
    short, long = "Pay?", "Release the payment of €120 to Contoso for invoice 2026-1187?"
    tell(ask("int_1", message=short), ask("int_2", message=long))
    assert sorted(titles(html.unescape(rina.get("/inbox/").content.decode()))) == [short, long]


def test_titles_and_names_from_outside_are_text(rina: Client) -> None:
    tell(
        run("run_1", workflow="<img src=x>", started_by="<b>Sam</b>"),
        ask("int_a", message="<script>alert(1)</script> ok?", run_id="run_1"),
    )
    page = rina.get("/inbox/").content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "<b>Sam</b>" not in page


def test_unknown_types_and_statuses_do_not_break_it(rina: Client) -> None:
    tell(
        ask("int_a", message="New kind", type="ballot", questions=()),
        ask(
            "int_b", message="New status", status=InteractionStatus.OTHER, raw={"status": "paused"}
        ),
    )
    page = rina.get("/inbox/").content.decode()
    assert "New kind" in page
    assert 'aria-label="Ballot"' in page


@pytest.mark.sqlite
def test_a_page_walks_the_persons_index_and_never_sorts_what_waits(rina: Client) -> None:
    upstream = Upstream.current()
    tell(*(ask(f"int_{n}", expires_at=soon(days=1 + n)) for n in range(5)))
    viewer = Viewer(user_id=0, mobius_id="user_rina", name="Rina")
    plan = SOONEST_DUE.sorted(rows_of(OPEN, viewer, upstream))[:51].explain()
    assert "asks_open (upstream_id=? AND user_id=? AND open=?)" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_an_upstream_that_is_away_leaves_the_page_readable_and_says_so(
    rina: Client, away: None
) -> None:
    tell(ask("int_a", message="Pay?"))
    page = text_of(rina.get("/inbox/").content.decode())
    assert "Pay?" in page
    assert re.search(r"No updates since .*\d\d:\d\d\. Mobius isn't responding\.", page)


def test_rows_of_another_upstream_are_not_shown(rina: Client) -> None:
    tell(ask("int_a", message="Pay?"))
    other = Upstream.objects.create(base_url="http://elsewhere", project="p")
    Interaction.objects.update(upstream=other)
    Recipient.objects.update(upstream=other)
    assert titles(rina.get("/inbox/").content.decode()) == []


def test_it_is_never_kept_by_a_cache(rina: Client) -> None:
    assert "no-store" in rina.get("/inbox/")["Cache-Control"]


def test_the_list_of_claims_is_offered_only_if_a_question_can_be_claimed(rina: Client) -> None:
    assert offers_claims(rina)
    tell(group_ask(claimable=False))
    assert not offers_claims(rina)
    tell(group_ask("int_2"))
    assert offers_claims(rina)


def test_the_first_question_that_can_be_claimed_brings_claims_at_once(rina: Client) -> None:
    tell(group_ask(claimable=False))
    assert not offers_claims(rina)
    tell(group_ask("int_2"))
    assert "Claimed by me" in rina.get("/inbox/").content.decode()


def offers_claims(client: Client) -> bool:
    capabilities.store(Upstream.current(), Capabilities())
    page = client.get("/inbox/").content.decode()
    return "Claimed by me" in page and "Claim, release" in page
