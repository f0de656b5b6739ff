import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.mirror import capabilities
from inbox.mobius.adapters.later.run import read_event
from inbox.mobius.types import Event, EventKind, RunStatus, StepPlan, StepStatus
from inbox.models import Event as EventRow
from inbox.models import Run as RunRow
from inbox.models import Upstream
from inbox.web.ui.labels import run_status
from tests.support.desk import Desk
from tests.support.later_items import event_of_b
from tests.support.snapshots import answered, ask, at, event, run, step
from tests.support.tags import one_line, text_of
from tests.web.cast import HTMX, part, sign_in, tell

QUEUED, SUSPENDED = run_status("queued").label, run_status("suspended").label
PLAN = (
    StepPlan(name="build", kind="action"),
    StepPlan(name="approve_release", kind="interaction"),
    StepPlan(name="announce", kind="action"),
)


def failed_in_b(stop_reason: str) -> str:
    """The run's page for a lead who has every permission."""
    Upstream.objects.update(generation="b")
    ended = run("run_1", workflow="rollout", status=RunStatus.FAILED, completed_at=at(9))
    tell(ended.model_copy(update={"raw": ended.raw | {"stop_reason": stop_reason}}))
    page: str = sign_in("tess").get("/runs/run_1/").content.decode()
    return page


@pytest.mark.usefixtures("people")
def test_a_failed_run_of_b_says_why_and_can_be_retried() -> None:
    Upstream.current()
    page = failed_in_b("check_failed")
    assert "A check failed." in page
    assert 'href="/runs/run_1/retry"' in page
    form = sign_in("tess").get("/runs/run_1/retry").content.decode()
    assert "Retry rollout #1?" in form


@pytest.mark.usefixtures("people")
def test_a_run_that_reached_a_limit_is_not_retried_here() -> None:
    Upstream.current()
    page = failed_in_b("budget_exceeded")
    assert "It used up its budget. To go on, retry it in Mobius with a higher limit." in page
    assert "/runs/run_1/retry" not in page
    form = sign_in("tess").get("/runs/run_1/retry", headers=part("run-act"))
    assert "A limit ended this run." in text_of(form.content.decode())
    assert b"<button" not in form.content


def a_run() -> None:
    begun = run("run_1", workflow="release", started_by="user_sam", plan=PLAN)
    building = step("step_1", "run_1", 1, name="build", started_at=at(1))
    built = building.model_copy(
        update={"status": StepStatus.COMPLETED, "completed_at": at(2), "updated_at": at(2)}
    )
    asking = step("step_2", "run_1", 3, name="approve_release", kind="interaction", order=1)
    asking = asking.model_copy(update={"started_at": at(3)})
    item = ask(
        "int_1",
        3,
        message="Release it?",
        run_id="run_1",
        signal_name="interaction:int_1",
        created_at=at(3),
    )

    def stands(status: RunStatus, minute: float) -> Any:
        return begun.model_copy(update={"status": status, "updated_at": at(minute)})

    tell(
        event(1, begun),
        event(2, stands(RunStatus.RUNNING, 1)),
        event(3, building),
        event(4, built),
        event(5, asking),
        event(6, item, "interaction_created"),
        event(7, stands(RunStatus.SUSPENDED, 3)),
        event(8, answered(item, "user_rina", 13), "interaction_completed"),
        event(9, stands(RunStatus.RUNNING, 13)),
        event(
            10,
            asking.model_copy(
                update={
                    "status": StepStatus.COMPLETED,
                    "completed_at": at(13),
                    "updated_at": at(13),
                }
            ),
        ),
        event(11, stands(RunStatus.COMPLETED, 14)),
        complete_runs=["run_1"],
    )
    RunRow.objects.update(log_from=0)


def log_of(who: Client) -> str:
    page = one_line(who.get("/runs/run_1/").content)
    return text_of(page[page.index('id="run-timeline"') :].split("</section>")[0])


def a_long_run(lines: int) -> None:
    tell(event(1, run("run_1", plan=PLAN)), complete_runs=["run_1"])
    tell(
        *(
            Event(
                kind=EventKind.ACTION,
                type="action_appended",
                seq=seq,
                run_id="run_1",
                at=at(seq),
                data={"step_name": "build", "line": f"line {seq}"},
            )
            for seq in range(2, lines + 2)
        )
    )
    RunRow.objects.update(log_from=0)


def test_the_head_says_which_step_asked_which_person(tess: Client) -> None:
    a_run()
    page = one_line(tess.get("/runs/run_1/").content)
    asked = page[page.index('id="run-asked"') :].split("</ul>")[0]
    assert "<b>Approve release</b> asked" in asked
    assert 'href="/interactions/int_1/">Rina</a>' in asked


def test_the_log_says_who_and_how_long_between(tess: Client) -> None:
    a_run()
    page = one_line(tess.get("/runs/run_1/").content)
    log = page[page.index('id="run-timeline"') :]
    assert "<strong>Approve release</strong> asked Rina: " in log
    line = log[log.index("Rina approved") :].split("</li>")[0]
    assert "+ 10 min<" in line


@pytest.mark.parametrize("who", ["tess", "rina"])
@pytest.mark.parametrize("show", ["", "people", "steps"])
def test_it_says_how_many_lines_the_log_has(people: None, who: str, show: str) -> None:
    a_run()
    page = one_line(sign_in(who).get(f"/runs/run_1/?show={show}").content)
    log = page[page.index('id="run-timeline"') :].split("</ol>")[0]
    assert re.findall(r"(\d+) lines?<", log) == [str(log.count("<li"))]
    assert log.count("<li") < EventRow.objects.count()


def test_it_says_which_kind_of_events_there_are_none_of(tess: Client) -> None:
    a_long_run(1)
    page = one_line(tess.get("/runs/run_1/?show=people").content)
    assert "0 lines" not in page
    assert "No events of this kind" in page


@pytest.mark.parametrize(
    ("show", "shown", "hidden"),
    [
        (
            "people",
            ["Rina approved", "Asked Rina"],
            ["<strong>Build</strong>", SUSPENDED],
        ),
        ("steps", ["<strong>Build</strong> finished"], ["Rina approved", "Sam started"]),
        ("status", [SUSPENDED, "Sam started the run"], ["Rina approved", "Build</strong>"]),
        ("odd", ["Rina approved", "<strong>Build</strong> finished"], []),
    ],
)
def test_the_log_is_filtered(tess: Client, show: str, shown: list[str], hidden: list[str]) -> None:
    a_run()
    page = one_line(tess.get(f"/runs/run_1/?show={show}").content)
    log = page[page.index('id="run-timeline"') :].split("</section>")[0]
    for words in shown:
        assert words in log
    for words in hidden:
        assert words not in log


def test_only_the_first_event_of_a_whole_log_says_who_started_the_run(tess: Client) -> None:
    begun = run("run_1", workflow="release", started_by="user_sam")
    waits = begun.model_copy(update={"status": RunStatus.SUSPENDED, "updated_at": at(1)})
    resumed = begun.model_copy(update={"updated_at": at(2)})
    tell(event(1, begun), event(2, waits), event(3, resumed), complete_runs=["run_1"])
    log = log_of(tess)
    assert (log.count("Sam started the run"), log.count(QUEUED)) == (1, 1)
    EventRow.objects.filter(seq__lt=3).delete()
    RunRow.objects.update(log_from=3)
    assert "started the run" not in log_of(tess)


def test_a_long_log_comes_in_parts_that_neither_skip_nor_repeat(tess: Client) -> None:
    a_long_run(450)
    page = one_line(tess.get("/runs/run_1/").content)
    assert page.count('id="event-') == 100
    seen = re.findall(r'id="event-(\d+)"', page)
    while older := re.search(r'id="(older-\d+)".*?href="([^"]+)"', page):
        address = older[2].replace("&amp;", "&")
        page = one_line(tess.get(address, headers=part(older[1])).content)
        assert "<html" not in page
        seen += re.findall(r'id="event-(\d+)"', page)
    assert [int(seq) for seq in seen] == list(range(451, 0, -1))


def test_on_an_open_page_new_events_wait_behind_the_bar(tess: Client) -> None:
    a_long_run(150)
    page = tess.get("/runs/run_1/").content.decode()
    here = re.search(r'id="run-body".*?hx-get="([^"]+)"', page, re.DOTALL)
    assert here
    tell(event(500, run("run_1", 600, plan=PLAN, status=RunStatus.RUNNING)))
    again = tess.get(here[1].replace("&amp;", "&"), headers=part("run-body")).content.decode()
    assert shown_events(again) == [*range(151, 51, -1)]
    assert "1 new event" in again
    every = re.search(r'id="new-events".*?hx-get="([^"]+)"', again, re.DOTALL)
    assert every
    again = tess.get(every[1].replace("&amp;", "&"), headers=part("run-body")).content.decode()
    assert shown_events(again) == [500, *range(151, 51, -1)]
    assert "new event" not in again
    assert 'id="older-52"' in again


def test_an_empty_log_fills_by_itself(tess: Client) -> None:
    tell(run("run_1"))
    RunRow.objects.update(log_from=0)
    page = tess.get("/runs/run_1/").content.decode()
    here = re.search(r'id="run-body".*?hx-get="([^"]+)"', page, re.DOTALL)
    assert here
    tell(event(1, run("run_1", 1, status=RunStatus.RUNNING)))
    again = tess.get(here[1].replace("&amp;", "&"), headers=part("run-body")).content.decode()
    assert shown_events(again) == [1]
    assert "new event" not in again


def shown_events(page: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'id="event-(\d+)"', page)]


def test_the_number_of_queries_does_not_grow_with_the_log(tess: Client) -> None:
    a_long_run(3)
    tess.get("/runs/run_1/")
    with CaptureQueriesContext(connection) as few:
        tess.get("/runs/run_1/")
    EventRow.objects.all().delete()
    a_long_run(400)
    with CaptureQueriesContext(connection) as many:
        tess.get("/runs/run_1/")
    assert len(many) == len(few)


@pytest.mark.parametrize("query", ["?before=odd&from=x", "?before=-1", "?show=odd"])
def test_an_odd_part_of_the_log_is_the_newest(tess: Client, query: str) -> None:
    a_run()
    page = tess.get(f"/runs/run_1/{query}").content.decode()
    assert re.findall(r'id="event-(\d+)"', page) == re.findall(
        r'id="event-(\d+)"', tess.get("/runs/run_1/").content.decode()
    )


def test_another_kind_of_events_begins_with_the_newest(tess: Client) -> None:
    a_long_run(150)
    page = tess.get("/runs/run_1/?show=steps&before=100").content.decode()
    assert 'href="/runs/run_1/?show=status#run-timeline"' in page
    assert 'href="/runs/run_1/?show=steps"' in page


def test_a_reviewer_has_no_power_over_the_run(rina: Client) -> None:
    a_run()
    page = rina.get("/runs/run_1/").content.decode()
    for leads in ("cancel-run", "signal-run"):
        assert leads not in page


ACTS = ["/runs/run_1/cancel", "/runs/run_1/signal"]


@pytest.mark.parametrize("path", ACTS)
def test_reviewers_and_strangers_find_no_power_over_a_run(
    rina: Client, mallory: Client, path: str
) -> None:
    a_run()
    for client in (rina, mallory):
        assert client.get(path).status_code == 404
        assert client.post(path, {"typed": "release", "name": "x"}).status_code == 404


@pytest.mark.parametrize("path", ACTS)
def test_a_lead_without_the_permission_finds_none_either(tess: Client, path: str) -> None:
    a_run()
    User.objects.get(username="tess").user_permissions.clear()
    assert tess.get(path).status_code == 404
    assert tess.post(path, {"typed": "release", "name": "x"}).status_code == 404
    page = tess.get("/runs/run_1/").content.decode()
    assert "cancel-run" not in page
    assert "signal-run" not in page


@pytest.mark.parametrize("path", ACTS)
def test_signed_out_they_ask_to_sign_in(people: None, path: str) -> None:
    assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
    assert Client().post(path, {}).status_code == 302


@pytest.mark.parametrize("path", ACTS)
def test_actions_do_not_accept_delete(tess: Client, path: str) -> None:
    assert tess.delete(path).status_code == 405


def test_a_finished_run_offers_no_actions(tess: Client) -> None:
    a_run()
    page = tess.get("/runs/run_1/").content.decode()
    assert "cancel-run" not in page
    assert "There's nothing to cancel" in one_line(tess.get(ACTS[0]).content)
    signal = one_line(tess.get(ACTS[1]).content)
    assert "It can't receive signals any more." in signal
    assert 'name="payload"' not in signal


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "payload": "{}"}, "Enter the signal's name."),
        ({"name": "go", "payload": "[1]"}, "must be an object"),
        ({"name": "go", "payload": '{"a": 1'}, "This isn't valid JSON"),
        ({"name": "go", "payload": '{"a": NaN}'}, "NaN isn't a number"),
        ({"name": "go", "payload": '{"a": 1e999}'}, "the number 1e999 is too large"),
        ({"name": "go", "payload": '{"a": [-1e4000]}'}, "the number -1e4000 is too large"),
        ({"name": "go", "payload": "[" * 5000}, "The payload is nested too deeply"),
        ({"name": "x" * 301, "payload": ""}, "at most 300 characters"),
    ],
)
def test_an_invalid_signal_is_explained_and_its_text_is_kept(
    tess: Client, fields: dict[str, str], words: str
) -> None:
    tell(run("run_1", plan=PLAN))
    answer = tess.post(ACTS[1], fields, headers={**HTMX, "HX-Target": "section#run-act"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in html.unescape(page)
    assert fields["payload"].replace('"', "&quot;") in page
    assert f'value="{fields["name"]}"' in page
    assert "<html" not in page


def described(page: str, id_: str) -> str:
    field = re.search(rf'<(?:input|textarea)[^>]* id="{id_}"[^>]*>', page)
    assert field
    assert 'aria-invalid="true"' in field[0]
    by = re.search(r'aria-describedby="([^"]+)"', field[0])
    assert by
    parts = [re.search(rf'id="{each}".*?</(?:p|div)>', page) for each in by[1].split()]
    return " ".join(part[0] for part in parts if part)


def test_an_error_is_said_with_its_field(tess: Client) -> None:
    tell(run("run_1", plan=PLAN))
    page = one_line(tess.post(ACTS[1], {"name": "", "payload": "[1]"}).content)
    assert "Enter the signal's name." in described(page, "act-name")
    assert "must be an object" in described(page, "act-payload")
    assert re.findall(r'id="([^"]+)"[^>]* autofocus', page) == ["act-name"]
    page = one_line(tess.post(ACTS[1], {"name": "go", "payload": "[1]"}).content)
    assert re.findall(r'id="([^"]+)"[^>]* autofocus', page) == ["act-payload"]
    page = one_line(tess.post(ACTS[0], {"typed": "other"}).content)
    assert "That isn't the workflow's name" in described(page, "act-typed")


def test_inputs_are_left_alone_by_a_reload_until_they_change(tess: Client) -> None:
    def card(**fields: Any) -> str:
        tell(run("run_1", **fields))
        page = one_line(tess.get("/runs/run_1/", headers=part("run-body")).content)
        found = re.search(r'id="(data-[^"]+)" hx-morph-skip> <section', page)
        assert found
        return found[1]

    shown = card(inputs={"password": "one"})
    assert card(minutes=1, inputs={"password": "one"}) == shown
    assert card(minutes=2, inputs={"password": "two"}) != shown


def suspended(desk: Desk) -> str:
    run_id = str(desk.project.start(desk.project.question())["id"])
    told = desk.project.wait_for(run_id, "suspended")
    from inbox.mobius.adapters.guide.run import read_run  # noqa: PLC0415

    tell(read_run(told))
    return run_id


def test_a_run_is_cancelled_from_its_page(desk: Desk) -> None:
    run_id = suspended(desk)
    tess = sign_in("tess")
    wrong = tess.post(f"/runs/{run_id}/cancel", {"typed": "other"})
    assert wrong.status_code == 422
    assert 'value="other"' in wrong.content.decode()
    done = tess.post(f"/runs/{run_id}/cancel", {"typed": "release"})
    assert (done.status_code, done["Location"]) == (303, f"/runs/{run_id}/")
    page = one_line(tess.get(f"/runs/{run_id}/").content)
    assert "was cancelled." in page
    assert "<h2>The run was cancelled</h2>" in page
    assert "The run failed" not in page
    assert 'data-run-status="failed"' in page


def test_with_a_script_the_response_says_where_to_go(desk: Desk) -> None:
    run_id = suspended(desk)
    done = sign_in("tess").post(f"/runs/{run_id}/signal", {"name": "go"}, headers=HTMX)
    assert done["HX-Redirect"] == f"/runs/{run_id}/"


def test_actions_that_mobius_lacks_are_not_offered(tess: Client) -> None:
    tell(run("run_1", plan=PLAN))
    assert "cancel-run" in tess.get("/runs/run_1/").content.decode()
    capabilities.record_no_cancellation(Upstream.current())
    page = tess.get("/runs/run_1/").content.decode()
    assert "cancel-run" not in page
    assert "signal-run" in page


def test_events_that_have_no_state_are_lines_all_the_same(people: None) -> None:
    types = ("run.started", "step.started", "interaction.responded", "step.completed")
    told = [read_event(event_of_b(n, type)) for n, type in enumerate(types, start=1)]
    tell(run("run_1", status=RunStatus.RUNNING), *told, complete_runs=["run_1"])
    page = text_of(sign_in("tess").get("/runs/run_1/").content.decode())
    assert "Gate finished" in page
    assert "Gate started" not in page  # its end is enough
    assert "Interaction responded" in page
