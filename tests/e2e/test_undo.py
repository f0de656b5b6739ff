"""Send with undo, in a browser."""

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
from tests.fixtures_engine import Project
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.pages import (
    ANSWER_GUARD_MS,
    HINT,
    STEP_GUARD_MS,
    approve,
    box_of,
    intercept,
    press,
    presses,
    read_again,
    stop_clock,
    type_text,
    wait_for_paint,
)
from tests.support.product import Product, answered, ask, interaction_of
from tests.support.scripted_server import ScriptedServer

pytestmark = pytest.mark.browser

PASSWORD = "a quiet harbour"
SUGGESTED = {"type": "input", "spec": {"mode": "input", "default_text": "As before"}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

PRESS_Z_FOR_EACH_BAR = """() => {
  const seen = new Set();
  const place = document.getElementById("held-answers");
  new MutationObserver(() => {
    const id = place.querySelector(".toast--held")?.id;
    if (!id || seen.has(id)) return;
    seen.add(id);
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "z", bubbles: true }));
  }).observe(place, { childList: true, subtree: true });
}"""
"""Presses Z at the moment at which a bar is there."""


def ask_lee(api: httpx.Client, message: str, **fields: object) -> str:
    return ask(api, message, target={"type": "user", "id": "user_lee"}, **fields)


def open_item(page: Page, message: str) -> None:
    arrivals.open_item(page, message)
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)


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


def test_z_is_a_letter_while_typing(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    run_id = ask_lee(api, "Zero zebras?")
    ask_lee(api, "Jazz afterwards?")
    open_item(page, "Zero zebras?")
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text("Zero zebras?")
    open_item(page, "Jazz afterwards?")
    page.keyboard.press("m")
    page.keyboard.type("zzz")
    expect(page.get_by_label("Comment")).to_have_value("zzz")
    expect(page.locator("#held-answers")).to_contain_text("Approving")
    page.locator("#held-answers").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Zero zebras?")).to_be_visible()
    assert status_of(api, run_id) == "pending"


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
    # A second undo counts once it can't be a repeated press of the first.
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.keyboard.press("z")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    assert status_of(api, run_id) == "pending"


def test_a_second_press_of_z_takes_back_no_earlier_answer(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    undos = intercept(page, "**/undo")
    page.clock.install()
    page.goto("/inbox/")
    for name in ("one", "two"):
        ask_lee(api, f"Taken back {name}?")
        open_item(page, f"Taken back {name}?")
        page.keyboard.press("a")
        expect(page.locator("#held-answers")).to_contain_text(f"Taken back {name}?")
    stop_clock(page)
    with page.expect_request("**/undo"):
        page.keyboard.press("z")
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    page.keyboard.press("z")
    undos.first().continue_()
    expect(page.locator("#toasts")).to_contain_text("Your answer to “Taken back two?” wasn't sent.")
    expect(page.locator("#held-answers")).to_contain_text("Taken back one?")
    page.keyboard.press("z")
    read_again(page)
    assert len(undos) == 1
    page.clock.run_for(2 * ANSWER_GUARD_MS)
    page.unroute("**/undo")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Your answer to “Taken back one?” wasn't sent.")


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
    page.keyboard.press("z")
    expect(page.locator("#question")).to_have_text("First snoozed?")
    expect(bar).to_contain_text("First answered?")
    expect(key).to_be_visible()
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.keyboard.press("z")
    expect(toast).to_contain_text("Your answer to “First answered?” wasn't sent.")


def test_a_tap_where_the_bar_has_just_appeared_takes_nothing_back(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing(**PHONE)
    page.clock.install()
    page.goto("/inbox/")
    ask_lee(api, "Under the thumb?")
    open_item(page, "Under the thumb?")
    press(page.get_by_role("button", name="Approve", exact=True))
    sure = page.get_by_role("button", name="Yes, approve")
    sure.wait_for()
    stop_clock(page)
    sure.tap()
    bar = page.locator("#held-answers")
    expect(bar).to_contain_text("Under the thumb?")
    undos = []
    page.on(
        "request", lambda request: undos.append(request.url) if "/undo" in request.url else None
    )
    undo = bar.get_by_role("button", name="Undo")
    bar.get_by_role("link", name="Under the thumb?").tap()
    before = box_of(undo)
    undo.tap()
    expect(bar).to_contain_text("That was too soon. Press Undo again.")
    assert box_of(undo) == before
    read_again(page)
    assert undos == []
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    bar.get_by_role("button", name="Undo").tap()
    expect(page.locator("#toasts")).to_contain_text(
        "Your answer to “Under the thumb?” wasn't sent."
    )


def test_a_click_takes_back_at_once_unless_the_mouse_was_there_already(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    page.clock.install()
    page.goto("/inbox/")
    ask_lee(api, "Clicked by a dugong?")
    open_item(page, "Clicked by a dugong?")
    bar = page.locator("#held-answers")
    undo = bar.get_by_role("button", name="Undo")
    toast = page.locator("#toasts")
    taken_back = "Your answer to “Clicked by a dugong?” wasn't sent."
    stop_clock(page)
    page.locator("#answer").get_by_role("button", name="Approve", exact=True).click()
    box = box_of(undo)
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    page.mouse.click(**place)
    expect(toast).to_contain_text(taken_back)

    # With the mouse where the bar appears, only a click after a while counts.
    page.clock.run_for(2_000)
    toast.get_by_role("button", name="Dismiss").click()
    page.mouse.move(**place)
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    page.keyboard.press("a")
    expect(bar).to_contain_text("Clicked by a dugong?")
    page.mouse.click(**place)
    read_again(page)
    expect(bar).to_contain_text("That was too soon. Press Undo again.")
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    page.mouse.click(**place)
    expect(toast).to_contain_text(taken_back)


def test_it_is_sent_although_the_tab_is_closed(undoing: Choose, api: httpx.Client) -> None:
    page = undoing(seconds=10)
    run_id = ask_lee(api, "Sent by itself?")
    open_item(page, "Sent by itself?")
    page.keyboard.press("r")
    expect(page.locator("#held-answers")).to_contain_text(re.compile(r"Rejecting in \d+ s"))
    assert status_of(api, run_id) == "pending"
    page.context.close()
    assert answered(api, run_id)["response"]["value"] is False


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


def test_a_bar_that_has_just_come_by_itself_ignores_z(
    undoing: Choose, sign_in: SignIn, api: httpx.Client
) -> None:
    page, elsewhere = undoing(), sign_in("lee")
    expect(page.locator("#freshness")).to_have_text("Live")
    bar = page.locator("#held-answers")
    undos: list[str] = []
    page.on(
        "request", lambda request: undos.append(request.url) if "/undo" in request.url else None
    )
    page.evaluate(PRESS_Z_FOR_EACH_BAR)
    for name in ("by itself", "in its place"):
        ask_lee(api, f"Shown {name}?")
        open_item(elsewhere, f"Shown {name}?")
        elsewhere.keyboard.press("a")
        expect(bar).to_contain_text(f"Shown {name}?")
        page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Your answer to “Shown in its place?”")
    assert len(undos) == 1
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Your answer to “Shown by itself?”")


def test_a_key_pressed_while_an_answer_is_sent_does_not_undo_the_one_before(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    undos: list[str] = []
    page.on(
        "request", lambda request: undos.append(request.url) if "/undo" in request.url else None
    )
    bar = page.locator("#held-answers")
    for name in ("one before", "one after"):
        ask_lee(api, f"Undone, the {name}?")
    open_item(page, "Undone, the one before?")
    page.keyboard.press("a")
    expect(bar).to_contain_text("Undone, the one before?")
    open_item(page, "Undone, the one after?")
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    sent = intercept(page, "**/respond")
    with page.expect_request("**/respond"):
        page.keyboard.press("a")
    page.keyboard.press("z")
    page.evaluate("fetch('/healthz').then((response) => response.text())")
    assert undos == []
    sent.first().continue_()
    expect(bar).to_contain_text("Undone, the one after?")
    for name in ("after", "before"):
        page.keyboard.press("z")
        expect(page.locator("#toasts")).to_contain_text(f"Undone, the one {name}?")
        page.wait_for_timeout(ANSWER_GUARD_MS + 20)


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
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
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


def test_undoing_too_late_shows_the_actual_state(undoing: Choose, api: httpx.Client) -> None:
    page = undoing(seconds=5)
    run_id = ask_lee(api, "Too late to undo?")
    open_item(page, "Too late to undo?")
    # The page is not told that the answer was sent.
    page.route("**/held/", lambda route: route.fulfill(status=204))
    page.keyboard.press("a")
    answered(api, run_id)
    # A question that closes while it is open is read again, without what this test waits for.
    expect(page.locator("[data-over]", has_text="Too late to undo?")).to_be_visible()
    expect(page.locator("#held-answers")).to_contain_text("Sending…")
    page.keyboard.press("z")
    said = page.locator("#toasts")
    expect(said).to_contain_text("It's too late to undo this")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    expect(page.locator("#outcome")).to_contain_text("You answered this")
    expect(said).to_contain_text("It's too late to undo this")


@pytest.mark.parametrize(
    ("fields", "buttons", "held"),
    [
        ({}, ("Approve", "Yes, approve"), "Approving"),
        (SUGGESTED, ("Send answer", "Yes, send"), "Sending"),
    ],
    ids=["approval", "text"],
)
def test_on_a_phone_it_asks_first_as_well(
    undoing: Choose,
    api: httpx.Client,
    fields: dict[str, object],
    buttons: tuple[str, str],
    held: str,
) -> None:
    page = undoing(**PHONE)
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    message = f"{held} by a thumb?"
    run_id = ask_lee(api, message, **fields)
    arrived(page, message).tap()
    answer = page.locator("#answer").get_by_role("button", name=buttons[0], exact=True)
    answer.wait_for()
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    answer.tap()
    sure = page.get_by_role("button", name=buttons[1])
    sure.wait_for()
    page.wait_for_timeout(STEP_GUARD_MS + 20)
    sure.tap()
    expect(page.locator("#held-answers")).to_contain_text(re.compile(rf"{held} in \d+ s"))
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.locator("#held-answers").get_by_role("button", name="Undo").tap()
    expect(page.get_by_role("heading", name=message)).to_be_visible()
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
    page.wait_for_timeout(ANSWER_GUARD_MS + 50)
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
        each.wait_for_timeout(ANSWER_GUARD_MS + 20)
        presses(each, ":is(#detail .bar--detail, #held-answers, #answer .btns) :is(a, button)")
        each.mouse.wheel(0, 400)
        presses(each, ":is(#detail .bar--detail, #held-answers, #answer .btns) :is(a, button)")


OFFERED = [{"value": f"o{n}", "label": f"Offer {n}"} for n in range(12)]


def test_on_a_phone_nothing_moves_when_the_bar_goes_and_a_late_press_does_nothing(
    undoing: Choose, api: httpx.Client
) -> None:
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
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    offer = page.locator(".choice", has_text="Offer 5")
    page.evaluate("by => scrollBy(0, by)", box_of(offer)["y"] + 10 - y)
    scrolled = top - box_of(title)["y"]
    assert scrolled > 100
    stop_clock(page)
    while undo.count():
        page.clock.run_for(50)
    assert top - box_of(title)["y"] == scrolled
    chosen = offer.get_by_role("radio")
    page.touchscreen.tap(x, y)
    expect(chosen).not_to_be_checked()
    page.clock.run_for(ANSWER_GUARD_MS + 20)
    page.touchscreen.tap(x, y)
    expect(chosen).to_be_checked()
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


@pytest.mark.parametrize(
    "fields", [{"context": {"confirm": "always"}}, {"timeout": "70s"}], ids=["always", "soon"]
)
def test_an_answer_that_must_be_confirmed_is_confirmed_and_sent_at_once(
    undoing: Choose, api: httpx.Client, fields: dict[str, object]
) -> None:
    page = undoing()
    message = f"Asked all the same, {len(str(fields))}?"
    run_id = ask_lee(api, message, **fields)
    open_item(page, message)
    page.keyboard.press("a")
    page.locator("[data-step]").wait_for()
    assert status_of(api, run_id) == "pending"
    page.wait_for_timeout(STEP_GUARD_MS + 20)
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_contain_text("Approved.")
    assert status_of(api, run_id) == "completed"


def test_a_choice_that_must_be_asked_is_asked_too(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    options = [{"value": value, "label": value.upper()} for value in ("a1", "b1")]
    spec = {"mode": "select", "options": options}
    always = {"confirm": "always"}
    run_id = ask_lee(api, "Which one, surely?", type="review", spec=spec, context=always)
    open_item(page, "Which one, surely?")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    step = page.get_by_role("group", name="Send your answer to “Which one, surely”?")
    expect(step).to_contain_text("Your answer: B1")
    page.wait_for_timeout(STEP_GUARD_MS + 20)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Answer sent: “B1”")
    assert answered(api, run_id)["response"]["value"] == "b1"


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


@pytest.mark.parametrize("focus", [False, True], ids=["beside the list", "focus mode"])
def test_next_pressed_while_the_page_moves_on_skips_no_question(
    undoing: Choose, api: httpx.Client, focus: bool
) -> None:
    page = undoing()
    page.clock.install()
    word = f"Passed over {focus}"
    for number in (1, 2, 3):
        ask_lee(api, f"{word}, {number}?", timeout=f"{20 + number}m")
    query = f"?q={word.replace(' ', '+')}"
    page.goto(f"/inbox/{query}")
    arrived(page, f"{word}, 3?").wait_for()
    if focus:
        page.goto(f"/inbox/focus/{query}")
    else:
        arrived(page, f"{word}, 1?").click()
    title, following = page.locator("#question"), page.locator("#detail [data-key=j]")
    expect(title).to_have_text(f"{word}, 1?")
    wait_for_paint(page)
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    stop_clock(page)
    page.keyboard.press("a")
    expect(title).to_have_text(f"{word}, 2?")
    page.clock.run_for(ANSWER_GUARD_MS - 50)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    address = following.get_attribute("href")
    following.click()
    read_again(page)
    assert [url for url in requests if address and url.endswith(address)] == []
    expect(title).to_have_text(f"{word}, 2?")
    page.clock.run_for(100)
    following.click()
    expect(title).to_have_text(f"{word}, 3?")


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
        page.wait_for_timeout(ANSWER_GUARD_MS + 20)
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
    page.wait_for_timeout(ANSWER_GUARD_MS)
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


def test_the_next_open_question_is_not_one_whose_answer_is_held(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    runs = {
        name: ask_lee(api, f"Led past, {name}?", timeout=f"{20 + place}m")
        for place, name in enumerate(("held", "closed", "open"))
    }
    expect(arrived(page, "Led past, open?")).to_be_visible()
    page.goto("/inbox/?q=led+past")
    open_item(page, "Led past, held?")
    page.keyboard.press("a")
    heading = page.locator("#question")
    expect(heading).to_have_text("Led past, closed?")
    expect(page.locator("#held-answers")).to_contain_text("Led past, held?")
    closed = interaction_of(api, runs["closed"])["id"]
    api.post(f"/interactions/{closed}/respond", json={"value": True})
    expect(page.locator("#outcome").get_by_role("link", name="Next open question")).to_be_visible()
    page.keyboard.press("n")
    expect(heading).to_have_text("Led past, open?")


def test_continuous_typing_answers_nothing(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    page.clock.install()
    run_id = ask_lee(api, "Typed past the field?")
    open_item(page, "Typed past the field?")
    stop_clock(page)
    type_text(page, "what a surprise", 60)
    page.clock.run_for(2000)
    expect(page.locator("#held-answers")).not_to_contain_text("Typed past the field?")
    expect(page.get_by_role("heading", name="Typed past the field?")).to_be_visible()
    assert status_of(api, run_id) == "pending"


def test_without_scripts_it_is_undone_by_its_button(undoing: Choose, api: httpx.Client) -> None:
    with_scripts = undoing()
    run_id = ask_lee(api, "Undone without scripts?")
    expect(arrived(with_scripts, "Undone without scripts?")).to_be_visible()
    with_scripts.context.close()
    page = undoing(java_script_enabled=False)
    page.goto(f"/interactions/{interaction_of(api, run_id)['id']}/")
    page.get_by_label("Comment").fill("Typed without scripts")
    page.locator("#answer").get_by_role("button", name="Approve").click()
    # Those of other tests may still be waiting.
    expect(page.locator("#held-answers")).to_contain_text("Undone without scripts?")
    page.locator("#held-answers").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Undone without scripts?")).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Typed without scripts")
    assert status_of(api, run_id) == "pending"


def test_in_focus_mode_z_brings_the_question_back(undoing: Choose, api: httpx.Client) -> None:
    page = undoing()
    for name in ("one", "two"):
        ask_lee(api, f"Undone in focus, {name}?", timeout="20m")
        expect(arrived(page, f"Undone in focus, {name}?")).to_be_visible()
    page.goto("/inbox/focus/?q=undone+in+focus")
    expect(page.locator("#focus-words")).to_have_text("1 of 2")
    wait_for_paint(page)
    page.wait_for_timeout(ANSWER_GUARD_MS + 50)
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


def test_in_focus_mode_without_scripts_undo_stays_there(undoing: Choose, api: httpx.Client) -> None:
    with_scripts = undoing()
    for name in ("one", "two"):
        ask_lee(api, f"Plainly undone, {name}?", timeout="20m")
        expect(arrived(with_scripts, f"Plainly undone, {name}?")).to_be_visible()
    with_scripts.context.close()
    page = undoing(java_script_enabled=False)
    page.goto("/inbox/focus/?q=plainly+undone")
    page.locator("#answer").get_by_role("button", name="Approve").click()
    expect(page.locator("#question")).to_have_text("Plainly undone, two?")
    page.locator("#held-answers").get_by_role("button", name="Undo").click()
    expect(page.locator("#question")).to_have_text("Plainly undone, one?")
    expect(page).to_have_url(re.compile("/inbox/focus/"))


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


def test_someone_else_was_first(undoing: Choose, sign_in: SignIn, api: httpx.Client) -> None:
    page, sam = undoing(), sign_in("sam")
    run_id = ask(api, "Who was first?", target={"type": "group", "id": "approvers"})
    open_item(sam, "Who was first?")
    open_item(page, "Who was first?")
    page.get_by_label("Comment").fill("Mine")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text("Who was first?")
    press(sam.locator("#answer").get_by_role("button", name="Reject", exact=True))
    press(sam.get_by_role("button", name="Yes, reject"), STEP_GUARD_MS)
    expect(sam.locator("#toasts")).to_contain_text("Rejected.")
    # At once, not after a minute.
    notice = page.locator("#returned-answers [data-line]", has_text="Who was first?")
    expect(notice).to_contain_text("Your answer wasn't sent")
    expect(page.locator("#toasts")).not_to_contain_text("Who was first?")
    expect(page.locator("#held-answers")).not_to_contain_text("Who was first?")
    notice.get_by_role("link", name="Open").click()
    expect(page.locator("#outcome")).to_contain_text("Sam answered this")
    expect(page.locator("#kept-text")).to_contain_text("Mine")
    expect(notice).to_have_count(0)
    assert answered(api, run_id)["response"]["value"] is False


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Product]:
    """A product that a test may kill."""
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


@pytest.fixture
def relay(project: Project) -> Iterator[ScriptedServer]:
    with ScriptedServer(upstream=project.base_url) as between:
        yield between


@pytest.fixture
def beside(tmp_path: Path, project: Project, relay: ScriptedServer) -> Iterator[Product]:
    """A product whose Mobius can go away."""
    upstream = {
        "MOBIUS_BASE_URL": relay.base_url,
        "MOBIUS_PROJECT": project.handle,
        "MOBIUS_API_KEY": project.service_key,
        "ANSWER_GUARD": "undo",
        "UNDO_SECONDS": "15",
    }
    product = Product(tmp_path, environment(tmp_path, "undo_beside", installed=True) | upstream)
    person = ("rina", "--mobius-id", "user_rina", "--password-stdin")
    product.manage("add_person", *person, told=f"{PASSWORD}\n")
    product.start()
    yield product
    product.kill()


def test_while_mobius_is_away_it_comes_back(
    beside: Product, project: Project, relay: ScriptedServer, browser: object
) -> None:
    context = browser.new_context(base_url=beside.web)  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")
    page.goto("/account/")
    page.get_by_role("textbox", name="Member token").fill(project.tokens["user_rina"])
    page.get_by_role("button", name="Check and save").click()
    expect(page.locator("#token")).to_contain_text("user_rina")
    page.goto("/inbox/")
    asked = project.ask(message="Sent into the void?", spec={"mode": "confirm"})
    open_item(page, "Sent into the void?")
    page.get_by_label("Comment").fill("Into the void")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#held-answers")).to_contain_text("Approving")
    relay.refuse()
    notice = page.locator("#returned-answers")
    expect(notice).to_contain_text("Mobius couldn't be reached.")
    expect(page.locator("#count-notices")).to_contain_text("1")
    relay.listen()
    notice.get_by_role("link", name="Open").click()
    expect(page.locator("#returned")).to_contain_text("Your answer wasn't sent")
    expect(page.get_by_label("Comment")).to_have_value("Into the void")
    told = project.http.get(f"interactions/{asked['id']}").json()
    assert told["status"] == "pending"
    context.close()


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
    press(second.locator(".batch-foot [type=submit]"), ANSWER_GUARD_MS)
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
