import os
import re
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Event

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.e2e import arrivals
from tests.e2e.arrivals import arrived
from tests.e2e.axe import violations
from tests.e2e.conftest import Choose, SignIn
from tests.e2e.test_kills import await_form
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.pages import (
    GUARD_MS,
    HINT,
    approve,
    box_of,
    intercept,
    press,
    presses,
    read_again,
    stop_clock,
    wait_for_paint,
)
from tests.support.product import Product, answered, ask, interaction_of

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def ask_lee(api: httpx.Client, message: str, **fields: object) -> str:
    return ask(api, message, target={"type": "user", "id": "user_lee"}, **fields)


def open_item(page: Page, message: str) -> None:
    arrivals.open_item(page, message)
    page.wait_for_timeout(GUARD_MS + 20)


def status_of(api: httpx.Client, run_id: str) -> str:
    return str(interaction_of(api, run_id)["status"])


def test_the_key_a_answers_and_the_key_z_takes_it_back(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    run_id = ask_lee(api, "Undone by key?")
    ask_lee(api, "The one after it?")
    open_item(page, "The one after it?")
    open_item(page, "Undone by key?")
    page.get_by_label("Comment").fill("On second thoughts")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text(re.compile(r"Approving in \d+ s"))
    expect(page.get_by_role("heading", name="Undone by key?", level=1)).to_have_count(0)
    row = page.locator(".row", has_text="Undone by key?")
    expect(row).to_contain_text(re.compile(r"Approving in \d+ s"))
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text(
        "Undone. Your answer to “Undone by key?” wasn't sent."
    )
    expect(page.get_by_role("heading", name="Undone by key?")).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("On second thoughts")
    expect(page.locator("#held-answers")).not_to_contain_text("Undone by key?")
    expect(row).not_to_contain_text("Approving")
    assert status_of(api, run_id) == "pending"


def test_after_the_last_answer_the_page_says_that_nothing_is_left(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    for number in (1, 2):
        ask_lee(api, f"Zinnias, {number}?")
    expect(arrived(page, "Zinnias, 2?")).to_be_visible()
    page.goto("/inbox/?q=zinnias")
    pane = page.locator("#detail [data-select] h2")
    expect(pane).to_have_text("Select a question", use_inner_text=True)
    open_item(page, "Zinnias, 1?")
    page.keyboard.press("a")
    expect(page.locator("#question")).to_have_text("Zinnias, 2?")
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("a")
    expect(pane).to_have_text("No matching questions are left", use_inner_text=True)
    ask_lee(api, "Zinnias, 3?")
    expect(page.locator("#show-arrivals")).to_have_text("1 new")
    expect(pane).to_have_text("Select a question", use_inner_text=True)


def test_an_undo_that_failed_says_what_and_no_more_once_the_answer_is_known_to_wait(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    failing = Event()
    # Chromium may let the first requests pass after a page has got a route, so it has it early.
    page.route(
        re.compile("/undo$|/held/"),
        lambda route: (
            route.fulfill(body="<h1>A proxy</h1>", content_type="text/html")
            if failing.is_set()
            else route.continue_()
        ),
    )
    run_id = ask_lee(api, "Undone in a tunnel?")
    open_item(page, "Undone in a tunnel?")
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text("Undone in a tunnel?")
    failing.set()
    page.keyboard.press("z")
    notice = page.locator("#request-status")
    expect(notice).to_contain_text("We couldn't confirm that your answer was undone.")
    press(notice.get_by_role("button", name="Check the question"))
    expect(page.get_by_role("heading", name="Undone in a tunnel?", level=1)).to_be_visible()
    expect(page.locator("#held-answer")).to_contain_text("Nothing has been sent yet.")
    expect(notice.locator(".notice")).to_have_count(0)
    page.keyboard.press("z")
    expect(notice).to_contain_text("We couldn't confirm that your answer was undone.")
    failing.clear()
    expect(notice.locator(".notice")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    assert status_of(api, run_id) == "pending"


def test_each_press_of_z_undoes_the_newest_answer_also_while_one_is_on_its_way(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    runs = [ask_lee(api, f"Taken back {name}?") for name in ("one", "two", "three")]
    bar, title = page.locator("#held-answers"), page.locator("#question")
    for name in ("one", "two"):
        open_item(page, f"Taken back {name}?")
        page.keyboard.press("a")
        expect(bar).to_contain_text(f"Taken back {name}?")
        expect(title).not_to_have_text(f"Taken back {name}?")
    open_item(page, "Taken back three?")
    sent = intercept(page, "**/respond")
    with page.expect_request("**/respond"):
        page.keyboard.press("a")
    page.keyboard.press("z")
    page.keyboard.press("z")
    sent.first().continue_()
    expect(title).to_have_text("Taken back two?")
    expect(bar).to_contain_text("Taken back one?")
    page.keyboard.press("z")
    expect(title).to_have_text("Taken back one?")
    expect(bar.locator(".toast")).to_have_count(0)
    # What is typed now has nothing left to take back.
    page.keyboard.press("b")
    read_again(page)
    expect(page.locator("#toasts")).to_contain_text("Your answer to “Taken back one?” wasn't sent.")
    assert [status_of(api, run_id) for run_id in runs] == ["pending"] * 3


def test_z_undoes_what_was_done_last(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    for name in ("answered", "snoozed"):
        ask_lee(api, f"First {name}?", timeout="3h")
    open_item(page, "First answered?")
    page.keyboard.press("a")
    bar = page.locator("#held-answers")
    expect(bar).to_contain_text("First answered?")
    open_item(page, "First snoozed?")
    page.keyboard.press("h")
    page.locator("#snooze .option").first.click()
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("“First snoozed?” · Snoozed until")
    key = bar.locator("kbd")
    expect(key).not_to_be_visible()
    page.keyboard.press("z")
    expect(toast).to_contain_text("Back in your inbox")
    expect(page.locator("#question")).to_have_text("First snoozed?")
    expect(bar).to_contain_text("First answered?")
    expect(key).to_be_visible()
    page.keyboard.press("z")
    expect(toast).to_contain_text("Your answer to “First answered?” wasn't sent.")


def test_the_bar_goes_from_a_page_without_a_stream_once_the_answer_is_sent(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing(seconds=5)
    run_id = ask_lee(api, "Sent meanwhile?")
    open_item(page, "Sent meanwhile?")
    page.keyboard.press("a")
    bar = page.locator("#held-answers section")
    expect(bar).to_contain_text("Sent meanwhile?")
    page.goto("/account/")
    expect(bar).to_contain_text("Sent meanwhile?")
    expect(bar).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] is True


def test_every_tab_counts_down_and_can_undo(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    run_id = ask_lee(api, "Seen in both tabs?")
    open_item(page, "Seen in both tabs?")
    other, runs = page.context.new_page(), page.context.new_page()
    other.goto(page.url)
    runs.goto("/runs/")
    expect(other.locator("#freshness")).to_have_text("Live")
    expect(runs.locator("#freshness")).to_have_text("Live")
    page.keyboard.press("a")
    expect(other.locator("#held-answer")).to_contain_text(re.compile(r"Approving in \d+ s"))
    expect(other.locator("#answer")).to_have_count(0)
    expect(runs.locator("#held-answers")).to_contain_text("Seen in both tabs?")
    first = other.locator("#held-answer time").inner_text()
    expect(other.locator("#held-answer time")).not_to_have_text(first)
    runs.locator("#held-answers").get_by_role("button", name="Undo").click()
    expect(runs.get_by_role("heading", name="Seen in both tabs?")).to_be_visible()
    expect(other.locator("#answer")).to_be_visible()
    expect(page.locator("#held-answers")).not_to_contain_text("Seen in both tabs?")
    assert status_of(api, run_id) == "pending"


def test_an_answer_refused_in_a_preview_leaves_the_stream_and_no_older_message(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    run_id = ask_lee(api, "Refused in the preview?")
    arrived(page, "Refused in the preview?").wait_for()
    page.goto("/inbox/?q=refused+in+the+preview")
    expect(page.locator("#freshness")).to_have_text("Live")
    page.keyboard.press("j")
    expect(page.locator("#detail[data-preview]")).to_contain_text("Refused in the preview?")
    page.keyboard.press("u")
    expect(page.locator("#toasts [data-toast]")).to_have_count(1)
    page.wait_for_timeout(GUARD_MS + 20)
    # Someone else answers, and the page doesn't know yet.
    item = interaction_of(api, run_id)["id"]
    page.route("**/inbox/changes/*", lambda route: None)
    page.route(f"**/interactions/{item}/?*", lambda route: None)
    api.post(f"/interactions/{item}/respond", json={"value": True}).raise_for_status()
    reader = page.context.new_page()
    reader.goto(f"/interactions/{item}/")
    expect(reader.locator("#answer")).to_have_count(0)
    reader.close()
    streams: list[str] = []
    page.on(
        "request", lambda request: streams.append(request.url) if "/live/" in request.url else None
    )
    page.keyboard.press("a")
    expect(page.locator("#detail")).to_contain_text("Your answer wasn't sent")
    expect(page.locator("#toasts [data-toast]")).to_have_count(0)
    expect(page.locator("#freshness")).to_have_text("Live")
    assert streams == []


HIDDEN = """() => {
  let hidden = true;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.show = () => {
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}"""
"""As in a tab that was opened in the background."""


def test_tabs_opened_in_the_background_leave_the_connections_to_others(sign_in: SignIn) -> None:
    page = sign_in("rina")
    for _ in range(7):
        tab = page.context.new_page()
        tab.add_init_script(f"({HIDDEN})()")
        tab.goto("/inbox/")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    with tab.expect_request("**/live/**"):
        tab.evaluate("show()")


def test_a_stream_that_a_swap_opens_again_goes_on_where_it_was(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    page.clock.install()
    ask_lee(api, "Opened again by a swap?")
    open_item(page, "Opened again by a swap?")
    expect(page.locator("#freshness")).to_have_text("Live")
    streams: list[Request] = []
    page.on("request", lambda request: streams.append(request) if "/live/" in request.url else None)
    with page.expect_request("**/live/**"):
        page.evaluate("document.getElementById('detail').setAttribute('hx-headers', '{}')")
        page.evaluate("document.body.dispatchEvent(new CustomEvent('item'))")
    expect(page.locator("#freshness")).to_have_text("Live")
    # By now htmx would have opened the former one as well.
    page.clock.fast_forward(5000)
    page.evaluate("fetch('/healthz').then((response) => response.text())")
    (stream,) = streams
    assert stream.header_value("Last-Event-ID")


def test_on_a_phone_it_asks_first_as_well(undoing: Choose, api: httpx.Client) -> None:
    page = undoing(**PHONE)
    run_id = ask_lee(api, "Answered by a thumb?")
    arrived(page, "Answered by a thumb?").tap()
    approve(page)
    expect(page.locator("#held-answers")).to_contain_text(re.compile(r"Approving in \d+ s"))
    page.locator("#held-answers").get_by_role("button", name="Undo").tap()
    expect(page.get_by_role("heading", name="Answered by a thumb?")).to_be_visible()
    assert status_of(api, run_id) == "pending"


def test_on_a_phone_the_bar_names_the_question_and_covers_nothing_of_the_next(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing(**PHONE)
    titles = [
        f"Refunded by a thumb, {amount}, to a customer with a very long name?"
        for amount in ("€4,180.00", "€99.00", "€7.00")
    ]
    for title in titles:
        ask_lee(api, title, timeout="20m")
    page.goto("/inbox/?q=refunded+by+a+thumb")
    arrived(page, titles[2]).wait_for()
    arrived(page, titles[0]).click()
    bar = page.locator("#held-answers .toast")
    for title, following in pairwise(titles):
        approve(page)
        expect(page.locator("#question")).to_have_text(following)
        name = bar.get_by_role("link")
        expect(name).to_have_text(title)
        assert box_of(name)["width"] > 100
        time, undo = bar.locator("time"), bar.get_by_role("button", name="Undo")
        expect(time).to_be_in_viewport(ratio=1)
        expect(undo).to_be_in_viewport(ratio=1)
        assert box_of(time)["x"] + box_of(time)["width"] <= box_of(undo)["x"]
        box = box_of(bar)
        assert box["y"] + box["height"] <= box_of(page.locator(".detail-scroll > header"))["y"]
    expect(bar).to_contain_text("1 earlier answer is waiting")
    count = bar.get_by_text("1 earlier answer is waiting")
    expect(count).to_be_in_viewport(ratio=1)
    assert box_of(count)["x"] + box_of(count)["width"] <= box_of(undo)["x"]


def test_on_a_phone_an_answer_that_could_not_be_sent_is_named_beside_the_next_question(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing(seconds=10, **PHONE)
    run_id = ask_lee(api, "Cancelled under the thumb, one?", timeout="20m")
    ask_lee(api, "Cancelled under the thumb, two?", timeout="30m")
    page.goto("/inbox/?q=cancelled+under+the+thumb")
    arrived(page, "Cancelled under the thumb, two?").wait_for()
    arrived(page, "Cancelled under the thumb, one?").click()
    approve(page)
    expect(page.locator("#question")).to_have_text("Cancelled under the thumb, two?")
    api.post(f"/runs/{run_id}/cancellations").raise_for_status()
    said = "Cancelled under the thumb, one? · Your answer wasn't sent. The question closed before"
    expect(page.locator("#toasts")).to_contain_text(said)
    page.locator("#toasts").get_by_role("button", name="Dismiss").click()
    expect(page.locator("#main")).to_be_focused()
    read_again(page)
    expect(page.locator("#toasts")).not_to_contain_text(said)


def test_in_focus_mode_an_answer_that_could_not_be_sent_is_named_beside_the_next_question(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing(seconds=10)
    run_id = ask_lee(api, "Cancelled in focus, one?", timeout="20m")
    ask_lee(api, "Cancelled in focus, two?", timeout="30m")
    arrived(page, "Cancelled in focus, two?").wait_for()
    page.goto("/inbox/focus/?q=cancelled+in+focus")
    expect(page.locator("#question")).to_have_text("Cancelled in focus, one?")
    wait_for_paint(page)
    page.wait_for_timeout(GUARD_MS + 50)
    page.keyboard.press("a")
    expect(page.locator("#question")).to_have_text("Cancelled in focus, two?")
    api.post(f"/runs/{run_id}/cancellations").raise_for_status()
    toasts = page.locator("#toasts")
    said = "Cancelled in focus, one? · Your answer wasn't sent. The question closed before"
    expect(toasts).to_contain_text(said)
    toasts.get_by_role("button", name="Dismiss").click()
    read_again(page)
    page.reload()
    read_again(page)
    expect(toasts).not_to_contain_text(said)
    page.goto("/inbox/?q=cancelled+in+focus")
    notice = page.locator("#returned-answers [data-line]", has_text="Cancelled in focus, one?")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


@pytest.mark.parametrize("by", ["history", "link"])
def test_on_a_phone_the_list_moves_back_when_the_bar_goes(
    undoing: Choose, sign_in: SignIn, api: httpx.Client, by: str
) -> None:
    page = undoing(**PHONE)
    for number in (1, 2):
        ask_lee(api, f"Back by {by}, {number}?", timeout=f"{20 + number}m")
    page.goto(f"/inbox/?q=back+by+{by}")
    arrived(page, f"Back by {by}, 2?").wait_for()
    search, bar = page.locator("#inbox-search"), page.locator("#held-answers .toast")
    arrived(page, f"Back by {by}, 1?").click()
    approve(page)
    expect(page.locator("#question")).to_have_text(f"Back by {by}, 2?")
    if by == "link":
        page.get_by_role("link", name="Back to the list").click()
    else:
        page.go_back()
        expect(page.locator("#question")).to_have_text(f"Back by {by}, 1?")
        page.go_back()
    expect(search).to_be_visible()
    below = box_of(search)["y"]
    assert box_of(bar)["y"] + box_of(bar)["height"] <= below
    press(sign_in("lee").locator("#held-answers").get_by_role("button", name="Undo"))
    expect(page.locator("html[data-held]")).to_have_count(0)
    expect(bar).to_have_count(0)
    assert box_of(search)["y"] < below


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_the_bar_covers_no_control(
    undoing: Choose, sign_in: SignIn, api: httpx.Client, width: int
) -> None:
    shape = {**PHONE, "viewport": {"width": width, "height": 700}}
    page = undoing(**shape)
    word = f"Reached at {width}"
    for number in (1, 2, 3):
        ask_lee(api, f"{word}, {number}?", timeout=f"{20 + number}m")
    page.goto(f"/inbox/?q={word.replace(' ', '+')}")
    arrived(page, f"{word}, 3?").wait_for()
    arrived(page, f"{word}, 1?").click()
    for number in (2, 3):
        approve(page)
        expect(page.locator("#question")).to_have_text(f"{word}, {number}?")
    german = sign_in("lee", locale="de", **shape)
    german.goto(page.url)
    for each in (page, german):
        expect(each.locator("#held-answers button")).to_be_in_viewport(ratio=1)
        above, bar = each.locator(".bar--detail"), each.locator("#held-answers .toast")
        bottom = box_of(above)["y"] + box_of(above)["height"]
        assert box_of(bar)["y"] == pytest.approx(bottom, abs=1)
        each.wait_for_timeout(GUARD_MS + 20)
        presses(each, ":is(#detail .bar--detail, #held-answers, #answer .btns) :is(a, button)")
        each.mouse.wheel(0, 400)
        presses(each, ":is(#detail .bar--detail, #held-answers, #answer .btns) :is(a, button)")


OFFERED = [{"value": f"o{n}", "label": f"Offer {n}"} for n in range(12)]


def test_on_a_phone_nothing_moves_when_the_bar_goes(undoing: Choose, api: httpx.Client) -> None:
    page = undoing(seconds=10, **PHONE)
    page.clock.install()
    ask_lee(api, "Not moved, 1?", timeout="21m")
    select = {"mode": "select", "options": OFFERED}
    ask_lee(api, "Not moved, 2?", timeout="22m", type="review", spec=select)
    page.goto("/inbox/?q=not+moved")
    arrived(page, "Not moved, 2?").wait_for()
    arrived(page, "Not moved, 1?").click()
    approve(page)
    title = page.locator("#question")
    expect(title).to_have_text("Not moved, 2?")
    undo = page.locator("#held-answers").get_by_role("button", name="Undo")
    box, top = box_of(undo), box_of(title)["y"]
    # At the end of the page, similar decisions are loaded; there are none.
    similar = page.locator("#detail section[id^=similar-]")
    similar.scroll_into_view_if_needed()
    expect(similar).to_be_hidden()
    offer = page.locator(".choice", has_text="Offer 5")
    page.evaluate("by => scrollBy(0, by)", box_of(offer)["y"] - box["y"])
    scrolled = top - box_of(title)["y"]
    assert scrolled > 100
    stop_clock(page)
    while undo.count():
        page.clock.run_for(50)
    assert top - box_of(title)["y"] == scrolled
    # The room is given up with the question.
    page.get_by_role("link", name="Back to the list").click()
    page.locator(".row", has_text="Not moved, 2?").click()
    expect(title).to_have_text("Not moved, 2?")
    assert box_of(title)["y"] < top


def test_on_a_phone_a_bar_that_comes_by_itself_moves_nothing_in_the_form(
    undoing: Choose, sign_in: SignIn, api: httpx.Client
) -> None:
    page = undoing()
    ask_lee(api, "Not pushed, 1?", timeout="21m")
    select = {"mode": "select", "options": OFFERED}
    ask_lee(api, "Not pushed, 2?", timeout="22m", type="review", spec=select)
    phone = sign_in("lee", **PHONE)
    phone.goto("/inbox/?q=not+pushed")
    arrived(phone, "Not pushed, 2?").click()
    for scrolled in (0, 150):
        phone.evaluate("by => scrollTo(0, by)", scrolled)
        before = box_of(phone.locator(".choice", has_text="Offer 2"))
        open_item(page, "Not pushed, 1?")
        page.keyboard.press("a")
        expect(phone.locator("#held-answers")).to_contain_text("Not pushed, 1?")
        expect(phone.locator("html[data-held]")).to_be_attached()
        assert box_of(phone.locator(".choice", has_text="Offer 2")) == before
        page.keyboard.press("z")
        expect(phone.locator("#held-answers button")).to_have_count(0)
        phone.reload()


def test_a_choice_is_held_without_a_step(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    options = [{"value": value, "label": value.upper()} for value in ("a1", "b1")]
    spec = {"mode": "select", "options": options}
    run_id = ask_lee(api, "Which one, in one press?", type="review", spec=spec)
    open_item(page, "Which one, in one press?")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#held-answers")).to_contain_text(re.compile(r"Sending in \d+ s"))
    page.keyboard.press("z")
    expect(page.get_by_role("radio", name="B1")).to_be_checked()
    assert status_of(api, run_id) == "pending"


def test_a_double_press_answers_one_question(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    runs = [ask_lee(api, f"Pressed twice, {name}?") for name in ("first", "second")]
    for name in ("second", "first"):
        expect(arrived(page, f"Pressed twice, {name}?")).to_be_visible()
    page.clock.install()
    page.goto("/inbox/?q=pressed+twice")
    open_item(page, "Pressed twice, first?")
    stop_clock(page)
    page.keyboard.press("a")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Pressed twice, second?")).to_be_visible()
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text("Pressed twice, first?")
    page.clock.resume()
    second = page.locator(".row", has_text="Pressed twice, second?")
    expect(second).to_be_focused()
    expect(second).not_to_contain_text("Approving")
    page.keyboard.press("z")
    expect(page.get_by_role("heading", name="Pressed twice, first?")).to_be_visible()
    expect(page.locator(".row", has_text="Pressed twice, first?")).to_be_focused()
    assert [status_of(api, run_id) for run_id in runs] == ["pending", "pending"]


def test_keys_go_on_to_the_next_question_from_the_row_of_a_held_one(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    for name in ("one", "two", "three"):
        ask_lee(api, f"Keyed along, {name}?")
    expect(arrived(page, "Keyed along, three?")).to_be_visible()
    page.goto("/inbox/?q=keyed+along")
    page.locator(".row").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for number, name in enumerate(("one", "two", "three")):
        expect(page.locator("#question")).to_have_text(f"Keyed along, {name}?")
        page.wait_for_timeout(GUARD_MS + 20)
        page.keyboard.press("a")
        expect(page.locator("#held-answers")).to_contain_text(f"Keyed along, {name}?")
        expect(page.locator(".row", has_text="Approving")).to_have_count(number + 1)
    expect(page.locator("#detail .empty")).to_be_visible()


def test_next_leads_on_from_the_question_that_an_answer_has_led_to(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    for name in ("one", "two", "three"):
        ask_lee(api, f"Led along, {name}?")
    expect(arrived(page, "Led along, three?")).to_be_visible()
    updates = intercept(page, re.compile("/inbox/changes/"))
    sent = intercept(page, "**/respond")
    page.goto("/inbox/?q=led+along")
    open_item(page, "Led along, one?")
    # The list learns of the answer before the pane does.
    page.keyboard.press("a")
    with page.expect_request(re.compile("/inbox/changes/")):
        response = sent.first().fetch()
    sent.first().fulfill(response=response)
    expect(page.locator("#question")).to_have_text("Led along, two?")
    page.unroute(re.compile("/inbox/changes/"))
    for update in updates:
        update.continue_()
    expect(page.locator(".row", has_text="Approving")).to_have_count(1)
    page.wait_for_timeout(GUARD_MS)
    page.get_by_role("link", name="Next question").click()
    expect(page.locator("#question")).to_have_text("Led along, three?")


def test_a_default_is_not_sent_for_a_choice_that_was_too_early(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    options = [{"value": value, "label": value.upper()} for value in ("a1", "b1")]
    spec = {"mode": "select", "options": options, "default_value": "a1"}
    run_id = ask_lee(api, "Chosen a little early?", type="review", spec=spec)
    row = arrived(page, "Chosen a little early?")
    page.clock.install()
    stop_clock(page)
    row.click()
    expect(page.get_by_role("radio", name="A1")).to_be_checked()
    page.clock.run_for(200)
    page.keyboard.press("2")
    page.clock.run_for(400)
    page.keyboard.press("Control+Enter")
    expect(page.locator(HINT)).to_contain_text("Choose your answer again.")
    expect(page.locator("#held-answers")).not_to_contain_text("Chosen a little early?")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#held-answers")).to_contain_text("Chosen a little early?")
    page.clock.resume()
    page.keyboard.press("z")
    expect(page.get_by_role("radio", name="B1")).to_be_checked()
    assert status_of(api, run_id) == "pending"


def test_in_focus_mode_z_brings_the_question_back(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    for name in ("one", "two"):
        ask_lee(api, f"Undone in focus, {name}?", timeout="20m")
        expect(arrived(page, f"Undone in focus, {name}?")).to_be_visible()
    page.goto("/inbox/focus/?q=undone+in+focus")
    expect(page.locator("#focus-words")).to_have_text("1 of 2")
    wait_for_paint(page)
    page.wait_for_timeout(GUARD_MS + 50)
    page.keyboard.press("a")
    expect(page.locator("#question")).to_have_text("Undone in focus, two?")
    expect(page.locator("#held-answers")).to_contain_text("Undone in focus, one?")
    page.set_viewport_size({"width": 1440, "height": 900})
    held = box_of(page.locator(".toast--held"))
    answer = box_of(page.locator(".decide"))
    assert held["x"] + held["width"] <= answer["x"]
    page.keyboard.press("z")
    expect(page.locator("#question")).to_have_text("Undone in focus, one?")
    expect(page.locator("#focus-words")).to_have_text("1 of 2")
    expect(page).to_have_url(re.compile("/inbox/focus/"))
    expect(page.locator("#held-answers")).not_to_contain_text("Undone in focus, one?")


def test_two_clicks_answer_from_the_list(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    ask_lee(api, "Clicked twice from the list?")
    open_item(page, "Clicked twice from the list?")
    page.locator("#answer").get_by_role("button", name="Approve", exact=True).click()
    held = page.locator("#held-answers")
    expect(held).to_contain_text("Clicked twice from the list?")
    # The page with the bar, as a screen reader and with forced colours.
    assert violations(page) == []
    page.emulate_media(forced_colors="active")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert violations(page) == []
    bar = held.locator(".toast")
    outline = "element => getComputedStyle(element).borderTopStyle"
    assert bar.evaluate(outline) == held.get_by_role("button").evaluate(outline) == "solid"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Product]:
    product = Product(
        tmp_path, environment(tmp_path, "undo", installed=True) | {"ANSWER_GUARD": "undo"}
    )
    product.start()
    yield product
    product.kill()


def test_a_kill_while_it_waits_sends_it_once(own: Product) -> None:
    rina = Person(own.web, "rina")
    rina.sign_in()
    with own.api() as api:
        run_id = ask(api, "Killed while waiting?")
        item = str(interaction_of(api, run_id)["id"])
    form = await_form(rina, item)
    answer = rina.respond(item, form, value="true", comment="Before the kill")
    assert answer.status_code == 303
    os.kill(own.pid, signal.SIGKILL)
    own.wait()
    own.start()
    with own.api() as api:
        told = answered(api, run_id)
        assert told["response"]["comment"] == "Before the kill"
        assert told["responder"]["id"] == "user_rina"
    rina.web = own.web
    rina.close()


def test_questions_that_failed_in_a_batch_are_selected_only_in_a_list_that_is_loaded_then(
    undoing: Choose, sign_in: SignIn, api: httpx.Client
) -> None:
    second, sam = undoing(seconds=30), sign_in("sam")
    page = sign_in("lee")
    run = ask(api, "Kowari, 0?", target={"type": "group", "id": "change-board"}, timeout="20m")
    expect(arrived(second, "Kowari, 0?")).to_be_visible()
    for each in (page, second):
        each.goto("/inbox/?q=kowari")
    second.locator(".row-tick").check(force=True)
    second.locator("#list-select").get_by_role("button", name="Approve").click()
    second.wait_for_url("**/batches/*/")
    open_item(sam, "Kowari, 0?")
    press(second.locator(".batch-foot [type=submit]"))
    # While it is held, its row has no checkbox.
    expect(page.locator(".row-tick")).to_have_count(0)
    approve(sam)
    # Once the undo period has ended.
    expect(page.locator(".row-failed")).to_be_visible(timeout=60_000)
    expect(page.locator(".row-tick:checked")).to_have_count(0)
    page.reload()
    expect(page.locator(".row-tick:checked")).to_have_count(1)
    api.post(f"/runs/{run}/cancellations")
    page.locator("#batches").get_by_role("button", name="Dismiss").click()
    expect(page.locator("#batches").get_by_role("button")).to_have_count(0)
