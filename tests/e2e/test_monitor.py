import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, Request, expect

from inbox.web.ui.labels import item_status, run_status
from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import box_of, intercept, layout_shifts, stop_clock, watch_layout_shifts
from tests.support.product import Product, interaction_of, question

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def started(api: httpx.Client, workflow: str, *steps: dict[str, Any], **more: Any) -> str:
    answer = api.post("/runs", json={"spec": {"name": workflow, "steps": list(steps)}, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def asks(message: str, **fields: Any) -> dict[str, Any]:
    return {"name": "ask", "interaction": {"timeout": "2h", **question(message, **fields)}}


SLEEPS = {"name": "nap", "sleep": {"duration": "2h"}}
SIGNALLED = {"name": "documents", "wait_signal": {"topic": "papers"}}


def answer(api: httpx.Client, run_id: str) -> None:
    item = interaction_of(api, run_id)
    said = api.post(f"/interactions/{item['id']}/respond", json={"value": True})
    assert said.status_code == 200, said.text


def rows(page: Page) -> Locator:
    return page.locator("#run-list tbody tr")


def these(*run_ids: str) -> list[re.Pattern[str]]:
    return [re.compile(re.escape(f"#{id_[-5:]}")) for id_ in run_ids]


ALL_THERE = """count => {
  const bar = parseInt(document.getElementById("new-runs")?.textContent ?? "0");
  return document.querySelectorAll("#run-list tbody tr").length + bar >= count;
}"""


def opened(page: Page, address: str, count: int) -> None:
    """The monitor with ``count`` rows. What the mirror hears later stands behind the bar first."""
    page.goto(address)
    page.wait_for_function(ALL_THERE, arg=count)
    if page.locator("#new-runs").count():
        page.locator("#new-runs").click()
    expect(rows(page)).to_have_count(count)


def opened_run(page: Page, run_id: str, more: str = "") -> None:
    opened(page, f"/runs/?q={run_id}", 1)
    page.goto(f"/runs/{run_id}/{more}")


def chosen(page: Page, **choices: str) -> None:
    page.locator("#run-filter-link").click()
    for label, choice in choices.items():
        field = page.locator("#run-filters").get_by_label(label.replace("_", " "), exact=True)
        field.select_option(label=choice)
    page.get_by_role("button", name="Show runs").click()


def is_of(source: str) -> Callable[[Request], bool]:
    return lambda request: request.headers.get("hx-source") == source


def test_rows_change_where_they_stand_and_new_ones_wait_behind_a_bar(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    old = [started(api, "bar-test", asks(f"Bar {n}?")) for n in (1, 2)]
    opened(tess, "/runs/?workflow=bar-test", 2)
    expect(rows(tess)).to_contain_text(these(old[1], old[0]))
    suspended = tess.locator("[data-run-status='suspended']")
    expect(rows(tess).filter(has=suspended)).to_have_count(2)
    place = box_of(rows(tess).first)
    new = [started(api, "bar-test", asks(f"Bar {n}?")) for n in (3, 4)]
    expect(tess.locator("#new-runs")).to_have_text("2 new runs")
    answer(api, old[1])
    expect(tess.locator(f"[data-run-id='{old[1]}'][data-run-status='completed']")).to_be_visible()
    expect(rows(tess)).to_contain_text(these(old[1], old[0]))
    assert box_of(rows(tess).first) == place
    tess.locator("#new-runs").press("Enter")
    expect(rows(tess)).to_contain_text(these(*reversed(new), *reversed(old)))
    expect(tess.locator("#new-runs")).to_have_count(0)
    expect(rows(tess).first.get_by_role("link").first).to_be_focused()


def test_what_changes_while_the_list_is_on_its_way_is_fetched_too(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    tess.clock.install()
    started(api, "meanwhile-test", SLEEPS)
    opened(tess, "/runs/?workflow=meanwhile-test", 1)
    stop_clock(tess)

    def change() -> None:
        tess.evaluate("document.body.dispatchEvent(new CustomEvent('runs'))")
        tess.clock.run_for(1000)

    held = intercept(tess, re.compile(r"/runs/\?"), once=True)
    with tess.expect_request(re.compile(r"/runs/\?")):
        change()
    expect(rows(tess)).to_have_count(1)
    before = held.first().fetch()
    started(api, "meanwhile-test", SLEEPS)
    opened(sign_in("tess"), "/runs/?workflow=meanwhile-test", 2)
    change()
    held.first().fulfill(response=before)
    expect(tess.locator("#new-runs")).to_have_text("1 new run")


@pytest.mark.parametrize("throttled", [False, True])
def test_what_changes_while_new_runs_are_on_their_way_is_fetched_too(
    sign_in: SignIn, api: httpx.Client, throttled: bool
) -> None:
    tess, workflow = sign_in("tess"), f"on-their-way-{throttled}-test"
    address = f"/runs/?workflow={workflow}"
    tess.clock.install()
    started(api, workflow, SLEEPS)
    opened(tess, address, 1)
    started(api, workflow, SLEEPS)
    bar = tess.locator("#new-runs")
    expect(bar).to_have_text("1 new run")
    stop_clock(tess)

    def change() -> None:
        tess.evaluate("document.body.dispatchEvent(new CustomEvent('runs'))")

    tess.clock.run_for(2000)
    if throttled:
        with tess.expect_response(re.compile(r"/runs/\?")):
            change()
    held = intercept(tess, re.compile(r"/runs/\?"), where=is_of("a#new-runs"))
    with tess.expect_request(is_of("a#new-runs")):
        bar.click()
    expect(bar).to_have_class(re.compile("htmx-request"))
    before = held.first().fetch()
    started(api, workflow, SLEEPS)
    opened(sign_in("tess"), address, 3)
    change()
    held.first().fulfill(response=before)
    expect(rows(tess)).to_have_count(2)
    expect(bar).to_have_text("1 new run")


@pytest.mark.parametrize("by_key", [True, False])
@pytest.mark.parametrize(
    ("path", "link"),
    [("/runs/", "#run-filter-link"), ("/runs/", "#list-view-link"), ("run", "#cancel-run")],
)
def test_a_form_in_the_page_closes_and_its_link_has_the_focus(
    sign_in: SignIn, api: httpx.Client, path: str, link: str, by_key: bool
) -> None:
    tess = sign_in("tess")
    if path == "run":
        opened_run(tess, started(api, "closed-form-test", SLEEPS))
    else:
        tess.goto(path)
    address = tess.url
    for _ in range(2):
        tess.locator(link).press("Enter")
        expect(tess.locator("[data-panel] :focus")).to_be_visible()
        if by_key:
            tess.keyboard.press("Escape")
        else:
            tess.locator("[data-panel] [data-key=Escape]").click()
        expect(tess.locator(link)).to_be_focused()
        expect(tess.locator("[data-panel]:visible")).to_have_count(0)
    expect(tess).to_have_url(address)


def test_the_board_counts_as_runs_move(sign_in: SignIn, api: httpx.Client) -> None:
    tess = sign_in("tess")
    run_id = started(api, "board-test", asks("Counted?"))
    opened(tess, "/runs/?workflow=board-test", 1)
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='suspended']")).to_be_visible()
    done = tess.locator("#counter-completed .figure")
    before = done.inner_text()
    answer(api, run_id)
    expect(done).not_to_have_text(before)


def test_it_is_filtered_sorted_and_saved_as_a_view_whose_link_works_elsewhere(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess, again = sign_in("tess"), sign_in("tess")
    sam = {"type": "user", "id": "user_sam"}
    board = {"type": "group", "id": "approvers"}
    runs = {
        "rina": started(api, "view-test", asks("For Rina?"), queue="slow", external_id="order-7"),
        "sam": started(api, "view-test", asks("For Sam?", target=sam)),
        "group": started(api, "view-test", asks("For all?", target=board)),
        "asleep": started(api, "view-test", SLEEPS),
        "done": started(api, "view-test", asks("Soon over?")),
    }
    opened(tess, "/runs/?workflow=view-test", len(runs))
    answer(api, runs["done"])
    completed = run_status("completed").label
    expect(rows(tess).first).to_contain_text(completed)
    tess.goto("/runs/")
    chosen(tess, Workflow="view-test")
    newest = list(reversed(runs.values()))
    expect(rows(tess)).to_contain_text(these(*newest))

    for choice, found in (
        ({"Status": completed}, ["done"]),
        ({"Queue": "slow"}, ["rina"]),
        ({"Waiting_for_person": "Rina"}, ["group", "rina"]),
        ({"Waiting_for_group": "Approvers"}, ["group"]),
        ({"Time_in_status": "over 1 h"}, []),
    ):
        chosen(tess, **choice)
        expect(tess.locator(".filter[aria-current]")).to_have_count(2)
        expect(rows(tess)).to_have_count(len(found))
        expect(rows(tess)).to_contain_text(these(*(runs[name] for name in found)))
        tess.locator(".filter[aria-current]", has_not_text="view-test").click()
        expect(rows(tess)).to_have_count(len(runs))
    tess.get_by_label("Search runs").fill("ORDER-7")
    tess.get_by_label("Search runs").press("Enter")
    expect(rows(tess)).to_contain_text(these(runs["rina"]))
    expect(rows(tess)).to_contain_text(["order-7"])
    tess.locator(".filter[aria-current]", has_text="ORDER-7").click()
    expect(rows(tess)).to_have_count(len(runs))

    chosen(tess, Status=run_status("suspended").label)
    tess.locator("summary", has_text="Newest first").click()
    tess.get_by_role("link", name="Oldest first").click()
    listed = these(runs["rina"], runs["sam"], runs["group"], runs["asleep"])
    expect(rows(tess)).to_contain_text(listed)
    tess.get_by_role("link", name="Save view").click()
    tess.get_by_label("Name").fill("Held up, eldest")
    tess.get_by_role("button", name="Save", exact=True).click()
    expect(tess.get_by_role("heading", level=1)).to_have_text("Held up, eldest")
    again.goto(tess.url)
    expect(again.get_by_role("heading", level=1)).to_have_text("Held up, eldest")
    expect(rows(again)).to_contain_text(listed)
    again.goto("/inbox/")
    again.locator(".rail").get_by_role("link", name="Held up, eldest").click()
    expect(rows(again)).to_contain_text(listed)


def test_pages_follow_each_other_by_cursor(sign_in: SignIn, api: httpx.Client) -> None:
    tess = sign_in("tess")
    runs = [started(api, "page-test", SLEEPS) for _ in range(53)]
    opened(tess, f"/runs/?q={runs[-1]}", 1)
    tess.goto("/runs/?workflow=page-test")
    expect(rows(tess)).to_have_count(50)
    later = started(api, "page-test", SLEEPS)
    expect(tess.locator("#new-runs")).to_have_text("1 new run")
    tess.get_by_role("link", name="Next 50").click()
    expect(rows(tess)).to_contain_text(these(runs[2], runs[1], runs[0]))
    expect(rows(tess)).to_have_count(3)
    tess.get_by_role("link", name="First 50").click()
    expect(rows(tess).first).to_contain_text(f"#{later[-5:]}")


def test_how_long_a_young_run_has_waited_counts_every_second(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    tess.clock.install()
    opened_run(tess, started(api, "count-test", SIGNALLED))
    waiting, elapsed = (
        tess.locator("#run-live [data-since]"),
        tess.locator("#run-started [data-for]"),
    )
    expect(waiting).to_contain_text("waiting")
    stop_clock(tess)

    def seconds() -> list[int]:
        return [int(re.sub(r"\D", "", text.inner_text())) for text in (waiting, elapsed)]

    before = seconds()
    for passed in (1, 2, 3):
        tess.clock.run_for(1000)
        assert seconds() == [count + passed for count in before]


def test_a_run_is_cancelled_by_typing_its_workflows_name(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess, rina = sign_in("tess"), sign_in("rina")
    run_id = started(api, "cancel-test", asks("Never answered?"))
    asked = arrived(rina, "Never answered?")
    expect(asked).to_be_visible()
    opened_run(tess, run_id)
    tess.get_by_role("link", name="Cancel run").click()
    field = tess.get_by_label("Type cancel-test to confirm")
    field.fill("cancel")
    tess.get_by_role("button", name="Cancel run").click()
    expect(tess.get_by_role("main").get_by_role("alert")).to_contain_text(
        "That isn't the workflow's name"
    )
    expect(field).to_have_value("cancel")
    expect(asked).to_be_visible()
    field.fill("cancel-test")
    tess.get_by_role("button", name="Cancel run").click()
    expect(tess.locator("#toasts")).to_contain_text("was cancelled")
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='failed']")).to_be_visible()
    expect(asked).to_contain_text(item_status("cancelled").label)
    tess.goto("/decisions/?q=cancel-test")
    expect(tess.locator("main tbody")).to_contain_text("Cancelled")


def test_cancelling_a_run_that_has_just_ended_is_reported_without_an_error(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    run_id = started(api, "late-test", asks("Just in time?"))
    opened_run(tess, run_id, "cancel")
    watching = tess.context.new_page()
    watching.goto(f"/runs/{run_id}/")
    answer(api, run_id)
    completed = f"[data-run-id='{run_id}'][data-run-status='completed']"
    expect(watching.locator(completed)).to_be_visible()
    tess.get_by_label("Type late-test to confirm").fill("late-test")
    tess.get_by_role("button", name="Cancel run").click()
    expect(tess.locator("#toasts")).to_contain_text("had already completed. Nothing was cancelled.")
    expect(tess.locator(completed)).to_be_visible()
    tess.goto("/decisions/?q=late-test")
    expect(tess.locator("main tbody")).not_to_contain_text("Cancelled")


def test_a_run_that_ends_before_the_leads_eyes_takes_its_buttons_along(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    run_id = started(api, "ends-test", asks("The last one?"))
    opened_run(tess, run_id)
    buttons = tess.get_by_role("link", name=re.compile("^(Cancel run|Send signal)$"))
    expect(buttons).to_have_count(2)
    expect(tess.locator("#run-started")).to_contain_text("elapsed")
    answer(api, run_id)
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='completed']")).to_be_visible()
    expect(buttons).to_have_count(0)
    expect(tess.locator("#run-started")).to_contain_text("took ")


def test_new_events_of_an_open_run_wait_behind_the_bar_and_move_nothing(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    run_id = started(api, "calm-test", SIGNALLED, SLEEPS)
    opened_run(tess, run_id)
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='suspended']")).to_be_visible()
    # Events wait only once the whole log has been read; until then it fills by itself.
    expect(tess.locator("#run-body")).to_have_attribute("hx-get", re.compile("until="))
    tess.reload()
    log = tess.locator("#run-timeline")
    watch_layout_shifts(tess)
    api.post(f"/runs/{run_id}/signals", json={"name": "papers"}).raise_for_status()
    expect(log.get_by_role("status")).to_contain_text("new event")
    expect(log).not_to_contain_text("Documents finished")
    expect(tess.locator(".track .now")).to_contain_text("nap", ignore_case=True)
    assert layout_shifts(tess, "body") == []
    tess.keyboard.press("n")
    expect(log).to_contain_text("Documents finished")
    expect(log.get_by_role("status")).to_have_text("Newest first")


def test_new_events_stay_shown_when_the_run_was_reloading_as_they_were_asked_for(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    run_id = started(api, "stay-test", SIGNALLED, SLEEPS)
    opened_run(tess, run_id)
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='suspended']")).to_be_visible()
    expect(tess.locator("#run-body")).to_have_attribute("hx-get", re.compile("until="))
    tess.reload()
    api.post(f"/runs/{run_id}/signals", json={"name": "papers"}).raise_for_status()
    log = tess.locator("#run-timeline")
    expect(log.get_by_role("status")).to_contain_text("new event")
    is_of_body = is_of("div#run-body")
    # The page may be reloading by itself, which does as well.
    with tess.expect_request(is_of_body):
        intercept(tess, re.compile(f"/runs/{run_id}/"), where=is_of_body, once=True)
        tess.evaluate("document.body.dispatchEvent(new CustomEvent('item'))")
    with tess.expect_event("requestfailed", is_of_body):
        tess.locator("#new-events").press("Enter")
    expect(log).to_contain_text("Documents finished")
    expect(log.get_by_role("status")).to_have_text("Newest first")
    expect(log.get_by_role("heading")).to_be_focused()


def test_what_a_lead_has_opened_stays_open_when_the_run_goes_on(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess = sign_in("tess")
    inputs = {"plan": {"stages": [{"name": f"stage {n}"} for n in range(15)]}}
    run_id = started(api, "open-test", SIGNALLED, SLEEPS, inputs=inputs)
    opened_run(tess, run_id)
    expect(tess.locator("#run-body")).to_have_attribute("hx-get", re.compile("until="))
    tess.reload()
    plan = tess.locator("#run-body").get_by_role("searchbox")
    plan.fill("stage 7")
    found = tess.locator("#run-body").get_by_text('"stage 7"')
    expect(found).to_be_visible()
    api.post(f"/runs/{run_id}/signals", json={"name": "papers"}).raise_for_status()
    expect(tess.locator("#run-timeline").get_by_role("status")).to_contain_text("new event")
    expect(plan).to_have_value("stage 7")
    expect(found).to_be_visible()


def test_a_signals_payload_is_checked_as_it_is_typed(sign_in: SignIn, api: httpx.Client) -> None:
    tess = sign_in("tess")
    run_id = started(api, "signal-test", SIGNALLED)
    opened_run(tess, run_id)
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='suspended']")).to_be_visible()
    tess.get_by_role("link", name="Send signal").click()
    expect(tess.locator("#act-name-help")).to_contain_text("The run is waiting for papers.")
    tess.get_by_label("Name").fill("papers")
    payload, said = tess.get_by_label("Payload"), tess.locator("#act-payload-said")
    for typed, words in (
        ('{"pages": ', "This isn't valid JSON yet"),
        ("[3]", "The payload must be an object"),
        ('{"pages": 3}', "A JSON object. Keys: 1."),
    ):
        payload.fill("")
        payload.press_sequentially(typed)
        expect(said).to_contain_text(words)
    payload.press("End")
    payload.press("!")
    tess.get_by_role("button", name="Send signal").click()
    expect(said).to_contain_text("Check line 1, character 13.")
    expect(payload).to_be_focused()
    tess.wait_for_timeout(300)
    expect(said).to_contain_text("Check line 1, character 13.")
    payload.press("Backspace")
    expect(said).to_contain_text("A JSON object. Keys: 1.")
    tess.get_by_role("button", name="Send signal").click()
    expect(tess.locator("#toasts")).to_contain_text("was sent to")
    expect(tess.locator(f"[data-run-id='{run_id}'][data-run-status='completed']")).to_be_visible()
    tess.goto("/decisions/?q=signal-test")
    expect(tess.locator("main tbody")).to_contain_text("Signalled")


def test_a_nudge_is_noticed_read_and_can_be_sent_again_after_an_hour(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    # Only the nudge is counted.
    for kind in ("asked", "reminder", "expired"):
        product.manage("set_notifications", "rina", kind, "bell", "off")
    tess, rina = sign_in("tess"), sign_in("rina")
    rina.goto("/notifications/")
    if rina.get_by_role("button", name="Mark all as read").is_visible():
        rina.get_by_role("button", name="Mark all as read").click()
    count = rina.locator("#count-notices")
    expect(count).to_have_text("")
    started(api, "nudge-test", asks("Nudged about?"))
    tess.goto("/runs/blocked/?q=Nudged+about")
    button = tess.get_by_role("button", name="Nudge Rina")
    expect(button).to_be_visible()
    place = tess.locator("main [data-nudge]")
    before = box_of(place)
    button.press("Enter")
    expect(tess.locator("main .nudged")).to_contain_text("Nudged")
    expect(count).to_contain_text("1")
    expect(tess.locator("#nudges-today")).to_be_visible()
    expect(place).to_be_focused()
    after = box_of(place)
    assert after["width"] == before["width"]
    notice = rina.locator("#notice-list li", has_text="Nudged about?")
    expect(notice).to_contain_text("Unread.")
    notice.get_by_role("button", name="Mark as read").click()
    expect(notice).to_contain_text("Read")
    expect(count).to_have_text("")
    expect(tess.locator("#nudges-today")).to_contain_text("Read at")
    expect(button).to_have_count(0)

    def nudged(minutes: int) -> None:
        earlier = (
            "from datetime import timedelta; from django.utils import timezone;"
            "from inbox.models import Notice;"
            f"Notice.objects.update(at=timezone.now() - timedelta(minutes={minutes}))"
        )
        product.manage("shell", "--no-imports", "-c", earlier)

    nudged(55)
    tess.clock.install()
    tess.reload()
    expect(tess.locator("main .nudged")).to_contain_text("Nudged")
    nudged(61)
    tess.clock.fast_forward("06:00")
    expect(button).to_be_visible()
    button.click()
    expect(count).to_contain_text("1")
    expect(notice).to_contain_text("nudged you 2 times")
    notice.get_by_role("button", name="Mark as read").click()
    expect(count).to_have_text("")


def test_a_phone_leads_to_every_page_of_a_lead(sign_in: SignIn) -> None:
    tess = sign_in("tess", **PHONE)
    tabs = tess.get_by_role("navigation", name="Tab bar")
    tabs.locator("summary").tap()
    for name in ("Blocked", "Insights", "Decisions", "Account"):
        tabs.get_by_role("link", name=name).tap()
        expect(tess.get_by_role("heading", level=1)).to_contain_text(name)
        tabs.locator("summary").tap()
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    rina = sign_in("rina", **PHONE)
    tabs = rina.get_by_role("navigation", name="Tab bar")
    expect(tabs.get_by_role("link")).to_have_count(6)
    expect(tabs.locator("summary")).to_have_count(0)
