"""No decision is made by accident: what has just appeared, a double tap and a closed question."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    ARMED,
    GUARD_MS,
    HINT,
    approve,
    box_of,
    intercept,
    press,
    read_again,
    stop_clock,
    type_text,
)
from tests.support.product import Product, answered, ask, interaction_of

pytestmark = pytest.mark.browser

GROUP = {"type": "group", "id": "approvers"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TYPING_MS = 60
OPTIONS = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(3)]
SELECT = {"type": "review", "spec": {"mode": "select", "options": OPTIONS}}
DEFAULT = {
    "type": "review",
    "spec": {"mode": "select", "options": OPTIONS, "default_value": "o0"},
}
READ_THE_LIST_AGAIN = """() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail.ctx?.target?.id === "inbox-list") done();
  });
  document.body.dispatchEvent(new CustomEvent("resync"));
})"""

PAINT_LATE_AND_PRESS = """() => {
  const unpainted = new CSSStyleSheet();
  unpainted.replaceSync("html { display: none }");
  document.adoptedStyleSheets = [unpainted];
  document.addEventListener("DOMContentLoaded", () => {
    setTimeout(() => { document.adoptedStyleSheets = []; }, 700);
  });
  new PerformanceObserver(() => setTimeout(() => {
    const press = { key: "a", bubbles: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", press));
    window.pressed = true;
  })).observe({ type: "paint", buffered: true });
}"""
"""A page that is shown 0.7 s after its scripts have run, and A right after that."""


def cancel(api: httpx.Client, run_id: str) -> None:
    api.post(f"/runs/{run_id}/cancellations")


def claim(page: Page) -> None:
    press(page.locator("#claiming").get_by_role("button", name="Claim"))


def is_empty_draft(request: Request) -> bool:
    return request.url.endswith("/draft") and "Half" not in (request.post_data or "")


@pytest.mark.parametrize("close", [approve, claim])
def test_a_text_field_outlives_its_question(
    sign_in: SignIn, api: httpx.Client, close: Callable[[Page], None]
) -> None:
    message = f"Who comes first to {close.__name__}?"
    rina, sam = sign_in("rina"), sign_in("sam")
    other = ask(api, "Never approved by accident?", timeout="5m")
    ask(api, message, target=GROUP)
    open_item(rina, message)
    open_item(sam, message)
    rina.keyboard.press("m")
    rina.keyboard.type("I am against", delay=TYPING_MS)
    close(sam)
    expect(rina.get_by_role("button", name="Discard")).to_be_visible()
    rina.keyboard.type(" a rash answer 1 2 3 jnan", delay=TYPING_MS)
    rina.keyboard.press("Control+Enter")

    comment = rina.get_by_label("Comment")
    expect(comment).to_be_focused()
    expect(comment).to_have_value("I am against a rash answer 1 2 3 jnan")
    expect(rina.locator("#answer-card").get_by_role("heading", name="Sam")).to_be_visible()
    expect(rina.get_by_role("button", name="Approve")).to_have_count(0)
    expect(rina.get_by_role("button", name="Copy", exact=True)).to_be_visible()
    assert interaction_of(api, other)["status"] == "pending"

    expect(rina.locator("[data-saved]")).to_contain_text("Draft saved")
    # Only the form says where its text is.
    expect(rina.locator("#detail")).not_to_contain_text("Your draft is saved")
    rina.reload()
    expect(rina.locator("#detail")).to_contain_text("1 2 3 jnan")


def test_a_field_that_was_left_after_its_question_expired_can_be_discarded(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Expired while typing?")
    open_item(page, "Expired while typing?")
    page.keyboard.press("m")
    page.keyboard.type("Half a sen")
    product.expire(interaction_of(api, run_id)["id"])
    expect(page.get_by_role("button", name="Discard")).to_be_visible()
    held = intercept(page, "**/draft", once=True)
    with page.expect_request("**/draft"):
        page.keyboard.type("tence")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Comment")).not_to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("Half a sentence")
    # While the text is still being saved.
    press(page.get_by_role("button", name="Discard"))
    expect(page.get_by_label("Comment")).to_have_count(0)
    with page.expect_response(lambda sent: is_empty_draft(sent.request)):
        held.first().continue_()
    expect(page.locator("#outcome")).to_contain_text("expired")
    expect(page.locator("#detail")).not_to_contain_text("Half a sen")
    page.reload()
    expect(page.locator("#outcome")).to_contain_text("expired")
    expect(page.locator("#detail")).not_to_contain_text("Half a sentence")


def test_a_question_that_was_answered_here_does_not_come_back_when_the_list_is_read_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Answered once and for all?")
    page.goto("/inbox/")
    open_item(page, "Answered once and for all?")
    approve(page)
    row = page.locator(".row", has_text="Answered once and for all?")
    expect(row).to_have_count(0)
    page.evaluate(READ_THE_LIST_AGAIN)
    expect(row).to_have_count(0)


def test_a_question_that_is_released_takes_the_text_up_again(
    sign_in: SignIn, api: httpx.Client
) -> None:
    rina, sam = sign_in("rina"), sign_in("sam")
    run_id = ask(api, "Claimed and released?", target=GROUP)
    open_item(rina, "Claimed and released?")
    open_item(sam, "Claimed and released?")
    rina.get_by_label("Comment").fill("Kept all along")
    claim(sam)
    expect(rina.get_by_role("button", name="Discard")).to_be_visible()
    press(sam.locator("#claiming").get_by_role("button", name="Release"))
    expect(rina.get_by_role("button", name="Discard")).to_be_hidden()
    approve(rina)
    expect(rina.locator(".row", has_text="Claimed and released?")).to_have_count(0)
    assert answered(api, run_id)["response"]["comment"] == "Kept all along"


def test_a_text_field_outlives_a_question_that_is_no_longer_there(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Deleted while typing?")
    open_item(page, "Deleted while typing?")
    page.keyboard.press("m")
    page.keyboard.type("Half a sen")
    missing = re.sub("/interactions/[^/]+/", "/interactions/int_none/", page.url)
    # With another status, for a 404 is a complaint on the console.
    page.route(
        re.compile(r"/interactions/[^/]+/(\?|$)"),
        lambda route: route.fulfill(response=route.fetch(url=missing), status=200),
    )
    page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")
    expect(page.get_by_role("button", name="Discard")).to_be_visible()
    expect(page.get_by_role("heading", name="Deleted while typing?")).to_have_count(0)
    page.keyboard.type("tence")
    expect(page.get_by_label("Comment")).to_have_value("Half a sentence")
    page.unroute_all(behavior="ignoreErrors")


def test_a_row_that_is_opened_while_an_answer_is_on_its_way_is_shown(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    for name in ("answered", "next", "opened"):
        ask(api, f"On its way, {name}?")
    expect(arrived(page, "On its way, opened?")).to_be_visible()
    page.goto("/inbox/?q=on+its+way")
    open_item(page, "On its way, answered?")
    row = page.locator(".row", has_text="On its way, opened?")
    opened = re.compile(rf"/interactions/{row.get_attribute('data-interaction-id')}/\?")
    held = intercept(page, re.compile("/respond$"))
    with page.expect_request(re.compile("/respond$")):
        approve(page)
    following = intercept(page, opened)
    with page.expect_request(opened):
        row.click()
    held.first().continue_()
    expect(page.locator("#question")).to_have_text("On its way, next?")
    following.first().continue_()
    expect(page.locator("#question")).to_have_text("On its way, opened?")
    page.wait_for_url(opened)


def test_a_field_takes_no_text_while_its_answer_is_on_its_way(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Typed while sending?")
    open_item(page, "Typed while sending?")
    comment = page.get_by_label("Comment")
    comment.fill("Sent")
    held = intercept(page, re.compile("/respond$"))
    with page.expect_request(re.compile("/respond$")):
        approve(page)
    comment.click()
    page.keyboard.type(" and lost")
    expect(comment).to_have_value("Sent")
    held.first().fulfill(status=409)
    expect(page.get_by_role("button", name="Check the question")).to_be_visible()
    comment.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" or not")
    expect(comment).to_have_value("Sent or not")


@pytest.mark.parametrize("width", [1440, 390])
def test_after_the_last_answer_the_focus_is_where_the_reader_goes_on(
    sign_in: SignIn, api: httpx.Client, width: int
) -> None:
    page = sign_in("rina", viewport={"width": width, "height": 844})
    ask(api, f"The last one at {width}?")
    expect(arrived(page, f"The last one at {width}?")).to_be_visible()
    page.goto(f"/inbox/?q=the+last+one+at+{width}")
    open_item(page, f"The last one at {width}?")
    approve(page)
    page.wait_for_url(f"**/inbox/?q=the+last+one+at+{width}")
    expect(page.locator("#inbox-list")).to_be_focused()
    expect(page.get_by_role("heading", name="Select a question")).to_have_count(0)


@pytest.mark.parametrize("suggested", [True, False])
def test_approve_and_reject_keep_their_places_whatever_is_suggested(
    sign_in: SignIn, api: httpx.Client, suggested: bool
) -> None:
    page = sign_in("rina")
    message = f"Suggested {suggested}?"
    ask(api, message, spec={"mode": "confirm", "default_confirmed": suggested})
    open_item(page, message)
    approval = page.get_by_role("button", name="Approve", exact=True)
    rejection = page.get_by_role("button", name="Reject", exact=True)
    words = "Suggested by the workflow: " + ("Approve" if suggested else "Reject")
    expect(approval if suggested else rejection).to_have_accessible_description(words)
    expect(rejection if suggested else approval).to_have_accessible_description("")
    expect(page.get_by_text(words)).to_be_visible()
    left, right = box_of(approval), box_of(rejection)
    assert left["x"] < right["x"]


def test_key_letters_are_no_part_of_a_name(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Named without letters?", target=GROUP)
    open_item(page, "Named without letters?")
    for name, key in (("Approve", "a"), ("Reject", "r"), ("Claim", "c")):
        button = page.locator("#detail").get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-keyshortcuts", key)
    expect(page.get_by_role("searchbox", name="Search questions", exact=True)).to_be_visible()


def test_errors_from_the_server_stay_while_the_question_reloads_itself(
    sign_in: SignIn, api: httpx.Client
) -> None:
    message = "Sent without an answer?"
    options = [{"value": "now", "label": "Now"}, {"value": "later", "label": "Later"}]
    ask(api, message, type="input", spec={"mode": "select", "options": options})
    rina = sign_in("rina")
    open_item(rina, message)
    press(rina.get_by_role("button", name="Send answer"))
    summary, error = rina.locator("#answer-errors"), rina.locator("#answer-value-error")
    for _ in range(2):
        expect(summary).to_contain_text("one thing to fix")
        expect(error).to_be_visible()
        read_again(rina)
    rina.get_by_role("radio", name="Later").check()
    expect(error).to_be_hidden()


def test_a_question_that_has_just_appeared_takes_no_answer(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Just shown?")
    row = arrived(page, "Just shown?")
    page.clock.install()
    stop_clock(page)
    row.click()
    approval = page.get_by_role("button", name="Approve", exact=True)
    expect(approval).to_be_enabled()
    expect(page.locator("#answer")).to_have_attribute("data-fresh", "")
    page.clock.run_for(GUARD_MS - 50)
    approval.click()
    for key in ("a", "r", "Control+Enter"):
        page.keyboard.press(key)
    # A press counts from its beginning.
    approval.hover()
    page.mouse.down()
    page.clock.run_for(100)
    page.mouse.up()
    expect(page.locator(ARMED)).to_have_count(0)
    page.keyboard.press("r")
    expect(page.get_by_role("group", name="Reject “Just shown”?")).to_be_visible()


@pytest.mark.parametrize("by", ["key", "tap"])
def test_an_option_that_was_chosen_too_early_is_asked_for_again(
    sign_in: SignIn, api: httpx.Client, by: str
) -> None:
    page = sign_in("rina", **(PHONE if by == "tap" else {}))
    ask(api, f"Chosen too early, by {by}?", **DEFAULT)
    row = arrived(page, f"Chosen too early, by {by}?")
    page.clock.install()
    stop_clock(page)
    row.click()
    suggested, other = (page.get_by_role("radio", name=f"Choice {n}") for n in (0, 1))
    expect(suggested).to_be_checked()

    def choose() -> None:
        if by == "tap":
            page.get_by_text("Choice 1", exact=True).tap()
        else:
            page.keyboard.press("2")

    def send() -> None:
        if by == "tap":
            page.get_by_role("button", name="Send answer").tap()
        else:
            page.keyboard.press("Control+Enter")

    choose()
    page.clock.run_for(GUARD_MS + 20)
    send()
    expect(page.locator(HINT)).to_have_text("Choose your answer again.")
    expect(suggested).to_be_checked()
    expect(page.locator(ARMED)).to_have_count(0)
    choose()
    expect(page.locator(HINT)).to_have_text("")
    expect(other).to_be_checked()
    send()
    expect(page.locator(ARMED)).to_be_visible()


def test_a_page_that_has_been_loaded_counts_from_when_it_is_painted(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Is the tarsier painted late?")
    open_item(page, "Is the tarsier painted late?")
    page.add_init_script(f"({PAINT_LATE_AND_PRESS})()")
    page.reload()
    page.wait_for_function("() => window.pressed")
    expect(page.locator(ARMED)).to_have_count(0)


def test_a_question_that_changes_while_it_is_open_asks_for_the_answer_again(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Does the ocelot change?", **DEFAULT)
    open_item(page, "Does the ocelot change?")
    with page.expect_response(re.compile("/draft$")):
        press(page.locator(".choice", has_text="Choice 1"))
    id_ = interaction_of(api, run_id)["id"]
    first = "item.questions[0]['options'].insert(0, {'value': 'new', 'label': 'New choice'})"
    product.manage(
        "shell",
        "-c",
        f"item = Interaction.objects.get(mobius_id='{id_}'); {first}; item.save()",
    )
    read_again(page)
    expect(page.get_by_role("radio", name="New choice")).not_to_be_checked()
    expect(page.get_by_role("radio", name="Choice 1")).to_be_checked()
    expect(page.locator(HINT)).to_contain_text("This question has just changed.")
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_focused()
    expect(page.locator(ARMED)).to_have_count(0)
    page.keyboard.press("3")
    page.keyboard.press("Control+Enter")
    expect(page.locator(ARMED)).to_be_visible()


def test_a_double_tap_claims_and_does_not_release(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina", **PHONE)
    run_id = ask(api, "Claimed by a double tap?", target=GROUP)
    page.clock.install()
    open_item(page, "Claimed by a double tap?")
    page.wait_for_timeout(GUARD_MS)
    stop_clock(page)
    buttons = page.locator("#claiming").get_by_role("button")
    buttons.tap()
    expect(buttons).to_have_accessible_name("Release")
    page.clock.run_for(GUARD_MS - 50)
    buttons.tap()
    page.clock.run_for(100)
    assert interaction_of(api, run_id)["claimed_by"] == "user_rina"
    with page.expect_response(re.compile("/release$")):
        buttons.tap()
    assert interaction_of(api, run_id)["claimed_by"] is None


def test_taps_in_one_place_answer_nothing_and_a_double_tap_sends_one_answer(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina", **PHONE)
    runs = [ask(api, f"Tapped twice, {part}?", timeout="4m") for part in ("one", "two")]
    expect(arrived(page, "Tapped twice, two?")).to_be_visible()
    page.goto("/inbox/?q=tapped+twice")
    open_item(page, "Tapped twice, one?")
    page.wait_for_timeout(GUARD_MS)
    approval = box_of(page.get_by_role("button", name="Approve", exact=True))
    for _ in range(5):
        page.touchscreen.tap(approval["x"] + 20, approval["y"] + 20)
        page.wait_for_timeout(GUARD_MS + 20)
    assert interaction_of(api, runs[0])["status"] == "pending"
    sure = page.locator(f"{ARMED} [data-confirms]")
    expect(sure).to_be_visible()
    area = box_of(sure)
    with page.expect_response(re.compile("/respond$")):
        for _ in range(2):
            page.touchscreen.tap(area["x"] + 20, area["y"] + 20)
    expect(page.locator("#question")).to_have_text("Tapped twice, two?")
    expect(page.locator(ARMED)).to_have_count(0)
    assert answered(api, runs[0])["response"]["value"] is True
    assert interaction_of(api, runs[1])["status"] == "pending"


def test_the_error_of_a_missing_reason_goes_once_there_is_text_or_another_answer(
    sign_in: SignIn, api: httpx.Client
) -> None:
    message = "Marked only beside its error?"
    ask(api, message, context={"require_reason_on_reject": True})
    page = sign_in("rina")
    open_item(page, message)
    comment, error = page.get_by_label("Comment"), page.locator("#answer-comment-error")
    reject = page.get_by_role("button", name="Reject", exact=True)
    press(reject)
    expect(error).to_be_visible()
    read_again(page)
    expect(error).to_be_visible()
    expect(comment).to_have_attribute("aria-invalid", "true")
    comment.fill("Too")
    expect(error).to_be_hidden()
    expect(comment).not_to_have_attribute("aria-invalid", "true")
    comment.fill("")
    press(reject)
    expect(error).to_be_visible()
    press(page.get_by_role("button", name="Approve", exact=True))
    expect(page.locator(ARMED)).to_be_visible()
    expect(error).to_be_hidden()
    expect(comment).not_to_have_attribute("aria-invalid", "true")


def test_a_letter_after_g_leads_to_a_page_and_answers_nothing(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.clock.install()
    ask(api, "Left for the runs?")
    open_item(page, "Left for the runs?")
    page.clock.run_for(GUARD_MS + 20)
    stop_clock(page)
    type_text(page, "ga", 1500)
    expect(page.locator(ARMED)).to_have_count(0)
    type_text(page, "gr", TYPING_MS)
    page.wait_for_url("**/runs/")


def test_keys_that_answer_only_open_a_row_that_is_marked(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Marked, a first?", timeout="10m")
    ask(api, "Marked, b second?", timeout="11m", **SELECT)
    claimed = ask(api, "Marked, c third?", timeout="12m", target=GROUP)
    expect(arrived(page, "Marked, c third?")).to_be_visible()
    page.goto("/inbox/?q=marked")
    page.evaluate("document.body.dataset.preview = 'off'")
    open_item(page, "Marked, a first?")
    heading, third = page.locator("#question"), page.locator(".row", has_text="Marked, c third?")
    page.wait_for_timeout(GUARD_MS + 20)
    for key in ("j", "j", "c"):
        page.keyboard.press(key)
    expect(third.get_by_role("img", name="You")).to_be_visible()
    expect(heading).to_have_text("Marked, a first?")
    assert interaction_of(api, claimed)["claimed_by"] == "user_rina"
    page.keyboard.press("k")
    page.keyboard.press("1")
    expect(heading).to_have_text("Marked, b second?")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    third.focus()
    page.keyboard.press("a")
    expect(heading).to_have_text("Marked, c third?")
    expect(page.locator(ARMED)).to_have_count(0)
    page.locator(".row", has_text="Marked, a first?").focus()
    page.keyboard.press("m")
    expect(heading).to_have_text("Marked, a first?")
    expect(page.get_by_label("Comment")).to_be_focused()


def test_enter_goes_on_where_the_text_ends(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    spec = {"mode": "input", "multiline": True, "default_text": "As before"}
    ask(api, "Anything to add?", type="input", spec=spec)
    open_item(page, "Anything to add?")
    page.keyboard.press("Enter")
    page.keyboard.type(", and more")
    expect(page.locator("#answer [name=value]")).to_have_value("As before, and more")
