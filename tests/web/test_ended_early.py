"""A cancelled run, and a question that a signal bypassed: every page says so, and by whom."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client

from inbox.mobius.types import InteractionStatus
from inbox.models import Decision, Interaction, Run
from inbox.web.ui.labels import item_status, run_status
from tests.support.desk import Desk
from tests.support.snapshots import ask, at, event, run
from tests.web.cast import sign_in, tell
from tests.web.test_run_page_of_lead import PLAN

OUTSIDE = "outside this app"


def words(client: Client, path: str, **query: str) -> str:
    page = client.get(path, query)
    assert page.status_code == 200
    text = re.sub(r"<(script|style|title).*?</\1>|<[^>]*>", " ", page.content.decode(), flags=re.S)
    return " ".join(text.replace("&quot;", '"').split())


def started(desk: Desk, *names: str) -> tuple[str, Interaction]:
    steps = [desk.project.question(name) for name in names or ("ask",)]
    run_id = str(desk.project.start(*steps)["id"])
    question = desk.read(desk.project.pending(run_id)["id"])
    desk.tell_run(run_id)
    return run_id, question


def read_again(desk: Desk, run_id: str, question: Interaction) -> Interaction:
    desk.tell_run(run_id)
    return desk.read(question.mobius_id)


def figures(key: str) -> list[dict[str, str]]:
    answer = sign_in("tess").get(f"/insights/{key}.csv", {"span": "7"})
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def counted() -> dict[str, int]:
    days = figures("flow")
    names = ("expired", "cancelled", "bypassed")
    return {name: sum(int(day[name]) for day in days) for name in names}


def test_a_question_that_was_cancelled_in_mobius_says_so(people: None) -> None:
    tell(ask(), ask(minutes=5, status=InteractionStatus.CANCELLED))
    rina = sign_in("rina")
    assert "This was cancelled" in words(rina, "/interactions/int_1/")
    assert "Ship it?" in words(rina, "/inbox/", scope="done")


def test_a_question_of_a_cancelled_run_never_expired(desk: Desk) -> None:
    run_id, question = started(desk)
    tess, rina = sign_in("tess"), sign_in("rina")
    assert tess.post(f"/runs/{run_id}/cancel", {"typed": "release"}).status_code == 303
    question = desk.read(question.mobius_id)
    assert (question.status, question.state) == ("expired", "cancelled")

    path = f"/interactions/{question.mobius_id}/"
    shown = words(rina, path)
    assert "This was cancelled just now. It can no longer be answered." in shown
    assert "Tess cancelled the run" in shown
    assert "xpired" not in shown
    assert "/decisions/" not in rina.get(path).content.decode()
    done = words(rina, "/inbox/", scope="done")
    assert item_status("cancelled").label in done
    assert "xpired" not in done.replace("what expires or is", "")
    assert counted() == {"expired": 0, "cancelled": 1, "bypassed": 0}
    assert {row["outcome"] for row in figures("endings")} >= {"cancelled"}


def test_the_name_of_the_canceller_links_to_the_decision(desk: Desk) -> None:
    run_id, question = started(desk)
    tess = sign_in("tess")
    tess.post(f"/runs/{run_id}/cancel", {"typed": "release"})
    desk.read(question.mobius_id)
    number = Decision.objects.get(verb="run_cancelled").number
    for path in (f"/interactions/{question.mobius_id}/", f"/runs/{run_id}/", "/runs/"):
        page = tess.get(path).content.decode()
        assert f'href="/decisions/{number}/">You cancelled the run</a>' in page, path


def test_a_run_that_was_cancelled_elsewhere_says_so(desk: Desk) -> None:
    run_id, question = started(desk)
    desk.project.http.post(f"runs/{run_id}/cancellations")
    read_again(desk, run_id, question)
    tess = sign_in("tess")
    for path in (f"/interactions/{question.mobius_id}/", f"/runs/{run_id}/", "/runs/"):
        stop = "" if path == "/runs/" else "."
        assert f"The run was cancelled {OUTSIDE}{stop}" in words(tess, path), path
    assert "The run failed" not in words(tess, f"/runs/{run_id}/")


def test_a_question_that_a_signal_bypassed_says_so_and_who_sent_it(desk: Desk) -> None:
    run_id, question = started(desk, "first", "second")
    tess = sign_in("tess")
    sent = tess.post(f"/runs/{run_id}/signal", {"name": question.signal_name, "payload": "{}"})
    assert sent.status_code == 303
    second = desk.project.pending(run_id)
    question = read_again(desk, run_id, question)
    assert question.state == "bypassed"
    desk.read(second["id"])
    desk.project.http.post(f"runs/{run_id}/cancellations")
    desk.tell_run(run_id)
    assert desk.read(second["id"]).state == "cancelled"
    assert desk.read(question.mobius_id).state == "bypassed"

    number = Decision.objects.get(verb="run_signalled").number
    for path in (f"/interactions/{question.mobius_id}/", f"/runs/{run_id}/"):
        page = tess.get(path).content.decode()
        link = f'href="/decisions/{number}/">You sent a signal that bypassed the question</a>'
        assert link in page, path
        shown = words(tess, path)
        assert re.search(r"This was bypassed by a signal (just now|\d+ s ago)\.", shown)
    for show in ("", "people"):
        log = words(tess, f"/runs/{run_id}/", show=show).partition("What happened")[2]
        assert log.count(f"You sent the signal “{question.signal_name}”") == 2, "log and card"
    assert item_status("bypassed").label in words(sign_in("rina"), "/inbox/", scope="done")
    assert counted() == {"expired": 0, "cancelled": 1, "bypassed": 1}


def test_a_signal_from_elsewhere_is_not_a_reviewers_doing(desk: Desk) -> None:
    run_id, question = started(desk, "first", "second")
    desk.project.http.post(f"runs/{run_id}/signals", json={"name": question.signal_name})
    desk.project.pending(run_id)
    read_again(desk, run_id, question)
    shown = words(sign_in("rina"), f"/interactions/{question.mobius_id}/")
    assert f"Bypassed by a signal sent {OUTSIDE}" in shown
    assert "xpired" not in shown


def test_the_history_places_the_end_where_upstream_has_it(desk: Desk) -> None:
    run_id, question = started(desk)
    desk.project.http.post(f"runs/{run_id}/cancellations")
    question = read_again(desk, run_id, question)
    page = sign_in("rina").get(f"/interactions/{question.mobius_id}/").content.decode()
    history = page[page.index('id="history"') :]
    assert question.expires_at is not None
    assert question.expires_at - question.updated_at > timedelta(minutes=50)
    moments = re.findall(r'<time class="meta" datetime="([^"]+)"', history)
    assert max(moments)[:19] == question.updated_at.isoformat()[:19]


@pytest.mark.usefixtures("synced")
def test_the_monitor_distinguishes_cancelled_from_failed_and_filters_by_it(tess: Client) -> None:
    tell(
        run("run_1", 5, status="failed", error_type="run_cancelled", completed_at=at(5)),
        run("run_2", 5, status="failed", error_type="step_failed", completed_at=at(5)),
    )

    def listed(**query: str) -> set[str]:
        return set(re.findall(r'<tr[^>]* data-run-id="(run_\d)"', page(**query)))

    def page(**query: str) -> str:
        return " ".join(tess.get("/runs/", query).content.decode().split())

    assert listed(status="cancelled") == listed(status="cancelled", q="release") == {"run_1"}
    assert listed(status="failed") == listed(status="failed", q="release") == {"run_2"}
    assert re.search(r'id="counter-cancelled".*?<span class="figure">1', page())
    assert re.search(r'id="counter-failed".*?<span class="figure">1', page())
    assert 'data-run-status="failed" data-run-id="run_1"' in page()
    assert f'<option value="cancelled">{run_status("cancelled").label}</option>' in " ".join(
        tess.get("/runs/filters/").content.decode().split()
    )


def test_a_reviewers_list_of_runs_filters_by_it(rina: Client, synced: None) -> None:
    tell(
        run("run_1", 5, status="failed", error_type="run_cancelled", completed_at=at(5)),
        ask("int_1", 5, run_id="run_1", status="expired", expires_at=at(60)),
    )
    assert run_status("cancelled").label in words(rina, "/runs/", status="cancelled")
    assert "No matching runs" in words(rina, "/runs/", status="failed")


def test_the_log_says_it_too(tess: Client) -> None:
    question = ask("int_1", 1, run_id="run_1", expires_at=at(60))
    over = {"status": "failed", "error_type": "run_cancelled", "error_message": "Stopped."}
    tell(
        event(1, run("run_1", plan=PLAN)),
        event(2, question, "interaction_created"),
        event(
            3,
            ask("int_1", 5, run_id="run_1", status="expired", expires_at=at(60)),
            "interaction_expired",
        ),
        event(4, run("run_1", 5, plan=PLAN, completed_at=at(5), **over)),
        event(5, run("run_1", 6, plan=PLAN, completed_at=at(5), **over)),
        complete_runs=["run_1"],
    )
    Run.objects.update(log_from=0)
    page = words(tess, "/runs/run_1/")
    assert "The question was cancelled" in page
    for show in ("", "people"):
        log = tess.get("/runs/run_1/", {"show": show}).content.decode()
        line = log[log.index('id="event-4"') :].partition("</li>")[0]
        assert f"The run was cancelled {OUTSIDE}" in line
    assert "expired unanswered" not in page
    assert run_status("failed").label not in page[page.index("The run was cancelled") :]


def test_the_log_of_a_reviewer_says_who_bypassed_the_own_question(rina: Client) -> None:
    question = ask("int_1", 1, run_id="run_1", expires_at=at(60))
    over = ask("int_1", 5, run_id="run_1", status="expired", expires_at=at(60))
    tell(
        event(1, run("run_1", plan=PLAN)),
        event(2, question, "interaction_created"),
        event(3, over, "interaction_expired"),
        complete_runs=["run_1"],
    )
    log = words(rina, "/runs/run_1/").partition("What happened")[2]
    assert f"Bypassed by a signal sent {OUTSIDE}" in log


@pytest.mark.parametrize("error_type", ["run_timeout", "step_failed"])
def test_a_run_that_ended_by_itself_was_not_cancelled(rina: Client, error_type: str) -> None:
    tell(
        run("run_1", 5, status="failed", error_type=error_type, completed_at=at(5)),
        ask("int_1", 5, run_id="run_1", status="expired", expires_at=at(60)),
    )
    shown = words(rina, "/interactions/int_1/")
    assert "Closed when the run ended" in shown
    assert "cancelled the run" not in shown
    assert OUTSIDE not in shown
