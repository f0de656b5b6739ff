"""The list of runs: board, filters, order, pages, live rows, saved views; and a reviewer's own."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.access import viewer_of
from inbox.mirror.freshness import Facts, sync_status
from inbox.mobius.types import Run, RunStatus, StepStatus, Target, Wait
from inbox.models import Run as RunRow
from inbox.models import SavedView, Upstream
from inbox.web.ui.labels import run_status
from inbox.web.ui.run_queries import SORTS, RunFilters, page_of
from tests.support.snapshots import answered, ask, at, group_ask, reply, run, step
from tests.support.tags import one_line, text_of
from tests.web.cast import HTMX, part, sign_in, soon, tell

S = RunStatus
FILTERS = set(RunFilters.base_fields) - {"q", "sort", "view", "cursor"}


def listed(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"/runs/{query}")
    assert answer.status_code == 200
    return re.findall(r'<tr role="row" id="run-(\w+)"', answer.content.decode())


def ended(id: str, status: RunStatus, **ago: float) -> Run:
    instant = soon(**{unit: -length for unit, length in ago.items()})
    return run(id, status=status, created_at=instant, updated_at=instant, completed_at=instant)


def since(id: str, status: RunStatus, **ago: float) -> Run:
    instant = soon(**{unit: -length for unit, length in ago.items()})
    return run(id, status=status, created_at=instant, started_at=instant, updated_at=instant)


def figures(page: str) -> dict[str, str]:
    found = re.findall(
        r'id="counter-(\w+)".*?class="figure">(\d+\+?)(?:<small[^>]*>([^<]*))?', page
    )
    return {status: f"{count} {small}".strip() for status, count, small in found}


@pytest.mark.usefixtures("midday", "synced")
def test_the_board_counts_by_status_and_what_was_completed_today(tess: Client) -> None:
    tell(
        since("run_1", S.SUSPENDED, hours=5),
        since("run_2", S.SUSPENDED, minutes=1),
        since("run_3", S.RUNNING, minutes=1),
        since("run_4", S.QUEUED, minutes=1),
        ended("run_5", S.FAILED, days=3),
        ended("run_6", S.COMPLETED, seconds=0),
        ended("run_7", S.COMPLETED, days=2),
    )
    assert figures(one_line(tess.get("/runs/").content)) == {
        "suspended": "2 1 over 4 h",
        "running": "1",
        "queued": "1",
        "failed": "1",
        "cancelled": "0",
        "completed": "1",
    }


@pytest.mark.usefixtures("midday")
def test_each_counter_matches_the_list_that_it_links_to(tess: Client) -> None:
    tell(
        since("run_1", S.SUSPENDED, minutes=1),
        ended("run_2", S.FAILED, days=3),
        ended("run_3", S.COMPLETED, seconds=0),
        ended("run_4", S.COMPLETED, days=2),
    )
    page = one_line(tess.get("/runs/").content)
    for status, id in (("suspended", "run_1"), ("failed", "run_2"), ("completed", "run_3")):
        link = re.search(rf'id="counter-{status}" href="/runs/([^"]+)"', page)
        assert link
        assert listed(tess, link[1].replace("&amp;", "&")) == [id]


def test_a_row_says_who_it_is_waiting_for_with_progress_and_a_link(tess: Client) -> None:
    board = group_ask("int_1", message="Board?", run_id="run_1", expires_at=soon(minutes=10))
    answers = (reply("user_sam", True, at=at(1)),)
    tell(
        run("run_1", status=S.SUSPENDED, started_by="user_sam", external_id="deploy-7", attempt=2),
        board.model_copy(update={"responses": answers}),
        run("run_2", status=S.SUSPENDED),
        ask("int_2", message="Ship it?", run_id="run_2"),
    )
    page = one_line(tess.get("/runs/").content)
    assert 'href="/interactions/int_1/" title="Board?">change-board, 1 of 3</a>' in page
    assert 'href="/interactions/int_2/" title="Ship it?">Rina</a>' in page
    assert '<caption class="vh">Runs</caption>' in page
    assert page.count('<td role="rowheader"') == 2
    for shown in ("deploy-7", "Sam", '<td role="cell" data-label="Attempt" class="num soft">2<'):
        assert shown in page


@pytest.mark.usefixtures("midday", "synced")
def test_very_many_runs_are_not_counted_one_by_one(
    tess: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.web.runs.counts.MOST_RUNS", 2)
    old, new = {"hours": 5}, {"minutes": 1}
    tell(*(since(f"run_{n}", S.SUSPENDED, **(old if n else new)) for n in range(3)))
    assert figures(one_line(tess.get("/runs/").content))["suspended"] == "2+ 2 over 4 h"
    tell(since("run_3", S.SUSPENDED, hours=6))
    assert figures(one_line(tess.get("/runs/").content))["suspended"] == "2+ 2+ over 4 h"


def test_a_row_names_who_has_claimed_a_groups_question(tess: Client) -> None:
    lee = User.objects.get(username="lee")
    lee.last_name = "Kovacs"
    lee.save()
    claimed = group_ask("int_1", run_id="run_1", claimed_by="user_lee", claimed_at=at(1))
    tell(run("run_1", status=S.SUSPENDED), claimed)
    assert "Claimed by Lee Kovacs" in tess.get("/runs/").content.decode()


def test_a_run_that_waits_for_no_person_says_for_what(tess: Client) -> None:
    tell(
        run("run_1", status=S.SUSPENDED, wait=Wait(signals=("documents",))),
        run("run_2", status=S.SUSPENDED, wait=Wait(wakes_at=soon(days=2))),
        run("run_3", status=S.FAILED, error_type="run_cancelled", completed_at=at(1)),
    )
    page = tess.get("/runs/").content.decode()
    for words in ("Signal documents", "Sleeping until", run_status("cancelled").label):
        assert words in page


def test_a_reviewer_sees_until_when_a_run_sleeps_and_not_what_else_it_waits_for(
    rina: Client,
) -> None:
    waits = {
        "run_1": Wait(wakes_at=soon(days=2)),
        "run_2": Wait(wakes_at=soon(days=2), signals=("documents",)),
        "run_3": Wait(wakes_at=soon(days=2), interaction_ids=("int_9",)),
    }
    for id_, wait in waits.items():
        asked = answered(ask(f"int_{id_[-1]}", run_id=id_), "user_rina", 2)
        tell(run(id_, status=S.SUSPENDED, wait=wait), asked)
    page = one_line(rina.get("/runs/").content)
    rows = dict(re.findall(r'<tr role="row" id="run-(\w+)"(.*?)</tr>', page))
    assert "Sleeping until" in rows["run_1"]
    for id_ in ("run_2", "run_3"):
        assert 'data-label="Waiting for" data-two><span class="meta">–</span>' in rows[id_]


def test_a_wait_with_a_time_out_is_no_sleep(tess: Client) -> None:
    Upstream.current()
    Upstream.objects.update(generation="b")
    waits = {"kind": "wait_for_event", "status": "suspended", "step_key": "documents"}
    tell(
        run("run_1", status=S.SUSPENDED, wait=Wait(wakes_at=soon(days=2)), plan=()),
        run("run_2", status=S.SUSPENDED, wait=Wait(wakes_at=soon(days=2)), plan=()),
        step(kind="wait_for_event", status=StepStatus.SUSPENDED).model_copy(update={"raw": waits}),
    )
    page = one_line(tess.get("/runs/").content)
    assert "Signal documents" in page
    assert "Waiting until" in page
    assert "Sleeping" not in page
    assert 'value="documents"' in one_line(tess.get("/runs/run_1/signal").content)


def test_why_a_run_ended_is_below_its_status_and_it_waits_for_nobody(tess: Client) -> None:
    failed = run("run_1", status=S.FAILED, error_message="No such host", completed_at=at(1))
    tell(failed, ask("int_1", run_id="run_1"))
    page = one_line(tess.get("/runs/").content)
    cells = dict(re.findall(r'data-label="([^"]+)"[^>]*>(.*?)</td>', page))
    assert text_of(cells["Status"]) == f"{run_status('failed').label} No such host"
    assert text_of(cells["Waiting for"]) == "–"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=suspended", ["run_3", "run_1"]),
        ("?status=open", ["run_3", "run_2", "run_1"]),
        ("?workflow=ledger-close", ["run_2"]),
        ("?queue=slow", ["run_3"]),
        ("?age=1h", ["run_4", "run_1"]),
        ("?age=4h&status=open", ["run_1"]),
        ("?age=today", ["run_3"]),
        ("?group=grp_board", ["run_3"]),
        ("?person=user_rina", ["run_3", "run_1"]),
        ("?person=user_sam", ["run_3"]),
        ("?person=user_sam&group=grp_board&status=suspended", ["run_3"]),
        ("?q=LEDGER", ["run_2"]),
        ("?q=payments+4.12", ["run_1"]),
        ("?q=deploy-7", ["run_1"]),
        ("?q=run_4", ["run_4"]),
        ("?q=nothing+of+it", []),
        ("?status=odd&age=odd&sort=odd&view=odd&cursor=odd", []),
        ("?age=odd&sort=odd&view=odd&cursor=odd_7", ["run_4", "run_3", "run_2", "run_1"]),
    ],
)
@pytest.mark.usefixtures("midday")
def test_it_is_filtered_by_what_the_address_says(
    tess: Client, query: str, found: list[str]
) -> None:
    old = soon(hours=-30)
    tell(
        run(
            "run_1",
            workflow="payments-release",
            status=S.SUSPENDED,
            created_at=old - timedelta(hours=1),
            updated_at=old,
            inputs={"version": "4.12.0"},
            external_id="deploy-7",
        ),
        ask("int_1", run_id="run_1", message="Ship it?"),
        run(
            "run_2",
            workflow="ledger-close",
            status=S.RUNNING,
            created_at=old,
            updated_at=soon(minutes=-1),
        ),
        run(
            "run_3",
            queue="slow",
            status=S.SUSPENDED,
            created_at=old + timedelta(hours=1),
            updated_at=soon(),
        ),
        group_ask("int_3", run_id="run_3", message="Board?"),
        ended("run_4", S.COMPLETED, hours=28),
    )
    if "today" in query:
        RunRow.objects.filter(mobius_id="run_2").update(status_since=old)
    assert listed(tess, query) == found


def test_it_is_sorted_as_asked(tess: Client) -> None:
    tell(
        run("run_1", created_at=at(0), updated_at=at(9), status=S.SUSPENDED),
        run("run_2", created_at=at(1), updated_at=at(5), status=S.SUSPENDED),
        run("run_3", created_at=at(2), updated_at=at(7), status=S.SUSPENDED),
    )
    assert listed(tess) == ["run_3", "run_2", "run_1"]
    assert listed(tess, "?sort=oldest") == ["run_1", "run_2", "run_3"]
    assert listed(tess, "?sort=longest") == ["run_2", "run_3", "run_1"]
    assert listed(tess, "?sort=changed") == ["run_1", "run_3", "run_2"]


@pytest.mark.parametrize("sort", ["", "oldest", "longest", "changed"])
def test_pages_neither_skip_nor_repeat_whatever_the_order(tess: Client, sort: str) -> None:
    tell(*(run(f"run_{n:03}", n // 3, created_at=at(n // 5)) for n in range(120)))
    seen: list[str] = []
    address = f"?sort={sort}"
    while address:
        page = tess.get(f"/runs/{address}").content.decode()
        seen += re.findall(r'<tr role="row" id="run-(\w+)"', page)
        more = re.search(r'href="/runs/(\?[^"]*)" rel="next"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) == len(set(seen)) == 120


def test_on_a_change_rows_stay_in_place_and_new_ones_wait(tess: Client) -> None:
    tell(*(since(f"run_{n}", S.RUNNING, minutes=9 - n) for n in (1, 2, 3)))
    page = one_line(tess.get("/runs/").content)
    again = re.search(r'id="run-list".*?hx-get="([^"]+)"', page)
    assert again
    tell(
        ended("run_2", S.COMPLETED, minutes=7),
        since("run_4", S.QUEUED, seconds=-1),
        since("run_5", S.QUEUED, seconds=-2),
    )
    address = again[1].replace("&amp;", "&")
    swap = one_line(tess.get(address, headers=part("run-list")).content)
    assert swap.startswith('<div id="run-list"')
    assert re.findall(r'<tr role="row" id="run-(\w+)"', swap) == ["run_3", "run_2", "run_1"]
    assert 'data-run-status="completed" data-run-id="run_2"' in swap
    assert "2 new runs" in swap
    assert 'id="run-board"' in swap
    assert 'hx-swap-oob="outerMorph"' in swap
    asked_for = re.search(r'id="new-runs" href="([^"]+)"', swap)
    assert asked_for
    whole = one_line(tess.get(asked_for[1], headers=part("run-list")).content)
    assert re.findall(r'<tr role="row" id="run-(\w+)"', whole)[:2] == ["run_5", "run_4"]
    assert "new run" not in whole


def test_a_row_that_slides_in_behind_one_that_left_is_not_called_new(tess: Client) -> None:
    tell(*(since(f"run_{n:02}", S.SUSPENDED, minutes=99 - n) for n in range(60)))
    page = one_line(tess.get("/runs/?status=suspended").content)
    again = re.search(r'id="run-list".*?hx-get="([^"]+)"', page)
    assert again
    tell(ended("run_59", S.COMPLETED, seconds=0))
    address = again[1].replace("&amp;", "&")
    swap = one_line(tess.get(address, headers=part("run-list")).content)
    assert "new run" not in swap
    assert 'data-run-status="completed" data-run-id="run_59"' in swap


def test_a_run_that_another_has_deleted_upstream_is_not_listed(tess: Client) -> None:
    tell(run("run_1"), run("run_2"))
    RunRow.objects.filter(mobius_id="run_1").update(deleted=True)
    assert listed(tess) == ["run_2"]


def test_the_stream_begins_before_the_rows_were_read(tess: Client) -> None:
    assert 'hx-sse:connect="/live/runs/?since=' in tess.get("/runs/").content.decode()


def test_the_filters_offer_what_there_is(tess: Client) -> None:
    tell(
        run("run_1", workflow="payments-release", queue="slow"),
        ask("int_1", run_id="run_1", target=Target(type="user", id="user_sam")),
    )
    for headers in ({}, part("run-filters")):
        page = one_line(tess.get("/runs/filters/?status=failed&q=x", headers=headers).content)
        for option in ("payments-release", "slow", "user_sam"):
            assert f'<option value="{option}">' in page
        assert '<option value="failed" selected>' in page
        assert 'type="hidden" name="q" value="x"' in page
        assert ("<html" in page) is not bool(headers)


def test_any_time_in_a_status_is_a_duration(tess: Client) -> None:
    page = one_line(tess.get("/runs/filters/", headers={"Accept-Language": "de"}).content)
    (ages,) = re.findall(r'<select[^>]* name="age".*?</select>', page)
    assert re.findall(r"<option[^>]*>([^<]*)<", ages)[:2] == ["Beliebig", "seit heute"]


def test_a_search_keeps_the_filters_and_the_order(tess: Client) -> None:
    kept = {name: "7d" if name == "age" else f"some-{name}" for name in FILTERS}
    page = one_line(tess.get("/runs/", {**kept, "sort": "oldest", "q": "order"}).content)
    search = page[page.index('role="search"') :].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', search))
    assert hidden == {**kept, "sort": "oldest"}


def test_a_filter_is_taken_off_by_its_chip(tess: Client) -> None:
    page = one_line(tess.get("/runs/?status=failed&workflow=ledger-close").content)
    assert '<a class="filter" href="/runs/?workflow=ledger-close" aria-current="true">' in page
    assert '<a class="filter" href="/runs/?status=failed" aria-current="true">' in page


def saved(client: Client, name: str, query: str = "") -> str:
    answer = client.post(f"/views/new/?page=runs&{query.removeprefix('?')}", {"name": name})
    assert answer.status_code == 303, answer.content
    return answer["Location"]


def test_a_view_is_saved_listed_in_the_rail_and_opened(tess: Client) -> None:
    tell(since("run_1", S.SUSPENDED, hours=5), since("run_2", S.SUSPENDED, hours=1))
    address = saved(tess, "Stuck over 4 h", "?status=suspended&age=4h&cursor=x&other=1")
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Stuck over 4 h", "status=suspended&age=4h")
    assert address == f"/runs/?status=suspended&age=4h&view={view.pk}"
    page = one_line(tess.get(address).content)
    assert '<h1 class="t-page">Stuck over 4 h</h1>' in page
    assert f'data-view="{view.pk}" aria-current="page"' in page
    assert listed(tess, address.removeprefix("/runs/")) == ["run_1"]
    assert "Stuck over 4 h" in tess.get("/inbox/").content.decode()


def test_a_views_link_works_for_another_lead_and_when_it_is_gone(tess: Client, sam: Client) -> None:
    from django.contrib.auth.models import Group, User  # noqa: PLC0415

    User.objects.get(username="sam").groups.add(Group.objects.get(name="team lead"))
    tell(since("run_1", S.SUSPENDED, hours=5), since("run_2", S.SUSPENDED, hours=1))
    query = saved(tess, "Stuck", "?age=4h").removeprefix("/runs/")
    assert listed(sam, query) == ["run_1"]
    SavedView.objects.all().delete()
    assert listed(tess, query) == ["run_1"]


def test_a_view_is_renamed_and_deleted_by_its_owner(tess: Client) -> None:
    saved(tess, "Stuck", "?age=4h")
    pk = SavedView.objects.get().pk
    answer = tess.post(f"/views/{pk}/", {"name": "  Held   up "})
    assert answer.status_code == 303
    assert SavedView.objects.get().name == "Held up"
    answer = tess.post(f"/views/{pk}/delete")
    assert answer["Location"] == "/runs/?age=4h"
    assert not SavedView.objects.exists()


def test_for_reviewers_and_strangers_there_is_nothing_of_it(
    rina: Client, mallory: Client, tess: Client
) -> None:
    saved(tess, "Stuck")
    pk = SavedView.objects.get().pk
    for client in (rina, mallory):
        assert client.get("/runs/filters/").status_code == 404
        for path in ("/views/new/?page=runs", f"/views/{pk}/", f"/views/{pk}/delete"):
            assert client.post(path, {"name": "x"}).status_code == 404
    assert SavedView.objects.get().name == "Stuck"


@pytest.mark.parametrize("path", ["/runs/filters/", "/views/new/?page=runs", "/views/1/delete"])
def test_signed_out_it_asks_to_sign_in(people: None, path: str) -> None:
    client = Client()
    answer = client.get(path) if path.endswith("filters/") else client.post(path, {"name": "x"})
    assert answer.status_code == 302
    assert unquote(answer["Location"]).startswith("/accounts/login/?next=")


def test_a_reviewer_keeps_the_list_of_runs_that_asked_them(rina: Client) -> None:
    tell(run("run_1", status=S.SUSPENDED), ask("int_1", run_id="run_1"), run("run_2"))
    page = rina.get("/runs/").content.decode()
    assert 'id="run-run_1"' in page
    assert "run_2" not in page
    for leads in ("run-board", "Save view", "run-filters", "Attempt"):
        assert leads not in page


@pytest.mark.parametrize("query", ["?q=nothing", "?person=user_sam", "?queue=x", "?age=7d&view=1"])
def test_a_reviewer_filters_by_nothing_that_is_kept_from_them(rina: Client, query: str) -> None:
    tell(run("run_1", status=S.RUNNING), ask("int_1", run_id="run_1"))
    assert listed(rina, query) == ["run_1"]
    assert listed(rina, f"{query}&status=failed") == []


def test_a_reviewers_row_says_no_more_than_the_own_questions(rina: Client) -> None:
    to_sam = Target(type="user", id="user_sam")
    tell(
        run("run_1", status=S.SUSPENDED, wait=Wait(signals=("documents",))),
        ask("int_1", run_id="run_1", message="Ship it?"),
        ask("int_2", run_id="run_1", message="Only for Sam", target=to_sam),
        run("run_2", status=S.SUSPENDED, wait=Wait(signals=("documents",))),
        answered(ask("int_3", run_id="run_2"), "user_rina", 1),
        ended("run_3", S.FAILED, hours=1).model_copy(update={"error_message": "No space left"}),
        answered(ask("int_4", run_id="run_3"), "user_rina", 1),
    )
    assert listed(rina) == ["run_3", "run_2", "run_1"]
    page = rina.get("/runs/").content.decode()
    assert 'title="Ship it?"' in page
    for kept in ("Only for Sam", "int_2", "documents", "No space left"):
        assert kept not in page
    RunRow.objects.filter(mobius_id="run_1").update(deleted=True)
    assert listed(rina) == ["run_3", "run_2"]


@pytest.mark.sqlite
def test_a_reviewers_runs_are_looked_up_by_the_own_questions(rina: Client) -> None:
    tell(run("run_1"), ask("int_1", run_id="run_1"))
    viewer, upstream = viewer_of(User.objects.get(username="rina")), Upstream.current()
    _, newest = SORTS[""]
    plan = page_of(viewer, upstream, RunFilters.read({}), newest, soon()).explain()
    assert "upstream_id=? AND mobius_id=?" in plan
    assert "run_newest" not in plan


@pytest.mark.parametrize("many", [1, 2_000])
def test_the_same_runs_are_listed_from_few_questions_and_from_many(
    rina: Client, tess: Client, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("inbox.web.ui.run_queries.MANY", many)
    for number, person in enumerate(("user_rina", "user_lee", "user_rina")):
        asked = ask(f"int_{number}", run_id=f"run_{number}", target=Target(type="user", id=person))
        tell(since(f"run_{number}", S.SUSPENDED, minutes=9 - number), asked)
    assert listed(rina) == ["run_2", "run_0"]
    assert listed(rina, "?status=suspended") == ["run_2", "run_0"]
    assert listed(tess, "?person=user_rina&sort=oldest") == ["run_0", "run_2"]
    assert listed(tess, "?person=user_lee&status=open") == ["run_1"]


def test_a_reviewers_rows_stay_and_new_ones_wait(rina: Client) -> None:
    tell(since("run_1", S.RUNNING, minutes=2), ask("int_1", run_id="run_1"))
    again = re.search(r'id="run-list".*?hx-get="([^"]+)"', one_line(rina.get("/runs/").content))
    assert again
    tell(
        since("run_2", S.RUNNING, minutes=1),
        since("run_3", S.RUNNING, seconds=0),
        ask("int_2", run_id="run_2"),
    )
    swap = one_line(rina.get(again[1], headers=part("run-list")).content)
    assert re.findall(r'<tr role="row" id="run-(\w+)"', swap) == ["run_1"]
    assert "1 new run" in swap
    assert "run-board" not in swap


def test_while_upstream_is_away_it_opens_and_says_how_old_it_is(tess: Client, away: None) -> None:
    tell(run("run_1"))
    page = tess.get("/runs/").content.decode()
    assert "run-run_1" in page
    assert "No updates since" in text_of(page)


def test_a_swap_signed_out_changes_nothing(people: None) -> None:
    answer = Client().get("/runs/?shown=1", headers={**HTMX, "HX-Target": "div#run-list"})
    assert answer.status_code == 401
    assert answer["HX-Reswap"] == "none"


@pytest.mark.parametrize("name", ["rina", "tess"])
def test_before_mobius_was_read_it_does_not_say_that_there_are_no_runs(
    people: None, synced: None, name: str
) -> None:
    client = sign_in(name)
    for headers in ({}, part("run-list")):
        assert "No runs yet" in client.get("/runs/", headers=headers).content.decode()
    sync_status.update(**vars(Facts()))
    for headers in ({}, part("run-list")):
        page = client.get("/runs/", headers=headers).content.decode()
        assert "Waiting for the first sync" in text_of(page)
        assert "No runs yet" not in page
