import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from inbox.mobius.types import InteractionStatus, Question, RunStatus, Target
from inbox.web.ui.labels import run_status
from tests.support.snapshots import RINA, SAM, answered, ask, at, run
from tests.web.cast import download, tell
from tests.web.test_inbox_filters import chips, listed, options

pytestmark = pytest.mark.usefixtures("synced")

FAILED: dict[str, Any] = {"status": RunStatus.FAILED}
TEXT = (Question(mode="input"),)


@pytest.fixture
def answers(people: None) -> None:
    tell(
        run("run_ok", workflow="payout", status=RunStatus.COMPLETED, completed_at=at(9)),
        run("run_bad", 9, workflow="payout", **FAILED, completed_at=at(9)),
        run("run_open", workflow="release", status=RunStatus.RUNNING),
        run("run_stopped", 9, **FAILED, error_type="run_cancelled"),
        run("run_before", 1, **FAILED, completed_at=at(1)),
        answered(ask("int_ok", message="Good", run_id="run_ok"), RINA, 5),
        answered(ask("int_bad", message="Bad", run_id="run_bad"), RINA, 5, value=False),
        answered(
            ask("int_open", message="Open", run_id="run_open", questions=TEXT), RINA, 5, "Yes"
        ),
        answered(ask("int_stopped", message="Stopped", run_id="run_stopped"), RINA, 5),
        answered(ask("int_before", message="Before", run_id="run_before"), RINA, 5),
        answered(ask("int_alone", message="Alone", questions=TEXT), RINA, 5, "true"),
        ask("int_late", message="Late", status=InteractionStatus.EXPIRED, completed_at=at(6)),
    )


def endings(page: str) -> dict[str, str]:
    rows = re.findall(r'<li class="row-with".*?</li>', page, re.DOTALL)
    found = {}
    for row in rows:
        (title,) = re.findall(r'class="row-title">(.*?)</span>', row)
        shown = re.search(r'data-run-status="(\w+)".*?</svg><span[^>]*>([^<]+)<', row, re.DOTALL)
        found[title] = " ".join(shown.groups()) if shown else ""
    return found


def test_each_row_says_how_its_run_ended(answers: None, rina: Client) -> None:
    assert endings(rina.get("/inbox/?scope=done").content.decode()) == {
        "Good": f"completed {run_status('completed').label}",
        "Bad": f"failed {run_status('failed').label}",
        "Open": f"running {run_status('running').label}",
        "Stopped": f"failed {run_status('cancelled').label}",
        "Before": f"failed {run_status('failed').label}",
        "Alone": "",
        "Late": "",
    }


def test_text_for_a_closed_question_is_unsent_and_no_draft(rina: Client) -> None:
    tell(ask())
    rina.post("/interactions/int_1/draft", {"comment": "Too late"})
    assert ">Draft<" in rina.get("/inbox/").content.decode()
    tell(ask(status=InteractionStatus.EXPIRED, completed_at=at(6)))
    page = rina.get("/inbox/?scope=done").content.decode()
    assert ">Unsent text<" in page
    assert ">Draft<" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("answer=approved", {"Good", "Stopped", "Before"}),
        ("answer=rejected", {"Bad"}),
        ("answer=other", {"Open", "Alone"}),
        ("answer=none", {"Late"}),
        ("failed=yes", {"Bad"}),
        ("failed=yes&answer=approved", set()),
        ("workflow=payout", {"Good", "Bad"}),
        ("closed=today", set()),
        ("closed=odd&answer=odd&failed=odd&workflow=release", {"Open", "Stopped", "Before"}),
    ],
)
def test_it_is_filtered_by_answer_date_and_what_became_of_the_run(
    answers: None, rina: Client, query: str, found: set[str]
) -> None:
    assert set(listed(rina, f"scope=done&{query}")) == found


@pytest.mark.usefixtures("midday")
def test_a_span_of_days_includes_today(rina: Client) -> None:
    def days_ago(count: int) -> Any:
        closed = timezone.localtime().replace(hour=0, minute=0) - timedelta(days=count)
        expired = {"status": InteractionStatus.EXPIRED, "completed_at": closed}
        return ask(f"int_{count}", message=f"{count} days ago", **expired)

    tell(*(days_ago(count) for count in (0, 6, 7)))
    assert listed(rina, "scope=done&closed=today") == ["0 days ago"]
    assert listed(rina, "scope=done&closed=7") == ["0 days ago", "6 days ago"]


def test_a_run_that_failed_in_the_second_of_the_answer_failed_after_it(rina: Client) -> None:
    tell(
        run("run_bad", 5, **FAILED, completed_at=at(5)),
        answered(ask("int_bad", message="Bad", run_id="run_bad"), RINA, 5),
    )
    assert listed(rina, "scope=done&failed=yes") == ["Bad"]


def test_done_has_filters_of_its_own(answers: None, rina: Client) -> None:
    page = rina.get("/inbox/?scope=done&answer=other&closed=7&failed=yes").content.decode()
    assert list(chips(page)) == ["Neither approved nor rejected", "Last 7 days"]
    assert re.search(r'aria-current="true">\s*Run failed after my answer', page)
    form = rina.get("/inbox/filters/?scope=done").content.decode()
    assert options(form, "answer") == ["approved", "rejected", "other", "none"]
    tell(ask("int_now", message="Now"))
    assert listed(rina, "answer=none&closed=today&failed=yes") == ["Now"]
    assert 'name="answer"' not in rina.get("/inbox/filters/").content.decode()


def test_done_has_none_of_the_inbox_scopes_as_filters(answers: None, rina: Client) -> None:
    claimed = re.compile(r'class="filter phone-only"\s+href="/inbox/\?scope=claimed"')
    assert claimed.search(rina.get("/inbox/?scope=waiting-others").content.decode())
    assert not claimed.search(rina.get("/inbox/?scope=done").content.decode())


async def table(query: str) -> list[dict[str, str]]:
    _, body = await download(f"/inbox/answers.csv{query}", "rina")
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"), newline="")))


async def test_the_export_has_the_filtered_answers_in_utc(answers: None) -> None:
    (row,) = await table("?failed=yes")
    assert row == {
        "answered_at": "2026-03-02T12:05:00+00:00",
        "closed_at": "2026-03-02T12:05:00+00:00",
        "status": "completed",
        "type": "approval",
        "question": "Bad",
        "question_id": "int_bad",
        "workflow": "payout",
        "run_id": "run_bad",
        "requester": "",
        "answer": "false",
        "comment": "fine",
        "run_status": "failed",
        "run_ended_at": "2026-03-02T12:09:00+00:00",
    }
    by_title = {row["question"]: row for row in await table("")}
    assert by_title["Late"]["answered_at"] == by_title["Late"]["answer"] == ""
    assert by_title["Open"]["run_ended_at"] == ""


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_the_export_of_today_has_the_days_of_the_list(rina: Client, zone: str) -> None:
    minutes = int((timezone.now() - at(0)).total_seconds() // 60)
    closed = [
        answered(ask(f"int_{hour}", message=f"{hour} h ago"), RINA, minutes - 60 * hour)
        for hour in range(26)
    ]
    await sync_to_async(tell)(*closed)
    language = {"language": "en", "time_zone": zone}
    await sync_to_async(rina.post)("/account/language", language)
    today = await sync_to_async(listed)(rina, "scope=done&closed=today")
    assert 0 < len(today) < len(closed)
    assert [row["question"] for row in await table("?closed=today")] == today


async def test_the_export_has_all_pages_and_no_one_elses(people: None) -> None:
    own = [answered(ask(f"int_{n}", message=f"No. {n}"), RINA, n % 3) for n in range(430)]
    sams = ask("int_sam", message="Sam's", target=Target(type="user", id=SAM))
    await sync_to_async(tell)(*own, answered(sams, SAM, 1))
    found = [row["question"] for row in await table("?sort=oldest")]
    assert sorted(found) == sorted(f"No. {n}" for n in range(430))


async def test_the_export_holds_no_formula_and_no_secret(people: None) -> None:
    form = {"api_key": "s3cret", "note": "kept"}
    await sync_to_async(tell)(
        answered(ask("int_1", message="=1+1", questions=TEXT), RINA, 1, value=form),
        answered(ask("int_2", message="Two", questions=TEXT), RINA, 2, value="@SUM(A1)"),
    )
    two, one = await table("")
    assert (one["question"], two["answer"]) == ("'=1+1", "'@SUM(A1)")
    assert one["answer"] == '{"api_key":"\\u2022\\u2022\\u2022","note":"kept"}'
