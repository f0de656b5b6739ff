import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.live.page_activity import page_activity
from inbox.mobius.types import InteractionStatus, RunStatus, StepPlan, StepStatus, Target
from inbox.models import Run as RunRow
from inbox.web.ui import labels
from tests.support.snapshots import answered, ask, at, event, group_ask, run, step
from tests.support.tags import one_line, text_of
from tests.web.cast import part, soon, tell

SUSPENDED, RUNNING = (labels.run_status(status).label for status in ("suspended", "running"))
PLAN = (
    StepPlan(name="build", kind="action"),
    StepPlan(name="approve_release", kind="interaction"),
    StepPlan(name="announce", kind="action"),
)


def a_run_that_waits() -> None:
    begun = run(
        "run_1",
        workflow="payments-release",
        started_by="user_sam",
        inputs={"version": "4.12.0"},
        metadata={"team": "Payments"},
        plan=PLAN,
    )
    suspended = begun.model_copy(update={"status": RunStatus.SUSPENDED, "updated_at": at(3)})
    build = step(
        "step_1",
        "run_1",
        1,
        name="build",
        status=StepStatus.COMPLETED,
        started_at=at(0),
        completed_at=at(1),
    )
    waiting = step(
        "step_2", "run_1", 2, name="approve_release", kind="interaction", started_at=at(2)
    )
    mine = ask("int_1", 2, message="Release it?", run_id="run_1", signal_name="interaction:int_1")
    others = ask(
        "int_2",
        2,
        message="Only for Sam",
        run_id="run_1",
        target=Target(type="user", id="user_sam"),
    )
    tell(
        event(1, begun),
        event(2, begun.model_copy(update={"status": RunStatus.RUNNING, "updated_at": at(0.5)})),
        event(3, build),
        event(4, waiting),
        event(5, mine, "interaction_created"),
        event(6, others, "interaction_created"),
        event(7, suspended),
        complete_runs=["run_1"],
    )
    RunRow.objects.update(log_from=0)


def test_a_reviewer_sees_status_steps_and_the_own_questions(rina: Client) -> None:
    a_run_that_waits()
    page = one_line(rina.get("/runs/run_1/").content)
    assert 'data-run-status="suspended"' in page
    assert 'class="done"' in page
    assert "Approve release" in page
    assert 'href="/interactions/int_1/"' in page
    for private in ("Only for Sam", "int_2", "4.12.0", "Payments<"):
        assert private not in page


def test_a_lead_sees_everything(tess: Client) -> None:
    a_run_that_waits()
    page = one_line(tess.get("/runs/run_1/").content)
    for shown in ("Only for Sam", "Release it?", "4.12.0", "Payments", "Started by Sam"):
        assert shown in page


def test_a_statuss_label_is_changed_in_one_place(
    rina: Client, tess: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "A label for this test"
    monkeypatch.setitem(labels.RUN_STATUS, "suspended", (other, "pause", "warn"))
    a_run_that_waits()
    for client in (rina, tess):
        for url in ("/runs/", "/runs/?status=suspended", "/runs/run_1/"):
            page = client.get(url).content.decode()
            assert other in page
            assert SUSPENDED not in text_of(page)
    page = tess.get("/runs/filters/").content.decode()
    assert other in page
    assert SUSPENDED not in text_of(page)


def test_the_timeline_names_each_status_and_each_step_newest_first(rina: Client) -> None:
    a_run_that_waits()
    page = one_line(rina.get("/runs/run_1/").content)
    timeline = page[page.index('id="run-timeline"') :]
    order = [
        timeline.index(text) for text in (SUSPENDED, "asked you", RUNNING, "Sam started the run")
    ]
    assert order == sorted(order)
    assert "<strong>Build</strong> finished" in timeline


def test_each_step_is_done_now_or_to_come(rina: Client) -> None:
    a_run_that_waits()
    page = one_line(rina.get("/runs/run_1/").content)
    track = page[page.index('class="track"') :].split("</ol>")[0]
    assert track.count("<li") == 3
    assert 'class="now" aria-current="step"' in track
    assert "upcoming" in track


def test_questions_and_run_are_linked_both_ways(rina: Client) -> None:
    a_run_that_waits()
    assert 'href="/interactions/int_1/"' in rina.get("/runs/run_1/").content.decode()
    assert 'href="/runs/run_1/"' in rina.get("/interactions/int_1/").content.decode()


def test_the_stream_starts_before_the_rows_were_read(rina: Client) -> None:
    a_run_that_waits()
    page = rina.get("/runs/run_1/").content.decode()
    assert 'hx-sse:connect="/live/runs/run_1/?since=' in page


def test_a_swap_gets_only_the_part_below_the_head(rina: Client) -> None:
    a_run_that_waits()
    page = one_line(rina.get("/runs/run_1/", headers=part("run-body")).content)
    assert page.startswith('<div id="run-body"')
    assert "<html" not in page


def test_a_failed_run_says_why_to_a_lead(tess: Client, rina: Client) -> None:
    tell(
        run(
            "run_1",
            5,
            status=RunStatus.FAILED,
            error_type="step_failed",
            error_message="approve_release expired",
            completed_at=at(5),
        ),
        ask("int_1", run_id="run_1", status=InteractionStatus.EXPIRED, completed_at=at(5)),
    )
    RunRow.objects.update(log_from=0)
    assert "approve_release expired" in tess.get("/runs/run_1/").content.decode()
    assert "approve_release expired" not in rina.get("/runs/run_1/").content.decode()


def test_an_unknown_status_is_shown_as_it_is(rina: Client) -> None:
    tell(
        run("run_1", status=RunStatus.OTHER).model_copy(update={"status_word": "paused_by_ops"}),
        ask(run_id="run_1"),
    )
    RunRow.objects.update(log_from=0)
    for address in ("/runs/", "/runs/run_1/"):
        page = rina.get(address).content.decode()
        assert 'data-run-status="paused_by_ops"' in page
        assert "Paused by ops" in page


def test_a_run_that_has_asked_me_nothing_is_not_found(mallory: Client) -> None:
    a_run_that_waits()
    assert mallory.get("/runs/run_1/").status_code == 404
    assert mallory.get("/runs/run_none/").status_code == 404
    assert "payments-release" not in mallory.get("/runs/").content.decode()


@pytest.mark.parametrize("address", ["/runs/", "/runs/run_1/"])
def test_signed_out_it_asks_to_sign_in_and_comes_back(people: None, address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", ["/runs/", "/runs/run_1/"])
def test_it_takes_no_post(rina: Client, address: str) -> None:
    a_run_that_waits()
    assert rina.post(address).status_code == 405


def test_the_table_shows_status_age_and_who_a_run_is_waiting_for(tess: Client) -> None:
    a_run_that_waits()
    tell(
        group_ask("int_9", message="Board?", run_id="run_9", expires_at=soon(minutes=10)),
        run("run_9", workflow="ledger-close", status=RunStatus.SUSPENDED),
    )
    page = one_line(tess.get("/runs/").content)
    assert "payments-release" in page
    assert "ledger-close" in page
    assert "change-board" in page
    assert 'data-run-status="suspended"' in page
    assert 'data-run-id="run_9"' in page


@pytest.mark.parametrize(
    ("status", "shown"), [("", 3), ("open", 2), ("suspended", 1), ("completed", 1), ("odd", 0)]
)
def test_the_table_is_filtered_by_status(tess: Client, status: str, shown: int) -> None:
    tell(
        run("run_1", status=RunStatus.SUSPENDED),
        run("run_2", status=RunStatus.RUNNING),
        run("run_3", status=RunStatus.COMPLETED, completed_at=at(3)),
    )
    page = tess.get(f"/runs/?status={status}").content.decode()
    assert page.count('id="run-run_') == shown


def test_the_table_is_paged_without_skipping_or_repeating(tess: Client) -> None:
    tell(*(run(f"run_{n:03}", created_at=at(n // 3)) for n in range(120)))
    seen: list[str] = []
    address = "/runs/"
    while address:
        page = tess.get(address).content.decode()
        seen += [piece.split('"')[0] for piece in page.split('<tr role="row" id="')[1:]] or [
            piece.split('"')[0] for piece in page.split('id="run-run_')[1:]
        ]
        more = page.split('rel="next"')
        address = (
            more[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
            if len(more) > 1
            else ""
        )
    assert len(seen) == len(set(seen)) == 120


def test_the_number_of_queries_of_the_table_is_fixed(tess: Client) -> None:
    tell(run("run_0"), ask("int_0", run_id="run_0"))
    tess.get("/runs/")
    with CaptureQueriesContext(connection) as few:
        tess.get("/runs/")
    tell(
        *(run(f"run_{n}") for n in range(1, 60)),
        *(ask(f"int_{n}", run_id=f"run_{n}") for n in range(1, 60)),
    )
    with CaptureQueriesContext(connection) as many:
        tess.get("/runs/")
    assert len(many) == len(few)


def test_answers_are_sentences_in_the_timeline(rina: Client) -> None:
    item = ask("int_1", 2, message="Release it?", run_id="run_1")
    tell(
        event(1, run("run_1")),
        event(2, item, "interaction_created"),
        event(3, answered(item, "user_rina", 4), "interaction_completed"),
        complete_runs=["run_1"],
    )
    RunRow.objects.update(log_from=0)
    page = one_line(rina.get("/runs/run_1/").content)
    assert "You approved" in page
    assert "“fine”" in page


def test_a_run_opens_from_the_mirror_while_upstream_is_away(rina: Client, away: None) -> None:
    tell(run("run_1", workflow="payments-release"), ask(run_id="run_1"))
    page = rina.get("/runs/run_1/").content.decode()
    assert "payments-release" in page
    assert "No updates since" in text_of(page)


def test_the_page_asks_the_sync_for_what_it_lacks_and_does_not_wait(rina: Client) -> None:
    tell(run(status=RunStatus.SUSPENDED), ask(run_id="run_1"))
    page_activity.take_runs()
    assert rina.get("/runs/run_1/").status_code == 200
    assert page_activity.take_runs() == {"run_1"}


def test_a_run_known_only_from_its_question_has_a_page(rina: Client, tess: Client) -> None:
    tell(ask("int_1", run_id="run_1", message="Ship it?"))
    for who in (rina, tess):
        page = one_line(who.get("/runs/run_1/").content)
        assert 'data-run-status="suspended"' in page
        assert "Ship it?" in page
        # Upstream has not said when it was started or by whom.
        assert "Started" not in page
        assert "elapsed" not in page
        page = one_line(who.get("/interactions/int_1/").content)
        assert "The run started" not in page
    assert "No workflow" not in one_line(rina.get("/inbox/").content)
    assert "No workflow" not in one_line(tess.get("/runs/blocked/").content)


def test_a_run_that_is_over_takes_no_longer_where_mobius_gives_no_times(tess: Client) -> None:
    tell(run(status=RunStatus.COMPLETED), ask(run_id="run_1"))
    RunRow.objects.update(completed_at=None)
    page = one_line(tess.get("/runs/run_1/").content)
    assert "took" in page
    assert "elapsed" not in page
