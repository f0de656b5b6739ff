"""The decision log as a lead reads it, its exports, and the receipt of an answer."""

import csv
import hashlib
import html
import io
import json
import re
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from inbox.answering import claiming, nudge
from inbox.audit import decision_log, rights_log
from inbox.audit import export as decision_export
from inbox.audit.decision_log import Entry, append
from inbox.audit.log_status import LogVerifier, inspect
from inbox.audit.origin import Origin
from inbox.audit.verify import verify
from inbox.mirror import api_choice
from inbox.models import Decision, Group, Interaction, Upstream
from inbox.models.decision import RESPOND
from inbox.upstream import group_mapping, groups, run_control
from tests.support.snapshots import APPROVED, RINA, ask, group_ask
from tests.support.tampering import lift_triggers, run_sql
from tests.web.cast import HTMX, download, part, sign_in, tell

LOG = "/decisions/"
PAGES = [LOG, f"{LOG}1/", f"{LOG}export.csv", f"{LOG}export.jsonl"]
SHOWN = {
    "message": "Release **4.12.0**?",
    "context": {"version": {"from": "4.11.3", "to": "4.12.0"}},
    "questions": [{"mode": "confirm"}],
    "updated_at": "2026-11-24T09:12:40+00:00",
}


@transaction.atomic
def enter(count: int = 1, **fields: Any) -> list[Decision]:
    said = {"verb": "claim", "actor": "user_rina", "upstream": Upstream.current(), **fields}
    return append(*(Entry(**said) for _ in range(count)))


def answer(item: str = "int_1", actor: str = "user_rina", **fields: Any) -> Decision:
    row = Interaction.objects.filter(mobius_id=item).first() or Interaction(mobius_id=item)
    said = {
        "verb": "respond",
        "item": row,
        "actor": actor,
        "account": actor.removeprefix("user_"),
        "answers": APPROVED,
        "comment": "Lag is flat.",
        "credential_kind": "member",
        "origin": Origin("10.4.18.22"),
        "shown": SHOWN,
    }
    return enter(**{**said, **fields})[0]


def numbers_on(page: Any) -> list[int]:
    return [
        int(number) for number in re.findall(r'aria-label="Entry (\d+)"', page.content.decode())
    ]


def text(client: Client, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def test_a_lead_reads_who_did_what(tess: Client) -> None:
    tell(ask("int_1", message="Release payments-api?"))
    answer()
    enter(verb="member_added", actor="user_tess", title="Approvers", value={"user": "user_lee"})
    page = text(tess, LOG)
    for words in ("Intact", "2 entries", "Rina", "Answered", "Release payments-api?", "Approved"):
        assert words in page
    assert "“Lag is flat.”" in page
    assert "Added Lee" in page
    assert 'href="/interactions/int_1/receipt?entry=1"' in page


def test_an_unconfirmed_answer_is_not_shown_as_given(tess: Client) -> None:
    entry = answer(verb="answer_unconfirmed")
    for page in (text(tess, LOG), text(tess, entry.get_absolute_url())):
        assert "Not confirmed: Approved" in page
        assert "answer--yes" not in page


def test_a_comment_that_is_a_quotation_gets_no_second_mark(tess: Client) -> None:
    answer(comment="“Ship it”, said Lee.")
    answer(actor="user_lee", comment='"Ship it"')
    page = html.unescape(text(tess, LOG))
    assert '<span class="said">“Ship it”, said Lee.</span>' in page
    assert '<span class="said">"Ship it"</span>' in page


def test_an_account_is_called_one_once(tess: Client) -> None:
    enter(verb="account_created", actor="user_tess", title="lee", value={"account": "lee"})
    words = " ".join(strip_tags(text(tess, LOG)).split())
    assert "Account lee" in words
    assert "Account lee account" not in words


def test_groups_roles_and_permissions_are_called_by_their_names(tess: Client) -> None:
    Group.objects.create(
        upstream=Upstream.current(), mobius_id="grp_ops", handle="ops", name="Operations"
    )
    for id_ in ("grp_ops", "grp_unknown"):
        enter(verb=group_mapping.VERB, group_id=id_, title=id_, value={"group": id_})
    for verb, before, after in (
        (rights_log.ROLES, ["reviewer"], ["reviewer", "team lead"]),
        (rights_log.PERMISSIONS, [], ["auth.add_user", "inbox.cancel_run"]),
        (rights_log.FACTOR_ADDED, None, "totp"),
    ):
        value = {"account": "sam", "before": before, "after": after}
        enter(verb=verb, actor="", account="admin", title="sam", value=value)
    words = " ".join(strip_tags(text(tess, LOG)).split())
    assert "Operations" in words
    assert "grp_ops" not in words
    assert "grp_unknown" in words
    assert "Reviewer → Reviewer, Team lead" in words
    assert "none → auth.add_user, Cancel runs" in words
    assert "none → Authenticator app" in words
    assert "Operations" in text(tess, f"{LOG}1/")


def test_an_empty_log_says_so(tess: Client) -> None:
    assert "No decisions yet" in text(tess, LOG)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", ["rina", "admin"])
def test_the_log_is_a_404_without_the_role(people: None, path: str, name: str) -> None:
    enter()
    assert sign_in(name).get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_the_receipt_is_a_404_for_a_stranger(mallory: Client, path: str) -> None:
    enter()
    assert mallory.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_signed_out_one_is_asked_to_sign_in(people: None, path: str) -> None:
    assert Client().get(path)["Location"].startswith("/accounts/login/")
    assert Client().get(path, headers=HTMX).status_code == 401


@pytest.mark.parametrize("words", ["#57ZB4", "refunds #57ZB4", "run_01JDF357ZB4", "#49"])
def test_it_finds_a_run_by_the_short_id_that_it_shows(tess: Client, words: str) -> None:
    enter(run_id="run_49" if words == "#49" else "run_01JDF357ZB4", workflow="refunds")
    enter(run_id="run_149", workflow="refunds")
    enter(run_id="run_01JDF3AAAAA", workflow="refunds")
    assert numbers_on(tess.get(LOG, {"q": words})) == [1]


@pytest.mark.parametrize("path", [*PAGES, "/interactions/int_1/receipt"])
def test_nothing_can_be_sent_there(tess: Client, path: str) -> None:
    assert tess.post(path).status_code == 405


def test_an_entry_that_is_not_there_is_not_found(tess: Client) -> None:
    for number in ("7", "0", "9" * 40):
        assert tess.get(f"{LOG}{number}/").status_code == 404


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 2, 1, 5]),
        ("?who=user_lee", [2]),
        ("?did=claim", [3]),
        ("?did=observed", [4]),
        ("?workflow=release", [1]),
        ("?item=int_4", [4]),
        ("?q=lag", [2, 1]),
        ("?q=int_2", [2]),
        ("?q=3", [3]),
        ("?span=7", [4, 3, 2, 1]),
        ("?span=today&who=user_rina&did=respond", [1]),
        ("?q=nothing+like+it", []),
        ("?cursor=nonsense&span=1000", [4, 3, 2, 1, 5]),
    ],
)
@pytest.mark.usefixtures("midday")
def test_it_can_be_filtered(tess: Client, query: str, numbers: list[int]) -> None:
    answer("int_1", workflow="release")
    answer("int_2", "user_lee")
    enter(actor="user_sam")
    answer("int_4", "user_sam", observed=True, comment="", shown={}, account="")
    enter(verb="release", actor="user_sam", at=timezone.now() - timedelta(days=20))
    assert numbers_on(tess.get(f"{LOG}{query}")) == numbers


def test_a_screen_reader_hears_how_many_entries_are_found(tess: Client) -> None:
    enter(verb="claim")
    for headers in ({}, part("decision-log")):
        for query, found in (("verb=claim", "1 entry"), ("q=elsewhere", "0 entries")):
            page = tess.get(f"{LOG}?{query}", headers=headers).content.decode()
            said = 'id="decisions-found" role="status">' + found
            assert said in page


def test_it_is_read_page_by_page_without_a_gap(tess: Client) -> None:
    enter(120, at=timezone.now())
    path, seen = LOG, []
    while path:
        page = tess.get(path, headers=part("decision-log"))
        seen += numbers_on(page)
        older = re.search(r'href="([^"]+)" rel="next"', page.content.decode())
        path = html.unescape(older[1]) if older else ""
    assert seen == list(range(120, 0, -1))


def test_a_longer_log_costs_no_more_queries(
    tess: Client, django_assert_max_num_queries: Any
) -> None:
    enter(300)
    with django_assert_max_num_queries(22):
        tess.get(LOG)


def test_it_says_what_is_wrong(tess: Client) -> None:
    enter(5)
    lift_triggers()
    run_sql("UPDATE inbox_decision SET comment = 'x' WHERE number = 3")
    page = html.unescape(text(tess, LOG))
    assert "Not intact" in page
    assert "Entry 3 doesn't match" in page


def test_a_long_log_is_looked_through_part_by_part(db: None) -> None:
    enter(45)
    watch = LogVerifier(part=20)
    for _ in range(2):
        watch.verify_next_part()
        assert watch.last is None
    watch.verify_next_part()
    assert watch.last is not None
    assert watch.last.verdict.intact
    lift_triggers()
    run_sql("UPDATE inbox_decision SET comment = 'x' WHERE number = 30")
    for _ in range(2):
        watch.verify_next_part()
    assert watch.last.verdict.number == 30


def test_the_end_of_a_long_log_is_verified_each_time(db: None) -> None:
    enter(600)
    assert inspect().verdict.intact
    lift_triggers()
    run_sql("DELETE FROM inbox_decision WHERE number > 590")
    assert not inspect().verdict.intact


def test_shown_entries_of_a_long_log_are_verified_each_time(tess: Client) -> None:
    enter(600)
    lift_triggers()
    run_sql("UPDATE inbox_decision SET comment = 'forged' WHERE number = 590")
    page = html.unescape(text(tess, LOG))
    assert "Not intact" in page
    assert "Entry 590 doesn't match" in page
    sheet = html.unescape(text(tess, f"{LOG}590/"))
    assert "This receipt can't be verified" in sheet
    assert "Entry 590 doesn't match: its fields don't produce its hash" in sheet
    assert "can't be verified" not in text(tess, f"{LOG}589/")
    run_sql(f"UPDATE inbox_decision SET previous = '{'0' * 64}' WHERE number = 580")
    assert "it doesn't follow from the previous entry" in html.unescape(text(tess, f"{LOG}580/"))


async def test_the_table_holds_no_formula_and_ends_with_the_head(people: None) -> None:
    wild = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", 'fine, "really"\n=1']
    await sync_to_async(lambda: [enter(comment=one) for one in wild])()
    response, body = await download(f"{LOG}export.csv")
    assert response["Content-Disposition"] == 'attachment; filename="decisions-9.csv"'
    rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"), newline="")))
    assert [row["comment"] for row in rows[:8]] == [f"'{one}" for one in wild[:8]]
    assert rows[8]["comment"] == wild[8]
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@", "＝"))]
    head = await sync_to_async(decision_log.head)()
    assert (rows[-1]["verb"], rows[-1]["hash"], rows[-1]["mac"]) == ("head", head.hash, head.mac)


async def test_the_lines_can_be_checked_without_this_product(people: None) -> None:
    await sync_to_async(answer)(comment="Grüße €", value={"a": 1.5})
    await sync_to_async(enter)(500)
    _, body = await download(f"{LOG}export.jsonl")
    *lines, last = [json.loads(line) for line in body.splitlines()]
    before = "0" * 64
    for line in lines:
        said = json.dumps(line["entry"], sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256((before + said).encode()).hexdigest() == line["hash"]
        assert line["previous"] == before
        before = line["hash"]
    assert (last["head"]["number"], last["head"]["hash"]) == (501, before)


async def test_an_export_is_of_what_is_filtered(people: None) -> None:
    await sync_to_async(enter)(3)
    await sync_to_async(answer)("int_2", "user_lee")
    _, body = await download(f"{LOG}export.jsonl?who=user_lee")
    numbers = [json.loads(line).get("entry", {}).get("number") for line in body.splitlines()]
    assert numbers == [4, None]


async def test_a_longer_export_takes_no_more_memory(db: None) -> None:
    async def peak(export: Any, entries: int) -> int:
        head = await sync_to_async(decision_log.head)()
        made: AsyncIterator[str] = export(Decision.objects.filter(number__lte=entries), head)
        tracemalloc.start()
        try:
            async for _ in made:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    await sync_to_async(enter)(2000, shown={"context": {"log": "x" * 4000}})
    for export in (decision_export.as_csv, decision_export.as_json_lines):
        await peak(export, 1)
        assert await peak(export, 2000) < 1.5 * await peak(export, 500)


def test_the_receipt_says_all_and_how_to_check_it(rina: Client) -> None:
    tell(ask("int_1", message="Release payments-api?"))
    row = answer()
    page = text(rina, "/interactions/int_1/receipt")
    for words in (
        "Rina approved: Release payments-api?",
        "Receipt for entry 1",
        "“Lag is flat.”",
        'Member token, from <span class="mono">10.4.18.22</span>',
        "<strong>4.12.0</strong>",
        "4.11.3",
        "python manage.py verify_decisions",
    ):
        assert words in page
    head = decision_log.head()
    for digest in (row.hash, row.previous, head.mac):
        assert " ".join(digest[at : at + 8] for at in range(0, 64, 8)) in page
    assert '"/interactions/int_1/receipt"' in text(rina, "/interactions/int_1/")


def test_receipts_on_one_page_share_no_id_and_no_choice(tess: Client) -> None:
    tell(group_ask("int_1"))
    diff = {"before": "on\n" * 9, "after": "off\n" * 9}
    for actor in ("user_rina", "user_sam"):
        answer(actor=actor, shown={**SHOWN, "context": {"policy": diff, "script": "set -e\npwd"}})
    page = text(tess, "/interactions/int_1/receipt")
    ids = re.findall(r' id="([^"]+)"', page)
    assert {"code-1-2", "code-2-2"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert page.count('data-copy="#code-2-2"') == 1
    assert len(re.findall(r'name="diff-1-1"', page)) == 2
    assert len(re.findall(r'name="diff-2-1"', page)) == 2


def test_people_who_may_not_see_the_question_get_no_receipt(sam: Client, mallory: Client) -> None:
    tell(ask("int_1"))
    answer()
    for client in (sam, mallory):
        assert client.get("/interactions/int_1/receipt").status_code == 404


def test_an_unanswered_question_has_none(rina: Client) -> None:
    tell(ask("int_1"))
    assert rina.get("/interactions/int_1/receipt").status_code == 404
    assert "receipt" not in text(rina, "/interactions/int_1/")


def test_the_address_is_for_leads_and_for_oneself(people: None) -> None:
    tell(group_ask("int_1"))
    answer(actor="user_rina")
    path = "/interactions/int_1/receipt"
    assert "10.4.18.22" in text(sign_in("rina"), path)
    assert "10.4.18.22" in text(sign_in("tess"), path)
    assert "10.4.18.22" not in text(sign_in("sam"), path)


def test_hidden_answers_are_hidden_here_too(people: None, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    tell(group_ask("int_1"))
    answer(actor="user_rina")
    assert sign_in("sam").get("/interactions/int_1/receipt").status_code == 404


@pytest.mark.parametrize("verb", ["respond", "answer_unconfirmed"])
def test_a_lead_who_is_asked_reads_no_hidden_answer(tess: Client, settings: Any, verb: str) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    tell(group_ask("int_1", members=(RINA, "user_tess")))
    answer(verb=verb)
    assert "Lag is flat." not in text(tess, LOG)
    assert tess.get(f"{LOG}1/").status_code == 404


def test_an_entry_of_another_project_does_not_show_a_question_of_this_one(tess: Client) -> None:
    tell(ask("int_1", message="Release payments-api?"))
    other = Upstream(base_url="http://127.0.0.1:1", project="other")
    answer(upstream=other)
    assert 'href="/interactions/int_1/"' not in text(tess, f"{LOG}1/")


def test_every_verb_has_a_filter_and_words(tess: Client) -> None:
    verbs = [*run_control.Verb, *groups.Verb, *claiming.Verb, nudge.VERB, RESPOND]
    verbs += ["token_adopted", "token_removed", *rights_log.VERBS]
    page = text(tess, LOG)
    for verb in verbs:
        assert f'<option value="{verb}">' in page


def test_a_change_of_the_api_is_named(tess: Client) -> None:
    value = {"before": "a", "after": "c", "by": "GET /v1/interactions"}
    enter(verb=api_choice.VERB, actor="", value=value)
    page = html.unescape(text(tess, LOG))
    assert "This installation" in page
    assert "Changed to another Mobius API" in page
    assert "the guide's (A) → the one without projects (C)" in page


def test_every_entry_has_a_page_of_its_own(tess: Client) -> None:
    enter(verb="run_signalled", actor="user_tess", run_id="run_1", value={"signal": "documents"})
    page = text(tess, f"{LOG}1/")
    assert "Tess signalled" in page
    assert "documents" in page
    assert verify().intact
